import { z } from 'zod'
import { alignmentSettings, keyRule } from './document'

/** Vectors on their way in and out, and what is known of them. */

const path = z.string().min(1)

/** A rule under which more keys would match, with one that would. */
export const nearMiss = z.object({
  rule: keyRule,
  /** Ids that would get a vector. */
  ids: z.int(),
  example: z.object({ key: z.string(), value: z.string() }),
})
export type NearMiss = z.infer<typeof nearMiss>

export const histogram = z.object({ edges: z.array(z.number()), counts: z.array(z.number()) })
export type Histogram = z.infer<typeof histogram>

const norms = z.object({ min: z.number(), mean: z.number(), max: z.number(), histogram })

/** What is remarkable in the vectors of a table, as prepared, without those that stand in for missing ones. */
export const vectorQuality = z.object({
  /** Rows with a vector of their own, and how many of them, spread evenly, norms and angles were measured on. */
  vectors: z.int(),
  sampled: z.int(),
  norms,
  /** Of the sampled. */
  zeroVectors: z.int(),
  /** Mean cosine of all pairs of the sampled: near 0 where they point everywhere, near 1 where all point one way. */
  meanCosine: z.number().nullable(),
  /** Dimensions that are the same in all vectors. */
  constantDimensions: z.int(),
  /** Rows with another at a cosine of 0.999 or more, among those that were compared. */
  nearDuplicates: z.object({
    rows: z.int(),
    compared: z.int(),
    /** The two that are most alike. */
    example: z.object({ a: z.string(), b: z.string(), cosine: z.number() }).nullable(),
  }),
})
export type VectorQuality = z.infer<typeof vectorQuality>

/** What an attachment found, as printed by `attach --json`. */
export const alignmentReport = z.object({
  table: z.string(),
  column: z.string(),
  rows: z.int(),
  width: z.int(),
  matchedIds: z.int(),
  vocabularySize: z.int(),
  /** Share of the training part's rows whose id has a vector of its own. */
  matchedRowsShare: z.number(),
  missingIds: z.int(),
  extraKeys: z.int(),
  duplicateKeys: z.int(),
  nonFiniteRows: z.int(),
  frozen: z.boolean(),
  warnings: z.array(z.string()),
  /** How rows met ids. */
  alignedBy: z.enum(['key', 'position']).optional(),
  /** The field or file that the keys came from; null where they have no name, or none were used. */
  keyField: z.string().nullable().optional(),
  /** Rules under which more keys would match, best first. */
  nearMisses: z.array(nearMiss).optional(),
  /** Rows after those of the vocabulary, for ids that occur only in the file. */
  extraRows: z.int().optional(),
  /** Type of the vectors in the file, as numpy names it, and its rows. */
  dtype: z.string().optional(),
  fileRows: z.int().optional(),
  /** Rows of the training part, and those of them whose id has a vector. */
  trainingRows: z.int().optional(),
  matchedRows: z.int().optional(),
  /** Rows of the file without a key. */
  emptyKeys: z.int().optional(),
  /** A few ids without a vector, and a few keys without an id. */
  examples: z.object({ missing: z.array(z.string()), extra: z.array(z.string()) }).optional(),
  quality: vectorQuality.optional(),
})
export type AlignmentReport = z.infer<typeof alignmentReport>

export const tableStatistics = z.object({
  norms,
  /** First two principal components of at most 2,000 sampled rows: x0, y0, x1, y1, … */
  points: z.array(z.number()),
  /** Row index of each point. */
  pointRows: z.array(z.int()),
})
export type TableStatistics = z.infer<typeof tableStatistics>

/** Formats that a table can be written in. */
export const tableFormat = z.enum(['npz', 'npy', 'parquet', 'safetensors', 'word2vec', 'projector'])
export type TableFormat = z.infer<typeof tableFormat>

/** What exporting a table wrote. */
export const tableExport = z.object({
  format: tableFormat,
  /** One for each id; the unknown row is left out. */
  rows: z.int(),
  width: z.int(),
  /** Several where keys have a file of their own. */
  files: z.array(z.object({ path: z.string(), bytes: z.int() })),
})
export type TableExport = z.infer<typeof tableExport>

export const neighborMetric = z.enum(['cosine', 'euclidean'])
export type NeighborMetric = z.infer<typeof neighborMetric>

/** An id of a column: where it stands in the table, and what stands near it. */
export const idView = z.object({
  column: z.string(),
  table: z.string(),
  /** The run that the table is from; null is the attached table. */
  run: z.string().nullable(),
  /** The raw value, and its row in the table: 0, unknown, where the vocabulary does not have it. */
  id: z.string(),
  index: z.int(),
  norm: z.number(),
  metric: neighborMetric,
  /** Nearest first. `similarity` is the cosine, `distance` the length of the difference. */
  neighbors: z.array(
    z.object({ id: z.string(), index: z.int(), similarity: z.number(), distance: z.number() }),
  ),
})
export type IdView = z.infer<typeof idView>

/** An id with its vector and how often the training part has it. */
export const idDetail = idView.extend({ row: z.array(z.number()), count: z.int() })
export type IdDetail = z.infer<typeof idDetail>

/** An array found in a dropped file, and the columns whose tables it fits. */
export const vectorFile = z.object({
  path: z.string(),
  name: z.string(),
  format: z.string(),
  bytes: z.int(),
  /** Fields that could hold the keys, and the one that is taken for them. */
  keyFields: z.array(z.string()),
  keyField: z.string().nullable(),
  arrays: z.array(
    z.object({
      name: z.string(),
      dtype: z.string(),
      shape: z.array(z.int()),
      /** Whether its rows carry keys. */
      keyed: z.boolean(),
      /** Best first. Empty: it fits no column by position. */
      fits: z.array(
        z.object({
          column: z.string(),
          exact: z.boolean(),
          sentence: z.string(),
          /** Ids that are among the keys that were read, of all ids; of rows by position all of them. */
          matched: z.int().optional(),
          ids: z.int().optional(),
          /** The rule under which it is so, where the keys are only nearly the ids. */
          nearMiss: nearMiss.nullable().optional(),
        }),
      ),
      /** Keys that were read to find out, and how many of them differ; null where there are none. */
      keys: z.object({ read: z.int(), distinct: z.int() }).nullable().optional(),
      /** Why it cannot be attached at all; null where it can. */
      refusal: z.string().nullable(),
    }),
  ),
})
export type VectorFile = z.infer<typeof vectorFile>

/** Vectors for a column, and how they are laid onto its ids. */
export const attachment = z.object({
  column: z.string(),
  path,
  array: z.string().nullable(),
  frozen: z.boolean(),
  /** Takes row i for id i even where the file has keys. */
  byPosition: z.boolean(),
  /** The field that holds the keys; null guesses it. */
  key: z.string().nullable().default(null),
  /** A file of keys beside the vectors, one for each row. */
  ids: path.nullable().default(null),
  alignment: alignmentSettings.prefault({}),
  /** Beside the tables that the column has, and not in their place. */
  add: z.boolean().default(false),
  /** Whether ids that occur only in the file get rows; null: where the table is frozen. */
  extraRows: z.boolean().nullable().default(null),
})
