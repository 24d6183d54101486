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

/** How vectors are laid onto a column's ids, and what is done to them on the way; titles and help are the form's. */
export const alignmentSettings = z.object({
  keyRules: z.array(keyRule).default([]),
  center: z.boolean().default(false).meta({
    title: 'Centre',
    description: 'Subtracts the mean vector, so that vectors no longer all point one way.',
  }),
  pca: z.int().min(1).max(65_536).nullable().default(null).meta({
    title: 'Reduce to',
    description: 'Keeps so many leading principal axes; empty keeps the width.',
  }),
  normalize: z.enum(['none', 'l2', 'standardize']).default('none').meta({
    title: 'Normalise',
    description: 'l2: rows of length 1. standardize: columns of mean 0 and deviation 1.',
  }),
  missing: z.enum(['mean', 'random', 'zero', 'unknown']).default('mean').meta({
    title: 'Missing ids get',
    description: 'What ids without a vector start from; random is drawn at the table’s scale.',
  }),
  unknown: z.enum(['mean', 'random', 'zero']).default('mean').meta({
    title: 'Unknown gets',
    description: 'The row of values never seen, where the file has none for it.',
  }),
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
  /** Rows after those of the vocabulary, for ids that occur only in the vector file. */
  extraRows: z.int().nonnegative().default(0),
  /** SHA-256 of the ids of those rows, which `embeddings/<id>/keys.parquet` holds, and what makes a raw value equal one. */
  extraKeys: z
    .object({ sha256: z.string(), keyRules: z.array(keyRule) })
    .nullable()
    .default(null),
  source: tableSource,
  /** SHA-256 of the aligned little-endian float32 rows. */
  hash: z.string(),
})
export type AttachedTable = z.infer<typeof attachedTable>

/** How the rows of a table enter the model and how they learn; titles and descriptions are what the form shows. */
export const tableUse = z.object({
  projection: z
    .object({
      width: z.int().min(1).max(4096),
      hidden: z.int().min(1).max(4096).nullable().default(null).meta({
        title: 'Hidden units',
        description: 'Of the projection: so many ReLU units in between. None: a linear layer.',
      }),
    })
    .nullable()
    .default(null)
    .meta({
      title: 'Projection',
      description:
        'A learned linear layer, or a small MLP where hidden units are given, from the rows to this width.',
    }),
  residual: z.boolean().default(false).meta({
    title: 'Trained residual',
    description: 'Adds a trained table of the same width, which starts at zero, to the frozen rows.',
  }),
  learningRateScale: z.number().min(0).max(1000).default(1).meta({
    title: 'Learning rate ×',
    description: 'What the learning rate is multiplied by for this table.',
  }),
  l2: z.number().min(0).max(1000).default(0).meta({
    title: 'L2 on looked-up rows',
    description: 'Adds this times half the mean over the batch of the squared norms of the rows looked up.',
  }),
  unfreezeAtEpoch: z.int().min(2).max(10_000).nullable().default(null).meta({
    title: 'Unfreeze at epoch',
    description: 'A frozen table trains from this epoch on.',
  }),
  dropout: z.number().min(0).lt(1).default(0).meta({
    title: 'Dropout',
    description:
      'The share of the numbers of looked-up rows that training sets to zero; the others grow by as much.',
  }),
  maxNorm: z.number().positive().nullable().default(null).meta({
    title: 'Max norm',
    description: 'Rows that a step has moved are scaled back to this L2 norm where they are longer.',
  }),
})
export type TableUse = z.infer<typeof tableUse>

const use = tableUse.shape
/** What an edit changes of a use. (`tableUse.partial()` would fill what an edit leaves out with its default.) */
export const tableUseChanges = z
  .object({
    projection: use.projection.unwrap(),
    residual: use.residual.unwrap(),
    learningRateScale: use.learningRateScale.unwrap(),
    l2: use.l2.unwrap(),
    unfreezeAtEpoch: use.unfreezeAtEpoch.unwrap(),
    dropout: use.dropout.unwrap(),
    maxNorm: use.maxNorm.unwrap(),
  })
  .partial()

/** How the looked-up rows of a list become one vector. */
export const pooling = z.object({
  how: z.enum(['mean', 'sum', 'sqrtn', 'max']).default('mean').meta({
    title: 'Pooling',
    description:
      'One vector for the items of a row: their mean, sum, sum over the root of their number, or largest numbers.',
  }),
  /** A list column of numbers, as long as the ids, that weighs them; null weighs them alike. */
  weights: z.string().nullable().default(null).meta({
    title: 'Weights',
    description: 'A column with a number for each item, which weighs it.',
  }),
})
export type Pooling = z.infer<typeof pooling>

/** What a model predicts: the probability of class 1, or a number. */
export const task = z.enum(['binary', 'regression'])
export type Task = z.infer<typeof task>

/** What a column with several tables does with their rows; a sum needs tables of one width. */
export const combination = z.enum(['concat', 'sum'])
export type Combination = z.infer<typeof combination>

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
  stepsPerEpoch: z.int().min(1).nullable().default(null).meta({
    title: 'Steps per epoch',
    description: 'Ends an epoch, and validates, after so many batches. Empty: all training rows.',
  }),
  rowMemory: z.int().min(1).max(1_048_576).default(1024).meta({
    title: 'Memory for rows (MB)',
    description:
      'A part that needs more stays on disk and is trained on in shuffled windows of an eighth of this.',
  }),
  optimizer: optimizerSettings.default({ name: 'adagrad', settings: {} }),
})
export type TrainingSettings = z.infer<typeof trainingSettings>

const training = trainingSettings.shape
/** What an edit changes of the training settings, and no default of another. */
export const trainingChanges = z
  .object({
    epochs: training.epochs.unwrap(),
    batchSize: training.batchSize.unwrap(),
    seed: training.seed.unwrap(),
    shuffle: training.shuffle.unwrap(),
    stepsPerEpoch: training.stepsPerEpoch.unwrap(),
    rowMemory: training.rowMemory.unwrap(),
    optimizer: training.optimizer.unwrap(),
  })
  .partial()

/** A schema as it was imported, in `schemas/`. */
export const importedSchema = z.object({
  /** What it came from, for people to read. */
  file: z.string(),
  /** SHA-256 of its Merlin JSON, which names the file. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type ImportedSchema = z.infer<typeof importedSchema>

/** The project document, kept in `graft.json`. Everything that a person decides is here; everything else is derived. */
export const projectDocument = z.object({
  format: z.literal('graft-project'),
  version: z.literal(1),
  name: z.string().min(1),
  source: dataSource.nullable(),
  schema,
  /** The schema of the last import, for people to see what they changed since; null where nothing was imported. */
  imported: importedSchema.nullable().default(null),
  widthRule,
  /** Widths that the user set, by column: a number, or a rule of the column's own. */
  widths: z.record(z.string(), widthOverride),
  /** The target that training uses; null where none is chosen. */
  target: z.string().nullable(),
  /** A column may have several: text and image vectors, say. */
  tables: z.array(attachedTable),
  /** By table: the id of an attached one, or the vocabulary's name of one that starts at random. */
  uses: z.record(z.string(), tableUse).default({}),
  /** By column with several tables; concatenated where it is not named. */
  combinations: z.record(z.string(), combination).default({}),
  /** By list column; the mean where it is not named. */
  pooling: z.record(z.string(), pooling).default({}),
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
      /** Added to and taken from the tags of each, whatever else they have; what an added tag excludes goes. */
      addTags: z.array(z.string()).optional(),
      removeTags: z.array(z.string()).optional(),
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
  z.object({ type: z.literal('setUse'), table: z.string(), changes: tableUseChanges }),
  z.object({ type: z.literal('setCombination'), column: z.string(), combination }),
  z.object({ type: z.literal('setPooling'), column: z.string(), pooling }),
  /** `table`: one of several; null takes off all. */
  z.object({
    type: z.literal('detach'),
    column: z.string(),
    table: z.string().nullable().default(null),
  }),
  z.object({ type: z.literal('setModel'), model: modelSettings }),
  z.object({ type: z.literal('setTraining'), changes: trainingChanges }),
])
export type DocumentCommand = z.infer<typeof documentCommand>
