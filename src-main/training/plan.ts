import { z } from 'zod'
import { projectDocument } from '../contract/document'
import { modelSpec } from '../model/spec'

/** A part of the dataset as the trainer reads it. */
export const partFiles = z.object({
  rows: z.int().nonnegative(),
  /** Encoded Parquet files, in order. */
  files: z.array(z.string()),
})
export type PartFiles = z.infer<typeof partFiles>

/** The first values of a table that a file of the project holds. */
export const tableFile = z.object({
  table: z.string(),
  /** A file whose little-endian float32 rows begin at `offset`. */
  path: z.string(),
  offset: z.int().nonnegative(),
})
export type TableFile = z.infer<typeof tableFile>

/**
 * All that the trainer process needs, made and checked by main before anything is written: plain data, so that it
 * crosses to another process and is what it was when the run began.
 */
export const trainingPlan = z.object({
  run: z.string(),
  /** `runs/<id>`. */
  folder: z.string(),
  /** The document, overrides applied. */
  document: projectDocument,
  target: z.string(),
  model: modelSpec,
  tableFiles: z.array(tableFile),
  parts: z.object({ train: partFiles, validation: partFiles, test: partFiles }),
  datasetHash: z.string(),
  initialWeights: z.object({ path: z.string(), sha256: z.string() }).nullable(),
  /** Folder of the TensorFlow engine. */
  engine: z.string(),
})
export type TrainingPlan = z.infer<typeof trainingPlan>
