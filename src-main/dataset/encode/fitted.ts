import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { GraftError } from '../../contract/errors'
import { derivedColumn, type DerivedColumn } from '../../contract/tables'
import type { RawColumn } from '../sources/types'

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
  /** Derived columns whose values were learnt: looked up in `derived/<name>.parquet` (key_1, …, count, value). */
  learnt: z
    .array(
      z.object({
        name: z.string(),
        columns: z.array(z.string()),
        /** The value of a category that the training part does not have. */
        unseen: z.number(),
      }),
    )
    .default([]),
  columns: z.array(fittedColumn),
})
export type FittedEncoding = z.infer<typeof fittedEncoding>
export type LearntColumn = FittedEncoding['learnt'][number]

/** A derived column as the raw column that it is from then on. */
export function derivedType({ kind, name }: DerivedColumn): RawColumn {
  return { name, type: kind === 'targetEncoding' ? 'DOUBLE' : 'BIGINT', isList: false }
}

/** Whether its values are learnt from the training part. */
export function isLearnt(derived: DerivedColumn): derived is Exclude<DerivedColumn, { kind: 'threshold' }> {
  return derived.kind !== 'threshold'
}

/** What the training part of a project taught. @throws GraftError `not-found`, `invalid-file` */
export async function readEncoding(project: string): Promise<FittedEncoding> {
  const path = join(project, 'dataset', 'encoding.json')
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null)
    throw new GraftError(
      'not-found',
      'The project has no encoding for raw rows: its data were not imported from raw tables.',
      'Import raw tables and train on them.',
    )
  try {
    return fittedEncoding.parse(JSON.parse(text))
  } catch {
    throw new GraftError(
      'invalid-file',
      `${path} does not describe an encoding.`,
      'Split the rows again: that encodes them anew.',
    )
  }
}
