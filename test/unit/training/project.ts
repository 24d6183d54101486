import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { mkdirSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import type { z } from 'zod'
import type { ProjectDocument } from '../../../src-main/contract/document'
import type { EpochResult, runModel, StepMetrics, TrainOverrides } from '../../../src-main/contract/runs'
import { DatasetStore } from '../../../src-main/dataset'
import { EmbeddingStore } from '../../../src-main/embeddings'
import { Project } from '../../../src-main/project/project'
import { createSample } from '../../../src-main/services/samples'
import { engineFolder } from '../../../src-main/tensorflow/provision'
import type { TrainingPlan } from '../../../src-main/training/plan'
import type { LockRequest } from '../../../src-main/training/locks'
import { planRun } from '../../../src-main/training/planRun'
import type { FromTrainer, TrainingOutcome } from '../../../src-main/training/protocol'
import { train } from '../../../src-main/training/train'

const samples = resolve(__dirname, '..', '..', '..', 'resources', 'samples')

/** A folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'graft-training-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A fresh project of the sample, in a folder that goes away with the test. */
export async function sampleProject(): Promise<{ path: string; document: ProjectDocument }> {
  const path = join(await temporaryFolder(), 'sample')
  await createSample(samples, 'movielens-100k', path, {
    signal: new AbortController().signal,
    report: () => undefined,
  })
  return { path, document: await readDocument(path) }
}

export async function readDocument(path: string): Promise<ProjectDocument> {
  const project = await Project.open(path)
  const { document } = project
  await project.close()
  return document
}

export function testEngine(): string {
  const folder = process.env.GRAFT_ENGINE ?? engineFolder()
  if (!folder) throw new Error('There is no TensorFlow: run `npm test` once, which fetches it.')
  return folder
}

export async function plan(
  path: string,
  document: ProjectDocument,
  overrides: TrainOverrides = {},
): Promise<TrainingPlan> {
  const data = new DatasetStore(path)
  try {
    const embeddings = new EmbeddingStore(path)
    return await planRun({ project: path, document, overrides, data, embeddings, engine: testEngine() })
  } finally {
    await data.close()
  }
}

export interface Trained {
  readonly outcome: TrainingOutcome
  readonly epochs: EpochResult[]
  readonly steps: StepMetrics[]
  readonly model: z.infer<typeof runModel> | null
  readonly messages: FromTrainer[]
}

/** Trains in this process. `stopAfter` asks to stop after that many steps; `locks` gives those to turn before each step. */
export async function trainHere(
  trainingPlan: TrainingPlan,
  stopAfter = Infinity,
  locks?: (step: number) => LockRequest[],
): Promise<Trained> {
  mkdirSync(trainingPlan.folder, { recursive: true })
  const messages: FromTrainer[] = []
  let asked = 0
  const outcome = await train(trainingPlan, {
    tell: (message) => messages.push(message),
    stopped: () => asked++ >= stopAfter,
    takeLocks: () => locks?.(asked) ?? [],
  })
  const epochs: EpochResult[] = []
  const steps: StepMetrics[] = []
  let model: z.infer<typeof runModel> | null = null
  for (const message of messages) {
    if (message.type === 'epoch') epochs.push(message.epoch)
    if (message.type === 'steps') steps.push(...message.steps)
    if (message.type === 'model') model = message.model
  }
  return { outcome, epochs, steps, model, messages }
}
