import { z } from 'zod'
import { hasTag } from './tags'

/** A JSON value, as `schema.json` and the Struct of `extra_metadata` can hold it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }
export const json: z.ZodType<Json> = z.json()
export const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), json)

export const dtypes = [
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'float16',
  'float32',
  'float64',
  'string',
  'bool',
  'unknown',
] as const
export const dtype = z.enum(dtypes)
export type Dtype = z.infer<typeof dtype>

/** What a column is for: an input of the model, something to predict, or nothing. */
export const role = z.enum(['feature', 'target', 'ignored'])
export type Role = z.infer<typeof role>

/** The values that a column can take. A bound that the file does not state is null, not 0. */
export const domain = z.object({
  kind: z.enum(['int', 'float']),
  /** Columns whose domains share a name share a vocabulary and a table. */
  name: z.string().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  isCategorical: z.boolean().nullable(),
  /** The domain's other fields, as in Merlin's JSON. */
  rest: jsonObject,
})
export type Domain = z.infer<typeof domain>

/** How many values a list column holds in a row. */
export const valueCount = z.object({ min: z.number().int().nullable(), max: z.number().int().nullable() })
export type ValueCount = z.infer<typeof valueCount>

/** The embedding size that the schema itself states (`embedding_sizes`). */
export const embeddingSize = z.object({ cardinality: z.number(), dimension: z.number() })
export type EmbeddingSize = z.infer<typeof embeddingSize>

export const column = z.object({
  name: z.string(),
  dtype,
  isList: z.boolean(),
  /** A list whose length differs from row to row. */
  isRagged: z.boolean(),
  valueCount: valueCount.nullable(),
  tags: z.array(z.string()),
  domain: domain.nullable(),
  embedding: embeddingSize.nullable(),
  /** Set aside by the person: its tags stay, the model does not see it. */
  ignored: z.boolean(),
  /** The free properties (`extra_metadata`), less those that have a field of their own here. */
  properties: jsonObject,
  /** The other fields of tensorflow-metadata's Feature, as in Merlin's JSON, kept as they came. */
  rest: jsonObject,
})
export type Column = z.infer<typeof column>

export const schema = z.object({
  columns: z.array(column),
  /** The schema's other fields (string domains, default environments, …), as in Merlin's JSON. */
  rest: jsonObject,
})
export type Schema = z.infer<typeof schema>

/** A column with everything that is not given left empty. */
export function makeColumn(name: string, dtype: Dtype, fields: Partial<Column> = {}): Column {
  return {
    name,
    dtype,
    isList: false,
    isRagged: false,
    valueCount: null,
    tags: [],
    domain: null,
    embedding: null,
    ignored: false,
    properties: {},
    rest: {},
    ...fields,
  }
}

/** An integer domain from `min` to `max`, inclusive. */
export function intDomain(
  name: string,
  max: number,
  min: number | null = null,
  isCategorical = true,
): Domain {
  return { kind: 'int', name, min, max, isCategorical, rest: {} }
}

const targetTags = ['target', 'regression', 'classification']
const featureTags = ['categorical', 'continuous', 'embedding']

/**
 * What the column is for, read off its tags: `target` where they name a task, `feature` where they say categorical,
 * continuous or embedding; any other column (untagged ones too) is ignored, as Merlin Models does.
 */
export function roleOf(column: Pick<Column, 'tags' | 'ignored'>): Role {
  if (column.ignored) return 'ignored'
  if (targetTags.some((tag) => hasTag(column.tags, tag))) return 'target'
  if (featureTags.some((tag) => hasTag(column.tags, tag))) return 'feature'
  return 'ignored'
}

/** How the model takes a feature in: ids looked up in a table, numbers, vectors; null for a column that is no feature. */
export function inputKind(column: Column): 'categorical' | 'continuous' | 'embedding' | null {
  if (roleOf(column) !== 'feature') return null
  if (hasTag(column.tags, 'categorical')) return 'categorical'
  return hasTag(column.tags, 'continuous') ? 'continuous' : 'embedding'
}

/** The task that a target's tags name; a target without one is judged by its type. */
export function taskOf(column: Column): 'binary' | 'multi_class' | 'regression' {
  if (hasTag(column.tags, 'multi_class')) return 'multi_class'
  if (hasTag(column.tags, 'regression')) return 'regression'
  if (hasTag(column.tags, 'binary') || hasTag(column.tags, 'classification')) return 'binary'
  return column.dtype.startsWith('float') ? 'regression' : 'binary'
}

/** The features of a schema in the order in which the model concatenates them: ASCII order of their names. */
export function featuresOf(schema: Schema): Column[] {
  return schema.columns
    .filter((column) => roleOf(column) === 'feature')
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

/** The targets of a schema, in its order. */
export function targetsOf(schema: Schema): Column[] {
  return schema.columns.filter((column) => roleOf(column) === 'target')
}

/** The name of the table that a categorical column looks its vectors up in: that of its domain, else its own. */
export function tableName(column: Column): string {
  return column.domain?.name || column.name
}
