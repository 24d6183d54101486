import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { type RunDetail, type RunSummary, type TrainOverrides } from '../../src-main/contract'
import { api } from '../api'
import { appendSteps } from '../charts/curve'
import { type Projection } from './projection'

const activeStates: readonly string[] = ['starting', 'running', 'stopping']
/** Lines kept of a run's log in the window; the file has all of them. */
const keptLogLines = 2000

/** The project's runs, and in full those that the window has looked at. */
export const useRuns = defineStore('runs', () => {
  const list = shallowRef<readonly RunSummary[]>([])
  const details = shallowRef<ReadonlyMap<string, RunDetail>>(new Map())

  const active = computed(() => list.value.find((run) => activeStates.includes(run.status)) ?? null)
  /** The newest run that has weights to show or export. */
  const lastFinished = computed(() => list.value.find((run) => isExportable(run)) ?? null)

  function change(run: string, edit: (detail: RunDetail) => RunDetail): void {
    const detail = details.value.get(run)
    if (!detail) return
    details.value = new Map(details.value).set(run, edit(detail))
  }

  function put(run: RunSummary): void {
    const known = list.value.some((other) => other.id === run.id)
    list.value = known ? list.value.map((other) => (other.id === run.id ? run : other)) : [run, ...list.value]
    const ended = !activeStates.includes(run.status)
    change(run.id, (detail) => ({ ...detail, summary: run, progress: ended ? null : detail.progress }))
    // The record (proof, versions, final times) is written at the end: read it anew.
    if (ended && details.value.has(run.id)) void load(run.id).catch(() => undefined)
  }

  const projection: Projection = {
    reset(snapshot) {
      list.value = snapshot.runs
      details.value = new Map()
    },
    receive(message) {
      switch (message.name) {
        case 'runs.changed':
          list.value = message.data.runs
          details.value = new Map(
            [...details.value].filter(([id]) => message.data.runs.some((run) => run.id === id)),
          )
          break
        case 'run.changed':
          put(message.data.run)
          break
        case 'run.progress':
          change(message.data.run, (detail) => ({ ...detail, progress: message.data }))
          break
        case 'run.steps':
          change(message.data.run, (detail) => ({
            ...detail,
            steps: appendSteps(detail.steps, message.data.steps),
          }))
          break
        case 'run.epoch':
          putEpoch(message.data.run, message.data.epoch)
          break
        case 'run.log':
          change(message.data.run, (detail) => ({
            ...detail,
            log: [...detail.log, ...message.data.lines].slice(-keptLogLines),
          }))
          break
      }
    },
  }

  function putEpoch(id: string, epoch: RunSummary['epochs'][number]): void {
    const run = list.value.find((other) => other.id === id)
    if (!run || run.epochs.some((other) => other.epoch === epoch.epoch)) return
    const grown = { ...run, epochs: [...run.epochs, epoch] }
    list.value = list.value.map((other) => (other.id === id ? grown : other))
    change(id, (detail) => ({ ...detail, summary: grown }))
  }

  /** Reads a run in full; events keep it in step from then on. */
  async function load(run: string): Promise<void> {
    const detail = await api.runs.detail({ run })
    details.value = new Map(details.value).set(run, detail)
  }

  const start = async (overrides: TrainOverrides = {}): Promise<string> =>
    (await api.training.start({ overrides })).run
  const stop = async (run: string): Promise<void> => void (await api.training.stop({ run }))
  /** Locks or unlocks a table of the run that trains, from its next step on. */
  const setFrozen = async (run: string, table: string, frozen: boolean): Promise<void> =>
    void (await api.training.setFrozen({ run, table, frozen }))
  const remove = async (run: string): Promise<void> => void (await api.runs.remove({ run }))

  return { list, details, active, lastFinished, ...projection, load, start, stop, setFrozen, remove }
})

/** Whether a run ended with weights on disk. */
export function isExportable(run: RunSummary): boolean {
  return run.status === 'completed' || run.status === 'stopped'
}

export function isActive(run: RunSummary): boolean {
  return activeStates.includes(run.status)
}
