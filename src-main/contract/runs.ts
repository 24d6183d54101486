import { z } from 'zod'
import { part, projectDocument, task, type Task } from './document'
import { wireError } from './errors'

/** Runs: what the trainer reports, what `runs/<id>/` keeps and what the window and `train --json` show. */

/** Metrics of a part of the data; `loss` is the mean over rows, `auc` the 200-threshold streaming AUC, null of a regression, which has `rmse` and `mae`. */
export const metricValues = z
  .object({ loss: z.number(), auc: z.number().nullable() })
  .catchall(z.number().nullable())
export type MetricValues = z.infer<typeof metricValues>

/** The metric that a run is judged by, beside its loss: how it is called on the wire, and by people. */
export const scores = {
  binary: { metric: 'auc', title: 'AUC' },
  regression: { metric: 'rmse', title: 'RMSE' },
} as const satisfies Record<Task, { metric: string; title: string }>

export function scoreOf(task: Task, values: MetricValues | null | undefined): number | null {
  return values?.[scores[task].metric] ?? null
}

export const epochResult = z.object({
  epoch: z.int().min(1),
  /** Wall time of the training part of the epoch, in seconds. */
  seconds: z.number(),
  /** Training rows over that time: reading, feeding and metrics included. */
  rowsPerSecond: z.number(),
  train: metricValues,
  validation: metricValues.nullable(),
})
export type EpochResult = z.infer<typeof epochResult>

/** A lock that was turned while a run trained. */
export const lockEvent = z.object({
  table: z.string(),
  frozen: z.boolean(),
  /** Steps of the run that were done: it is in force from the next one on. */
  step: z.int().nonnegative(),
  epoch: z.int().min(1),
})
export type LockEvent = z.infer<typeof lockEvent>

/** A table of a run's model, and whether it was locked when the run began. */
export const runTable = z.object({ table: z.string(), columns: z.array(z.string()), frozen: z.boolean() })
export type RunTable = z.infer<typeof runTable>

/** The freeze proof of one table. Hashes are SHA-256 of the little-endian float32 rows. */
export const tableResult = z.object({
  table: z.string(),
  columns: z.array(z.string()),
  rows: z.int(),
  width: z.int(),
  /** Whether it was locked throughout: one that was unlocked for a step is not. */
  frozen: z.boolean(),
  hashBefore: z.string(),
  hashAfter: z.string(),
  changed: z.boolean(),
  /** Mean L2 distance that a row moved, over all rows. */
  meanRowMovement: z.number(),
  /**
   * By epoch, the mean L2 distance of a row from where it was at the start; of a large table, over rows spread evenly over it.
   * Empty for a table that was locked throughout.
   */
  drift: z.array(z.number()).default([]),
})
export type TableResult = z.infer<typeof tableResult>

export const runModel = z.object({
  name: z.string(),
  parameters: z.int(),
  trainableParameters: z.int(),
  inputWidth: z.int(),
  tables: z.array(runTable).default([]),
})

/** What `train --json` prints. */
export const trainResult = z.object({
  run: z.string(),
  path: z.string(),
  seed: z.int(),
  engine: z.string(),
  target: z.string(),
  model: runModel,
  epochs: z.array(epochResult),
  tables: z.array(tableResult),
  /** Time inside TensorFlow's session over the wall time of training, a fraction of 1. */
  sessionShare: z.number(),
  stoppedBecause: z.enum(['completed', 'stopped', 'failed']),
})
export type TrainResult = z.infer<typeof trainResult>

export const runStatus = z.enum([
  'starting',
  'running',
  'stopping',
  'completed',
  'stopped',
  'failed',
  'crashed',
])
export type RunStatus = z.infer<typeof runStatus>

/** `runs/<id>/run.json`: everything needed to say what was trained, and to train it again. */
export const runRecord = z.object({
  id: z.string(),
  status: runStatus,
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  /** Frozen at the start, flags of the command line applied. */
  document: projectDocument,
  seed: z.int(),
  target: z.string(),
  versions: z.object({
    graft: z.string(),
    tensorflow: z.string(),
    node: z.string(),
    platform: z.string(),
  }),
  engine: z.string(),
  datasetHash: z.string(),
  /** SHA-256 of the file given by `--initial-weights`, null without. */
  initialWeights: z.object({ path: z.string(), sha256: z.string() }).nullable(),
  rows: z.object({ train: z.int(), validation: z.int(), test: z.int() }),
  model: runModel.nullable(),
  epochs: z.array(epochResult),
  tables: z.array(tableResult),
  /** Locks that were turned while it trained, in order. */
  locks: z.array(lockEvent).default([]),
  sessionShare: z.number().nullable(),
  error: wireError.nullable(),
})
export type RunRecord = z.infer<typeof runRecord>

/** One line of `metrics.jsonl`, one a step: the step's own loss and the epoch's running means. */
export const stepMetrics = z.object({
  step: z.int(),
  epoch: z.int(),
  loss: z.number(),
  meanLoss: z.number(),
  auc: z.number().nullable(),
  /** Of a regression, in the place of the AUC. */
  rmse: z.number().optional(),
})
export type StepMetrics = z.infer<typeof stepMetrics>

export const runProgress = z.object({
  run: z.string(),
  phase: z.enum(['preparing', 'training', 'validating', 'saving']),
  epoch: z.int(),
  epochs: z.int(),
  /** Within the epoch. */
  step: z.int(),
  stepsPerEpoch: z.int(),
  rowsPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
})
export type RunProgress = z.infer<typeof runProgress>

/** A row of the Runs table. */
export const runSummary = z.object({
  id: z.string(),
  status: runStatus,
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  architecture: z.string(),
  target: z.string(),
  task: task.default('binary'),
  seed: z.int(),
  epochs: z.array(epochResult),
  tables: z.array(tableResult),
  /** Tables of its model as they were when it began, and the locks turned since. */
  trains: z.array(runTable).default([]),
  locks: z.array(lockEvent).default([]),
  error: wireError.nullable(),
  /** One sentence that says what happened. */
  sentence: z.string(),
})
export type RunSummary = z.infer<typeof runSummary>

/** A run in full: the record, its curve (thinned to at most 2,000 points) and the end of its log. */
export const runDetail = z.object({
  summary: runSummary,
  record: runRecord,
  steps: z.array(stepMetrics),
  log: z.array(z.string()),
  progress: runProgress.nullable(),
})
export type RunDetail = z.infer<typeof runDetail>

/** Settings that override the document for one run alone. */
export const trainOverrides = z.object({
  target: z.string().optional(),
  model: z.string().optional(),
  epochs: z.int().optional(),
  batchSize: z.int().optional(),
  optimizer: z.string().optional(),
  learningRate: z.number().optional(),
  seed: z.int().optional(),
  shuffle: z.boolean().optional(),
  initialWeights: z.string().optional(),
  /** Paths of graft.json and the values to set there, as `--set path=value` gives them. */
  set: z.array(z.object({ path: z.string(), value: z.unknown() })).optional(),
})
export type TrainOverrides = z.infer<typeof trainOverrides>

/** What `export --json` prints. */
export const exportResult = z.object({
  path: z.string(),
  files: z.array(z.object({ name: z.string(), bytes: z.int() })),
  /** The reloaded model against the trained weights, on `rows` replayed rows. */
  check: z.object({ rows: z.int(), maxDifference: z.number() }),
})
export type ExportResult = z.infer<typeof exportResult>

export const exportPreview = z.object({
  folder: z.string(),
  exists: z.boolean(),
  files: z.array(z.object({ name: z.string(), bytes: z.int(), description: z.string() })),
  snippet: z.string(),
})
export type ExportPreview = z.infer<typeof exportPreview>

/** The metrics of some of the rows: those of one value of a column, or those whose id training saw or did not see. */
export const evaluationSlice = z.object({
  column: z.string(),
  by: z.enum(['value', 'seen']),
  /** The raw value; `seen` or `unseen`. */
  value: z.string(),
  rows: z.int(),
  metrics: z.object({
    auc: z.number().nullable(),
    logLoss: z.number().nullable(),
    accuracy: z.number().nullable(),
    rmse: z.number(),
    mae: z.number(),
    targetRate: z.number(),
    meanPrediction: z.number(),
  }),
})
export type EvaluationSlice = z.infer<typeof evaluationSlice>

/** Values of new rows that are not of the type that their column had in training, and count as missing. */
export const wrongTypes = z.object({
  column: z.string(),
  /** What it is to be: BIGINT, DOUBLE, BOOLEAN, TIMESTAMP. */
  type: z.string(),
  rows: z.int(),
  example: z.string(),
})
export type WrongTypes = z.infer<typeof wrongTypes>

/** A run's metrics on held-out or new rows; `auc` is exact. */
export const evaluationResult = z.object({
  run: z.string(),
  /** Null for files. */
  part: part.nullable(),
  rows: z.int(),
  task: task.default('binary'),
  metrics: z.object({
    loss: z.number(),
    /** These four are of classes: null of a regression. */
    auc: z.number().nullable(),
    logLoss: z.number().nullable(),
    accuracy: z.number().nullable(),
    /** Root of the mean squared difference of prediction and target, and the mean of its amount. */
    rmse: z.number(),
    mae: z.number(),
    /** Unweighted mean over the users with rows of both classes; null where there is none or no user id is tagged. */
    perUserAuc: z.number().nullable(),
  }),
  slices: z.array(evaluationSlice),
  warnings: z.array(z.string()),
})
export type EvaluationResult = z.infer<typeof evaluationResult>

/** What `predict` wrote. */
export const predictionResult = z.object({
  run: z.string(),
  path: z.string(),
  rows: z.int(),
  /** Share of the rows with an id that training did not know, by column. */
  unknown: z.array(z.object({ column: z.string(), share: z.number() })),
  wrongTypes: z.array(wrongTypes),
})
export type PredictionResult = z.infer<typeof predictionResult>
