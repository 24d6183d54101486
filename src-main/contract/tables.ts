import { z } from 'zod'
import { dtype, role } from './schema'

/** How CSV text is read; null leaves it to the sniffer. */
export const delimitedOptions = z.object({
  delimiter: z.string().min(1).max(4).nullable().default(null),
  quote: z.string().length(1).nullable().default(null),
  header: z.boolean().nullable().default(null),
})
export type DelimitedOptions = z.infer<typeof delimitedOptions>

/** A table whose columns are added to each row by a key: users or items to ratings. */
export const joinSource = z.object({
  path: z.string().min(1),
  /** Column of the rows. */
  on: z.string().min(1),
  /** Column of the joined table; the same name by default. */
  key: z.string().min(1),
})
export type JoinSource = z.infer<typeof joinSource>

/** Settings that categories and the items of lists have in common; titles and descriptions are what the form shows. */
const vocabularySettings = {
  minCount: z.int().min(1).default(1).meta({
    title: 'Smallest count',
    description: 'Values that fewer training rows have are unknown (0).',
  }),
  maxSize: z.int().min(1).nullable().default(null).meta({
    title: 'Largest vocabulary',
    description: 'So many of the most frequent values are kept, the others are unknown. None: all.',
  }),
  buckets: z.int().min(1).nullable().default(null).meta({
    title: 'Hash buckets',
    description: 'Hashes values into so many ids, without a vocabulary. For millions of values.',
  }),
  domain: z.string().min(1).nullable().default(null).meta({
    title: 'Domain',
    description: 'Columns of one domain share a vocabulary and a table. None: its own.',
  }),
}

/** How the values of a raw column become numbers. All that is learnt from data is learnt from the training part alone. */
export const columnEncoding = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('categorical'),
    ...vocabularySettings,
    nulls: z.enum(['unknown', 'own']).default('unknown').meta({
      title: 'Missing values',
      description: 'unknown: as values never seen (0). own: an id of their own, the last.',
    }),
  }),
  z.object({
    kind: z.literal('continuous'),
    transform: z.enum(['none', 'standardise', 'minmax', 'log1p', 'quantile']).default('standardise').meta({
      title: 'Transform',
      description:
        'standardise: mean 0, deviation 1. minmax: to [0, 1]. log1p: ln(1 + x), standardised. quantile: the rank among quantiles, to [0, 1].',
    }),
    bins: z.int().min(2).max(1000).default(100).meta({
      title: 'Quantiles',
      description: 'How many bins of about as many rows each.',
    }),
    fill: z
      .union([z.enum(['mean', 'median', 'zero']), z.number()])
      .default('mean')
      .meta({
        title: 'Missing values get',
        description: 'The mean, the median, zero, or a number that you type; before the transform.',
      }),
    indicator: z.boolean().default(false).meta({
      title: 'Missing indicator',
      description: 'Adds a column of 0 and 1 that says where the value was missing.',
    }),
  }),
  z.object({
    kind: z.literal('list'),
    separator: z.string().min(1).nullable().meta({
      title: 'Separator',
      description: 'What separates the items of a text. None: the column holds lists already.',
    }),
    as: z.enum(['ids', 'indicators', 'numbers']).default('ids').meta({
      title: 'Items become',
      description:
        'ids: rows of a table, pooled. indicators: a column of 0 and 1 for each frequent item. numbers: as they are, to weigh another list with.',
    }),
    ...vocabularySettings,
    /** Of indicators never more than 1000. */
    maxSize: z.int().min(1).nullable().default(null).meta({
      title: 'Largest vocabulary',
      description:
        'So many of the most frequent items are kept. None: all, or 32 where each becomes a column.',
    }),
    /** Which items of longer lists are read: as Keras' pad_sequences, the last. */
    maxLength: z.int().min(1).max(4096).default(50).meta({
      title: 'Longest list',
      description: 'The most items of a row that the model reads.',
    }),
    keep: z.enum(['first', 'last']).default('last').meta({
      title: 'Of longer lists',
      description: 'Which items are read: the first or the last.',
    }),
  }),
  z.object({
    /** As many numbers in every row, taken in as they are; rows without get zeros. */
    kind: z.literal('vector'),
    separator: z.string().min(1).nullable().default(null).meta({
      title: 'Separator',
      description: 'What separates the numbers of a text. None: the column holds lists already.',
    }),
  }),
  z.object({
    kind: z.literal('target'),
    positive: z.string().nullable().default(null).meta({
      title: 'Value that is 1',
      description: 'Of a target of two texts. None: the values are numbers.',
    }),
  }),
])
export type ColumnEncoding = z.infer<typeof columnEncoding>

/** What the encoded rows of a project were made from. */
export const encodedFrom = z.object({
  raw: z.array(z.object({ name: z.string(), isList: z.boolean() })),
  /** The encodings that were in force, by column. */
  settings: z.record(z.string(), columnEncoding),
})
export type EncodedFrom = z.infer<typeof encodedFrom>

const targetEncoding = {
  kind: z.literal('targetEncoding'),
  /** Each combination of their values is a category, missing values too. */
  columns: z.array(z.string().min(1)).min(1),
  /** As many rows of the overall mean are added to each category; 20 as NVTabular's `p_smooth`. */
  smoothing: z.number().min(0).max(1e9).default(20),
  /** A training row takes its mean from the other folds; 5 as scikit-learn's `TargetEncoder`. */
  folds: z.int().min(2).max(100).default(5),
}

const countEncoding = { kind: z.literal('count'), columns: z.array(z.string().min(1)).min(1) }

/** A column computed from others before it is encoded. */
export const derivedColumn = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('threshold'),
    name: z.string().min(1),
    column: z.string().min(1),
    /** 1 where the column's value is above it, else 0; null stays null. */
    above: z.number(),
  }),
  /**
   * The mean of a target over the rows of a category, drawn to the overall mean where rows are few:
   * (sum + smoothing × mean) / (rows + smoothing). Training rows: out of fold. Others: over the whole training part.
   */
  z.object({ ...targetEncoding, name: z.string().min(1), target: z.string().min(1) }),
  /** How many rows of the training part have the category; 0 for one that it does not know. */
  z.object({ ...countEncoding, name: z.string().min(1) }),
])
export type DerivedColumn = z.infer<typeof derivedColumn>

/** A derived column as it is asked for: without a name it is called after its columns, without a target the project's is taken. */
export const derivedWish = z.discriminatedUnion('kind', [
  z.object({
    ...targetEncoding,
    name: z.string().min(1).nullable().default(null),
    target: z.string().min(1).nullable().default(null),
  }),
  z.object({ ...countEncoding, name: z.string().min(1).nullable().default(null) }),
])
export type DerivedWish = z.infer<typeof derivedWish>

/** Where raw rows came from and how they are encoded: all that is needed to do it again. */
export const tablesSource = z.object({
  kind: z.literal('tables'),
  /** `part` is null where the rows are split. */
  files: z.array(z.object({ part: z.enum(['train', 'validation', 'test']).nullable(), path: z.string() })),
  joins: z.array(joinSource).default([]),
  options: delimitedOptions.default({ delimiter: null, quote: null, header: null }),
  /** `random:…`, `time:COLUMN:…`, `group:COLUMN:…`, `leave-last-out:USER[:TIME]`, `column:NAME`; null: all rows train. */
  split: z.string().nullable().default(null),
  seed: z.int().nonnegative(),
  derived: z.array(derivedColumn).default([]),
  encoding: z.record(z.string(), columnEncoding).default({}),
})
export type TablesSource = z.infer<typeof tablesSource>

/** What a person says that a raw column is, in the place of what the rules take it for. */
export const columnUse = z.enum(['categorical', 'continuous', 'ignored'])
export type ColumnUse = z.infer<typeof columnUse>

const partName = z.enum(['train', 'validation', 'test'])

const tableFile = z.object({ path: z.string(), name: z.string(), bytes: z.number() })

/** What a folder that somebody brought holds. */
export const folderContent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('project'), path: z.string() }),
  z.object({ kind: z.literal('merlin'), path: z.string() }),
  z.object({
    kind: z.literal('files'),
    path: z.string(),
    /** A path may be that of a folder whose tables are one. `holds`: null for what is neither, which may be keys. */
    files: z.array(tableFile.extend({ holds: z.enum(['table', 'vectors']).nullable() })),
  }),
])
export type FolderContent = z.infer<typeof folderContent>
export type FolderFile = Extract<FolderContent, { kind: 'files' }>['files'][number]

/** A cell of the preview: what JSON holds, lists as arrays. */
const previewCell = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.unknown())])

/** What an import would read, of the first rows: nothing is written. */
export const tablesPreview = z.object({
  files: z.array(tableFile),
  /** How text is read, found or said; null where the files carry their types. */
  dialect: z.object({ delimiter: z.string(), quote: z.string(), header: z.boolean() }).nullable(),
  /** Joined tables with all their columns; the keys as they were asked for, else as the names suggest, else null. */
  joins: z.array(
    tableFile.extend({
      on: z.string().nullable(),
      key: z.string().nullable(),
      columns: z.array(z.string()),
    }),
  ),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.enum(['BOOLEAN', 'BIGINT', 'DOUBLE', 'TIMESTAMP', 'VARCHAR']),
      isList: z.boolean(),
      /** Of a joined table. */
      joined: z.boolean(),
      /** Made by the import from another column. */
      derived: z.boolean(),
      role,
      /** How its values would become numbers; null where it is set aside. */
      encoding: z.enum(['categorical', 'continuous', 'list', 'vector', 'target']).nullable(),
      tags: z.array(z.string()),
      reason: z.string(),
      /** Of numbers, in the sampled rows. */
      min: z.number().nullable(),
      max: z.number().nullable(),
    }),
  ),
  /** The first rows, a cell for each column. */
  rows: z.array(z.array(previewCell)),
  /** How many rows the guesses were made from, and whether these are all. */
  sampled: z.int(),
  whole: z.boolean(),
  target: z.string().nullable(),
  warnings: z.array(z.string()),
})
export type TablesPreview = z.infer<typeof tablesPreview>

/** The parts side by side, and how much of the held-out ones training does not know. Missing values are no ids. */
export const splitReport = z.object({
  parts: z.array(
    z.object({
      part: partName,
      rows: z.int(),
      /** Mean of the target: the share of ones where it is binary. */
      targetRate: z.number().nullable(),
    }),
  ),
  /** A row for each categorical column and held-out part. */
  ids: z.array(
    z.object({
      column: z.string(),
      part: partName,
      /** Different values of the part, and how many of them the training part has too; of columns tagged as ids. */
      distinct: z.int().nullable(),
      known: z.int().nullable(),
      /** Rows with a value that the training part does not have. */
      unseenRows: z.int(),
      missingRows: z.int(),
    }),
  ),
})
export type SplitReport = z.infer<typeof splitReport>

/** A feature that promises more than it can keep when new rows are predicted. */
export const leak = z.object({
  column: z.string(),
  /** `target`: it tells the target almost alone; `unique`: another id in nearly every row; `time`: a raw time. */
  kind: z.enum(['target', 'unique', 'time']),
  /** The target that it was measured against. */
  target: z.string().nullable(),
  /** Of the column alone, on training rows: numbers by rank, categories by their out-of-fold rate. */
  auc: z.number().nullable(),
  message: z.string(),
  hint: z.string(),
})
export type Leak = z.infer<typeof leak>

/** What is known of an encoded dataset beside its rows: `dataset/report.json`. */
export const datasetReport = z.object({ split: splitReport, leaks: z.array(leak) })
export type DatasetReport = z.infer<typeof datasetReport>

/** What an import or a new encoding of raw tables tells. */
export const tablesReport = z.object({
  rows: z.record(partName, z.int()),
  /** `reason`: why the column was taken for what it is; empty where the person said it. */
  columns: z.array(
    z.object({ name: z.string(), dtype, role, tags: z.array(z.string()), reason: z.string() }),
  ),
  /** Share of the rows of a part whose id the training part does not have, where there are any. */
  unseen: z.array(z.object({ column: z.string(), part: partName, share: z.number() })),
  ...datasetReport.shape,
  /** Domains whose ids stand for other values than before; vectors that were attached to them were taken off. */
  changedDomains: z.array(z.string()),
  warnings: z.array(z.string()),
})
export type TablesReport = z.infer<typeof tablesReport>

/** What the rules take the raw columns of a project for, beside what they are taken for now. */
export const tablesInference = z.object({
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      role,
      tags: z.array(z.string()),
      encoding: z.enum(['categorical', 'continuous', 'list', 'vector', 'target']).nullable(),
      reason: z.string(),
      /** Null where the schema does not have the column. */
      now: z.object({ role, tags: z.array(z.string()) }).nullable(),
      /** Whether role or kind of input would change. */
      differs: z.boolean(),
    }),
  ),
  target: z.string().nullable(),
  warnings: z.array(z.string()),
})
export type TablesInference = z.infer<typeof tablesInference>
