import { z } from 'zod'
import { modelSpec } from '../model'
import { partFiles } from '../training/plan'

/** What a process of its own is asked to evaluate: plain data, checked by main. */
export const evaluationJob = z.object({
  /** The run's model, as kept beside its weights. */
  model: modelSpec,
  /** Prefix of the run's checkpoint. */
  weights: z.string(),
  target: z.string(),
  part: partFiles,
  /** Memory for rows in MiB: a larger part is read in windows. */
  rowMemory: z.number().positive(),
  /** An input of the model that is tagged as the user's id, or null. */
  userColumn: z.string().nullable(),
  /** A Parquet file to write the probabilities to, row by row, or null. */
  predictions: z.string().nullable(),
})
export type EvaluationJob = z.infer<typeof evaluationJob>

/** What it found. */
export const evaluation = z.object({
  rows: z.int(),
  metrics: z.object({
    loss: z.number(),
    auc: z.number().nullable(),
    logLoss: z.number().nullable(),
    accuracy: z.number().nullable(),
    rmse: z.number(),
    mae: z.number(),
    perUserAuc: z.number().nullable(),
  }),
})
