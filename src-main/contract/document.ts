import { z } from 'zod'
import { dtype, schema, widthOverride, widthRule } from './schema'
import { tablesSource } from './tables'

export const part = z.enum(['train', 'validation', 'test'])
export type Part = z.infer<typeof part>

/** Where the rows came from. The rows themselves are in the project's `dataset/` folder. */
export const dataSource = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('synthetic'),
    sample: z.string(),
    rows: z.int().positive(),
    seed: z.int().nonnegative(),
  }),
  z.object({
    kind: z.literal('encoded'),
    files: z.array(z.object({ part, path: z.string() })),
    split: z.string().nullable(),
    seed: z.int().nonnegative(),
  }),
  tablesSource,
])
export type DataSource = z.infer<typeof dataSource>

/** Where the vectors of an attached table came from. The aligned vectors are in `embeddings/<id>/`. */
export const tableSource = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('file'),
    path: z.string(),
    /** Name of the array within the file, where it holds several. */
    array: z.string().nullable(),
    format: z.string(),
    /** SHA-256 of the file's bytes. */
    sha256: z.string(),
  }),
  z.object({ kind: z.literal('mock'), seed: z.int().nonnegative() }),
])
export type TableSource = z.infer<typeof tableSource>

/** What makes two writings of one key equal: white space, case, the form of a number, a prefix such as `movie_`. */
export const keyRule = z.enum(['trim', 'case', 'number', 'prefix'])
export type KeyRule = z.infer<typeof keyRule>

/** How vectors are laid onto a column's ids, and what is done to them on the way. */
export const alignmentSettings = z.object({
  keyRules: z.array(keyRule).default([]),
  normalize: z.enum(['none', 'l2', 'standardize']).default('none'),
  center: z.boolean().default(false),
  /** Width to reduce to along the leading principal axes; null keeps the width. */
  pca: z.int().min(1).max(65_536).nullable().default(null),
  /** What ids without a vector get. Random is drawn at the table's scale. */
  missing: z.enum(['mean', 'random', 'zero', 'unknown']).default('mean'),
  /** What the unknown row gets where the file has none. */
  unknown: z.enum(['mean', 'random', 'zero']).default('mean'),
})
export type AlignmentSettings = z.infer<typeof alignmentSettings>

/** A pretrained embedding table grafted onto categorical columns. Columns without one get a random table. */
export const attachedTable = z.object({
  /** Names the folder `embeddings/<id>/`. */
  id: z.string().regex(/^[^/\\]+$/),
  columns: z.array(z.string()).min(1),
  rows: z.int().positive(),
  width: z.int().positive(),
  frozen: z.boolean(),
  source: tableSource,
  /** SHA-256 of the aligned little-endian float32 rows. */
  hash: z.string(),
})
export type AttachedTable = z.infer<typeof attachedTable>

/** `settings` fits the architecture's or optimizer's own schema, which `catalog.list` sends as JSON Schema. */
export const modelSettings = z.object({
  architecture: z.string(),
  settings: z.record(z.string(), z.unknown()),
})
export type ModelSettings = z.infer<typeof modelSettings>

export const optimizerSettings = z.object({
  name: z.string(),
  settings: z.record(z.string(), z.unknown()),
})

/** How a run trains. Titles and descriptions are what the form shows. */
export const trainingSettings = z.object({
  epochs: z.int().min(1).max(10_000).default(5).meta({
    title: 'Epochs',
    description: 'How many times training passes over all rows of the training part.',
  }),
  batchSize: z.int().min(1).max(1_048_576).default(1024).meta({
    title: 'Batch size',
    description: 'Rows per step. The last, smaller batch of an epoch is kept.',
  }),
  seed: z.int().min(0).max(2_147_483_647).default(42).meta({
    title: 'Seed',
    description: 'Fixes initial weights and row order: the same seed gives the same losses, bit for bit.',
  }),
  shuffle: z.boolean().default(true).meta({
    title: 'Shuffle rows',
    description: 'A new row order every epoch. Off: the order of the files.',
  }),
  optimizer: optimizerSettings.default({ name: 'adagrad', settings: {} }),
})
export type TrainingSettings = z.infer<typeof trainingSettings>

/** The project document, kept in `graft.json`. Everything that a person decides is here; everything else is derived. */
export const projectDocument = z.object({
  format: z.literal('graft-project'),
  version: z.literal(1),
  name: z.string().min(1),
  source: dataSource.nullable(),
  schema,
  widthRule,
  /** Widths that the user set, by column: a number, or a rule of the column's own. */
  widths: z.record(z.string(), widthOverride),
  /** The target that training uses; null where none is chosen. */
  target: z.string().nullable(),
  tables: z.array(attachedTable),
  model: modelSettings,
  training: trainingSettings,
})
export type ProjectDocument = z.infer<typeof projectDocument>

/** Edits of the document that the window or the command line may ask for. Each is one step of undo. */
export const documentCommand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('rename'), name: z.string().min(1) }),
  z.object({
    type: z.literal('setColumns'),
    columns: z.array(z.string()).min(1),
    changes: z.object({
      tags: z.array(z.string()).optional(),
      dtype: dtype.optional(),
      role: z.enum(['feature', 'target', 'ignored']).optional(),
      /** A number or a rule sets the width, null goes back to the project's rule. */
      width: widthOverride.nullable().optional(),
      /** Largest id of the column's domain. */
      domainMax: z.int().min(1).optional(),
    }),
  }),
  z.object({ type: z.literal('setWidthRule'), rule: widthRule }),
  z.object({ type: z.literal('setTarget'), target: z.string().nullable() }),
  z.object({ type: z.literal('setFrozen'), table: z.string(), frozen: z.boolean() }),
  z.object({ type: z.literal('detach'), column: z.string() }),
  z.object({ type: z.literal('setModel'), model: modelSettings }),
  z.object({ type: z.literal('setTraining'), changes: trainingSettings.partial() }),
])
export type DocumentCommand = z.infer<typeof documentCommand>
