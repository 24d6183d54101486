import { add, concat, expandDims, gather, nodeName, type Tensor } from '../graph'
import { GraftError } from '../contract/errors'
import type { Layer, ModelBuilder } from './builder'
import { columnLayer, feature, lookUp, type ColumnRows, type Features } from './lookup'
import { combinationOf, tablesOf, type CategoricalInput, type InputSpec } from './spec'
import { usedTables } from './uses'

export { type Features } from './lookup'

/** A stretch of the input vector: numbers as they are, or what a column looked up in one of its tables. */
export interface InputPart extends ColumnRows {
  readonly input: InputSpec
  /** Where it begins in the input vector. */
  readonly offset: number
  readonly width: number
}

/** All columns side by side: what the first layers take. */
export interface InputBlock {
  readonly parts: readonly InputPart[]
  readonly width: number
  /** Rows of a usual step: what costs are weighed by. */
  readonly usualRows: number
  /** The parts, concatenated: [batch, width]. */
  readonly vector: Tensor
  readonly layer: Layer
}

/**
 * Looked-up tables and continuous columns, concatenated in the order of the model's inputs (ASCII order of the column
 * names); several tables of one column in the order in which they were attached, unless they are summed. Every table reads
 * the rows of a batch's distinct ids once; its gradient is summed by distinct id, too.
 */
export function inputBlock(builder: ModelBuilder, features: Features): InputBlock {
  const { graph, spec } = builder
  const tables = usedTables(builder)
  return graph.scope('input', () => {
    const looked = lookUp(builder, tables, features)
    let offset = 0
    const parts = spec.inputs.flatMap((input): InputPart[] => {
      const found =
        input.kind === 'categorical'
          ? combined(builder, input, rowsFor(builder, input, looked))
          : [asItIs(builder, input, features)]
      return found.map((part) => {
        const width = part.values.shape?.[1] ?? 0
        const placed = { ...part, input, offset, width }
        offset += width
        return placed
      })
    })
    const vector = concat(
      parts.map((part) => part.values),
      1,
      { name: 'vector' },
    )
    const layer = builder.layer({
      id: 'input',
      kind: 'concat',
      title: 'Input',
      inputs: parts.map((part) => part.layer),
      output: vector,
      weights: [],
      detail: `${spec.inputs.length} columns side by side, in ASCII order of their names`,
    })
    return { parts, width: offset, usualRows: spec.batchSize, vector, layer }
  })
}

/** A number or a vector, which goes in as it is. */
function asItIs(builder: ModelBuilder, { kind, column }: InputSpec, features: Features): ColumnRows {
  const given = feature(column, features)
  const values = kind === 'vector' ? given : expandDims(given, 1, { name: nodeName(column) }) // [batch, width]
  columnLayer(builder, column, values, kind)
  return { values, distinct: null, trainable: false, layer: `column:${column}` }
}

/** What a column's tables give it, one after the other. */
function rowsFor(
  { spec }: ModelBuilder,
  input: CategoricalInput,
  looked: ReadonlyMap<string, ReadonlyMap<string, ColumnRows>>,
): ColumnRows[] {
  return tablesOf(spec, input).map(({ name }) => {
    const rows = looked.get(name)?.get(input.column)
    if (!rows) throw new GraftError('internal', `Table ${name} does not have column ${input.column}.`)
    return rows
  })
}

/** Side by side, or added up: by distinct id where all tables were looked up with the same ids. */
function combined(builder: ModelBuilder, input: CategoricalInput, rows: readonly ColumnRows[]): ColumnRows[] {
  if (combinationOf(input) === 'concat' || rows.length < 2) return [...rows]
  const sum = (parts: readonly Tensor[]): Tensor => parts.reduce((total, part) => add(total, part))
  const byId = rows.flatMap(({ distinct }) => distinct ?? [])
  const [first] = byId
  const together = first && byId.length === rows.length && byId.every(({ ids }) => ids === first.ids)
  const distinct = together ? { ...first, rows: sum(byId.map((one) => one.rows)) } : null
  const values = distinct ? gather(distinct.rows, distinct.positions) : sum(rows.map((one) => one.values))
  const layer = builder.layer({
    id: `sum:${input.column}`,
    kind: 'concat',
    title: `Sum of ${input.column}`,
    inputs: rows.map((one) => one.layer),
    output: values,
    weights: [],
    detail: `the rows of ${rows.length} tables, added up`,
  })
  return [{ values, distinct, trainable: rows.some((one) => one.trainable), layer: layer.id }]
}
