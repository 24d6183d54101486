import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import {
  evaluationResult,
  predictionResult,
  type EvaluationResult,
  type Part,
  type PredictionResult,
} from '../../src-main/contract'
import { api, pathOf } from '../api'
import { useJobs } from './jobs'

/** A file of raw rows, as main finds it. */
export interface RawFile {
  path: string
  name: string
}

/** What runs are worth on held-out or new rows: the last evaluation and prediction of each, as long as the window lives. */
export const useEvaluating = defineStore('evaluating', () => {
  const jobs = useJobs()
  const evaluations = shallowRef<ReadonlyMap<string, EvaluationResult>>(new Map())
  const predictions = shallowRef<ReadonlyMap<string, PredictionResult>>(new Map())

  /** Finds chosen files on main's machine; in served mode they are uploaded first. */
  const bring = (files: readonly File[]): Promise<RawFile[]> =>
    Promise.all(files.map(async (file) => ({ path: await pathOf(file), name: file.name })))

  /** Measures a run on a part, or on raw files with the target in them. */
  async function evaluate(
    run: string,
    part: Part | null,
    data: readonly string[],
    slices: readonly string[],
  ): Promise<void> {
    const { job } = await api.evaluation.evaluate({ run, part, data: [...data], slices: [...slices] })
    const { result } = await jobs.finished(job)
    evaluations.value = new Map(evaluations.value).set(run, evaluationResult.parse(result))
  }

  /** Writes raw rows with a prediction each. */
  async function predict(run: string, data: readonly string[], out: string, force: boolean): Promise<void> {
    const { job } = await api.evaluation.predict({ run, data: [...data], out, force })
    const { result } = await jobs.finished(job)
    predictions.value = new Map(predictions.value).set(run, predictionResult.parse(result))
  }

  return { evaluations, predictions, bring, evaluate, predict }
})
