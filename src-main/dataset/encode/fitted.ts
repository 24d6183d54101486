import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { GraftError } from '../../contract/errors'
import { columnEncoding, derivedColumn, type DerivedColumn, type EncodedFrom } from '../../contract/tables'
import { identifier } from '../duckdb'
import type { RawColumn } from '../sources/types'

const rawColumn = z.object({
  name: z.string(),
  type: z.enum(['BOOLEAN', 'BIGINT', 'DOUBLE', 'TIMESTAMP', 'VARCHAR']),
  isList: z.boolean(),
})

/** Items in the shortest and in the longest list. */
const counts = z.object({ min: z.int().min(0), max: z.int().min(0) })

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
    /** The id of values never seen: 0 but for what others encoded. */
    unknownId: z.int().min(0).default(0),
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
    /** A column of 0 and 1 for each item. */
    kind: z.literal('list'),
    column: z.string(),
    separator: z.string().nullable(),
    items: z.array(z.string()),
  }),
  z.object({
    /** Lists of ids: of a domain, as those of a categorical column. */
    kind: z.literal('items'),
    column: z.string(),
    separator: z.string().nullable(),
    domain: z.string(),
    size: z.int().min(1),
    hashed: z.boolean(),
    nullId: z.int().min(0),
    unknownId: z.int().min(0).default(0),
    /** The id of the first value of the domain. */
    firstId: z.int().min(1).default(1),
    counts,
  }),
  z.object({
    /** Lists of numbers. */
    kind: z.literal('numbers'),
    column: z.string(),
    separator: z.string().nullable(),
    counts,
  }),
  z.object({
    kind: z.literal('vector'),
    column: z.string(),
    separator: z.string().nullable(),
    width: z.int().min(1),
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

/** Columns whose values, or whose lists' items, are ids of a domain. */
export type IdColumn = Extract<FittedColumn, { kind: 'categorical' | 'items' }>

export function hasIds(column: FittedColumn): column is IdColumn {
  return column.kind === 'categorical' || column.kind === 'items'
}

/** Whether a row's id is unknown, or one of its list is, as SQL over encoded rows. */
export function isUnknown({ kind, column, unknownId }: IdColumn): string {
  const name = identifier(column)
  return kind === 'items' ? `list_contains(${name}, ${unknownId})` : `${name} = ${unknownId}`
}

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
  /** What was asked for, by raw or derived column; null where others encoded, or a version that did not keep it. */
  settings: z.record(z.string(), columnEncoding).nullable().default(null),
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

/** What a project's encoded rows were made from; null where that is not known. */
export async function readEncodedFrom(project: string): Promise<EncodedFrom | null> {
  const fitted = await readEncoding(project).catch(() => null)
  if (!fitted?.settings) return null
  const columns = [...fitted.raw, ...fitted.derived.map(derivedType)]
  return { raw: columns.map(({ name, isList }) => ({ name, isList })), settings: fitted.settings }
}
