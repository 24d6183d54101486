import { z } from 'zod'
import { combination, tableUse, task, type Combination, type TableUse, type Task } from '../contract/document'
import { GraftError } from '../contract/errors'

/** An embedding table: one for each vocabulary, shared by the columns that look it up. */
export const tableSpec = z.object({
  /** Id of the attached table, or the name of the vocabulary for one that starts at random. */
  name: z.string(),
  columns: z.array(z.string()).min(1),
  /** Ids 0 (unknown) to rows − 1. */
  rows: z.int().min(1),
  width: z.int().min(1),
  /** Whether it is locked when the run begins. */
  frozen: z.boolean(),
  /** Whether its first values come from a file of the project. */
  pretrained: z.boolean(),
  /** How its rows enter and learn; absent where all is as usual, and in runs of versions that knew no other way. */
  use: tableUse.optional(),
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
    /** Name of the table that it looks up, the first one where there are several. */
    table: z.string(),
    /** The other tables that it looks up with the same ids, and what becomes of their rows. */
    more: z.array(z.string()).optional(),
    combination: combination.optional(),
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
  /** What the head predicts: the probability of class 1, or a number; absent where it is a probability. */
  task: task.optional(),
})
export type ModelSpec = z.infer<typeof modelSpec>

export function taskOfModel(spec: Pick<ModelSpec, 'task'>): Task {
  return spec.task ?? 'binary'
}

export type CategoricalInput = Extract<InputSpec, { kind: 'categorical' }>

/** How the rows of a table enter the model and learn, defaults where the spec says nothing. */
export function useOf(table: TableSpec): TableUse {
  return table.use ?? usual
}
const usual = tableUse.parse({})

/**
 * The trained table whose rows are added to those of this one, or null. It is a table of its own, in checkpoints, proofs and
 * exports too: as many rows, as wide, at first zero.
 */
export function residualOf(table: TableSpec): TableSpec | null {
  const use = useOf(table)
  if (!use.residual) return null
  return {
    ...table,
    name: `${table.name}.residual`,
    frozen: false,
    pretrained: false,
    use: { ...usual, ...learning(use) },
  }
}

/** What of a table's use is about how its rows learn. */
const learning = ({ learningRateScale, l2, maxNorm }: TableUse): Partial<TableUse> => ({
  learningRateScale,
  l2,
  maxNorm,
})

/** Every table that the model keeps: those looked up, each followed by its residual. */
export function storedTables(spec: ModelSpec): TableSpec[] {
  return spec.tables.flatMap((table) => {
    const residual = residualOf(table)
    return residual ? [table, residual] : [table]
  })
}

/** Numbers that a looked-up row of the table gives the model: its projection's width, or its own. */
export function widthInUse(table: TableSpec): number {
  return useOf(table).projection?.width ?? table.width
}

/** The tables that a column looks up, in the order of their rows. */
export function tablesOf(spec: ModelSpec, input: CategoricalInput): TableSpec[] {
  return [input.table, ...(input.more ?? [])].map((name) => tableOf(spec, name))
}

export function combinationOf(input: CategoricalInput): Combination {
  return input.combination ?? 'concat'
}

/** Ids of a column: 0 to this, the largest that all of its tables have a row for. */
export function largestId(spec: ModelSpec, input: CategoricalInput): number {
  return Math.min(...tablesOf(spec, input).map((table) => table.rows)) - 1
}

/** A column's numbers in the model's input vector. */
export function inputWidthOf(spec: ModelSpec, input: InputSpec): number {
  if (input.kind === 'continuous') return 1
  if (input.kind === 'vector') return input.width
  const widths = tablesOf(spec, input).map(widthInUse)
  return combinationOf(input) === 'sum' ? (widths[0] ?? 0) : widths.reduce((sum, width) => sum + width, 0)
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
