import { z } from 'zod'
import { wireError } from '../contract/errors'
import { epochResult, lockEvent, runModel, runProgress, stepMetrics, tableResult } from '../contract/runs'
import { evaluationJob } from '../evaluation/job'
import { mapPlan } from '../embeddings/map/plan'
import { exportPlan } from '../export/plan'
import { firstTablePlan } from './firstTable'
import { trainingPlan } from './plan'

/** What main and the trainer process say to each other. Every message is checked on arrival. */

/** What a trainer process is started for. One process does one job. */
export const trainerJob = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('train'), plan: trainingPlan }),
  /** `engine`: folder of the TensorFlow engine. */
  z.object({ kind: z.literal('export'), engine: z.string(), plan: exportPlan }),
  z.object({ kind: z.literal('evaluate'), engine: z.string(), request: evaluationJob }),
  z.object({ kind: z.literal('map'), plan: mapPlan }),
  z.object({ kind: z.literal('firstTable'), engine: z.string(), plan: firstTablePlan }),
])
export type TrainerJob = z.infer<typeof trainerJob>

export const toTrainer = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), job: trainerJob }),
  /** Ends the job after the current step and keeps what it has. */
  z.object({ type: z.literal('stop') }),
  /** Locks or unlocks a table, from the next step on. */
  z.object({ type: z.literal('setFrozen'), table: z.string(), frozen: z.boolean() }),
  /** The last message (`trained`, `result` or `failed`) has arrived: the process may end. */
  z.object({ type: z.literal('heard') }),
])
export type ToTrainer = z.infer<typeof toTrainer>

/** What training produced, told once at the end. */
export const trainingOutcome = z.object({
  stoppedBecause: z.enum(['completed', 'stopped']),
  tables: z.array(tableResult),
  sessionShare: z.number(),
})
export type TrainingOutcome = z.infer<typeof trainingOutcome>

export const fromTrainer = z.discriminatedUnion('type', [
  /** The process listens; nothing sent before it is lost, but main waits for it to tell a start that hangs. */
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('engine'), engine: z.string(), tensorflow: z.string() }),
  z.object({ type: z.literal('model'), model: runModel }),
  z.object({ type: z.literal('progress'), progress: runProgress }),
  z.object({ type: z.literal('steps'), steps: z.array(stepMetrics) }),
  z.object({ type: z.literal('epoch'), epoch: epochResult }),
  /** A lock was turned: in force from the step after. */
  z.object({ type: z.literal('lock'), lock: lockEvent }),
  z.object({ type: z.literal('log'), line: z.string() }),
  z.object({
    type: z.literal('jobProgress'),
    phase: z.string(),
    done: z.number(),
    total: z.number().nullable(),
    unit: z.string(),
  }),
  z.object({ type: z.literal('trained'), outcome: trainingOutcome }),
  /** The result of a job other than training. */
  z.object({ type: z.literal('result'), value: z.unknown() }),
  z.object({ type: z.literal('failed'), error: wireError }),
])
export type FromTrainer = z.infer<typeof fromTrainer>
