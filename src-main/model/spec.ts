import { z } from 'zod'
import { GraftError } from '../contract/errors'

/** An embedding table: one for each vocabulary, shared by the columns that look it up. */
export const tableSpec = z.object({
  /** Id of the attached table, or the name of the vocabulary for one that starts at random. */
  name: z.string(),
  columns: z.array(z.string()).min(1),
  /** Ids 0 (unknown) to rows − 1. */
  rows: z.int().min(1),
  width: z.int().min(1),
  frozen: z.boolean(),
  /** Whether its first values come from a file of the project. */
  pretrained: z.boolean(),
})
export type TableSpec = z.infer<typeof tableSpec>

/** How a column of lists of ids is read and pooled. */
export const listSpec = z.object({
  /** The most items of a row that are read. */
  length: z.int().min(1),
  /** Which items of a longer list stay. */
  keep: z.enum(['first', 'last']),
  pooling: z.enum(['mean', 'sum', 'sqrtn', 'max']),
  /** A column of lists of numbers, each as long as the ids', or null. */
  weights: z.string().nullable(),
})
export type ListSpec = z.infer<typeof listSpec>

export const inputSpec = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('categorical'),
    column: z.string(),
    /** Name of the table that it looks up. */
    table: z.string(),
    /**
     * Expected number of distinct ids in a batch, where it is known: decides whether the first layer's share of this
     * column is computed once per distinct id or once per row.
     */
    distinctPerBatch: z.number().positive().nullable(),
    /** Of a column that holds a list of ids in each row; absent where it holds one. */
    list: listSpec.optional(),
  }),
  z.object({ kind: z.literal('continuous'), column: z.string() }),
  /** A column that holds `width` numbers in each row, taken in as they are. */
  z.object({ kind: z.literal('vector'), column: z.string(), width: z.int().min(1) }),
])
export type InputSpec = z.infer<typeof inputSpec>

/** Everything that a model is built from: plain data, frozen into the run. */
export const modelSpec = z.object({
  architecture: z.string(),
  /** Fits the architecture's own settings schema. */
  settings: z.record(z.string(), z.unknown()),
  /** In the order of concatenation: ASCII order of the column names. */
  inputs: z.array(inputSpec).min(1),
  tables: z.array(tableSpec),
  /** Rows of a step: what costs are weighed by. The graph takes any number of rows. */
  batchSize: z.int().min(1),
})
export type ModelSpec = z.infer<typeof modelSpec>

/** A column's numbers in the model's input vector. */
export function inputWidthOf(spec: ModelSpec, input: InputSpec): number {
  if (input.kind === 'continuous') return 1
  return input.kind === 'vector' ? input.width : tableOf(spec, input.table).width
}

/** Numbers of the whole input vector. */
export function totalInputWidth(spec: ModelSpec): number {
  return spec.inputs.reduce((sum, input) => sum + inputWidthOf(spec, input), 0)
}

export function tableOf(spec: ModelSpec, name: string): TableSpec {
  const table = spec.tables.find((candidate) => candidate.name === name)
  if (!table) throw new GraftError('internal', `The model has no table ${name}.`)
  return table
}
