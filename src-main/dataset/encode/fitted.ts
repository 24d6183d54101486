import { z } from 'zod'
import { derivedColumn } from '../../contract/tables'

const rawColumn = z.object({
  name: z.string(),
  type: z.enum(['BOOLEAN', 'BIGINT', 'DOUBLE', 'TIMESTAMP', 'VARCHAR']),
  isList: z.boolean(),
})

/** An encoding with everything that was learnt from the training part. */
export const fittedColumn = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('categorical'),
    column: z.string(),
    /** Names the vocabulary: `vocabularies/<domain>.parquet`. */
    domain: z.string(),
    /** Largest id. */
    size: z.int().min(1),
    /** Ids come from a hash of the value instead of a vocabulary. */
    hashed: z.boolean(),
    /** The id of missing values: 0, or the last. */
    nullId: z.int().min(0),
  }),
  z.object({
    kind: z.literal('continuous'),
    column: z.string(),
    transform: z.enum(['none', 'standardise', 'minmax', 'log1p', 'quantile']),
    /** What takes the place of a missing value. */
    fill: z.number(),
    /** (x − shift) / scale, after the logarithm where there is one. */
    shift: z.number(),
    scale: z.number(),
    /** Inner edges of the quantiles, ascending. */
    edges: z.array(z.number()),
    indicator: z.boolean(),
  }),
  z.object({
    kind: z.literal('list'),
    column: z.string(),
    separator: z.string().nullable(),
    items: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('target'),
    column: z.string(),
    /** The text that is 1; null where the values are numbers. */
    positive: z.string().nullable(),
    /** Whether it is stored as 0 and 1. */
    binary: z.boolean(),
  }),
])
export type FittedColumn = z.infer<typeof fittedColumn>

/** `dataset/encoding.json`: how raw rows become the rows that the model sees. */
export const fittedEncoding = z.object({
  version: z.literal(1),
  /** The raw columns, as they were when this was learnt. */
  raw: z.array(rawColumn),
  derived: z.array(derivedColumn),
  columns: z.array(fittedColumn),
})
export type FittedEncoding = z.infer<typeof fittedEncoding>
