import {
  concat,
  distinct,
  expandDims,
  gather,
  nodeName,
  reshape,
  stack,
  unstack,
  type Tensor,
} from '../graph'
import { GraftError } from '../contract/errors'
import type { Layer, Lookup, ModelBuilder, Weight } from './builder'
import { inputWidthOf, type InputSpec, type TableSpec } from './spec'

/** The columns of a batch, by name: ids int32 or int64 [batch], numbers float32 [batch]. */
export type Features = ReadonlyMap<string, Tensor>

/** A column's stretch of the input vector. */
export interface InputPart {
  readonly input: InputSpec
  /** Where it begins in the input vector. */
  readonly offset: number
  readonly width: number
  /** Its numbers, row by row: [batch, width]. */
  readonly values: Tensor
  /** For a looked-up column: the rows of its distinct ids, and which of them each row of the batch takes [batch]. */
  readonly distinct: { readonly lookup: Lookup; readonly positions: Tensor } | null
  /** Whether training needs the gradient of its numbers. */
  readonly trainable: boolean
}

/** All columns side by side: what the first layers take. */
export interface InputBlock {
  readonly parts: readonly InputPart[]
  readonly width: number
  /** The parts, concatenated: [batch, width]. */
  readonly vector: Tensor
  readonly layer: Layer
}

/**
 * Looked-up tables and continuous columns, concatenated in the order of the model's inputs (ASCII order of the column
 * names). Every table reads the rows of a batch's distinct ids once; its gradient is summed by distinct id, too.
 */
export function inputBlock(builder: ModelBuilder, features: Features): InputBlock {
  const { graph, spec } = builder
  const tables = spec.tables.map((table) => ({ table, weight: builder.table(table) }))
  return graph.scope('input', () => {
    const looked = lookUp(builder, tables, features)
    let offset = 0
    const parts = spec.inputs.map((input): InputPart => {
      const width = inputWidthOf(spec, input)
      const part =
        input.kind === 'continuous' ? continuous(builder, input.column, features) : looked.get(input.column)
      if (!part) throw new GraftError('internal', `Column ${input.column} has no table in the model.`)
      const placed = { ...part, input, offset, width }
      offset += width
      return placed
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
      inputs: parts.map((part) =>
        part.distinct ? tableLayerId(part.distinct.lookup.table.name) : columnId(part.input),
      ),
      output: vector,
      weights: [],
      detail: `${parts.length} columns side by side, in ASCII order of their names`,
    })
    return { parts, width: offset, vector, layer }
  })
}

const columnId = (input: InputSpec): string => `column:${input.column}`
const tableLayerId = (table: string): string => `table:${table}`

type Unplaced = Pick<InputPart, 'values' | 'distinct' | 'trainable'>

function feature(column: string, features: Features): Tensor {
  const tensor = features.get(column)
  if (!tensor) throw new GraftError('internal', `Column ${column} was not given to the model.`)
  return tensor
}

function continuous(builder: ModelBuilder, column: string, features: Features): Unplaced {
  const values = expandDims(feature(column, features), 1, { name: nodeName(column) })
  builder.layer({
    id: `column:${column}`,
    kind: 'column',
    title: column,
    inputs: [],
    output: values,
    weights: [],
    detail: 'continuous',
  })
  return { values, distinct: null, trainable: false }
}

/** Reads every table once, and hands its columns their rows. */
function lookUp(
  builder: ModelBuilder,
  tables: readonly { table: TableSpec; weight: Weight }[],
  features: Features,
): Map<string, Unplaced> {
  const parts = new Map<string, Unplaced>()
  for (const { table, weight } of tables) {
    builder.graph.scope(nodeName(table.name), () => {
      const ids = table.columns.map((column) => feature(column, features))
      for (const [i, column] of table.columns.entries())
        builder.layer({
          id: `column:${column}`,
          kind: 'column',
          title: column,
          inputs: [],
          output: ids[i] ?? feature(column, features),
          weights: [],
          detail: 'categorical',
        })
      const { values, positions } = distinctIds(ids)
      const rows = weight.variable.gather(values, { name: 'rows' }) // [u, width]
      const lookup: Lookup = { weight, table, ids: values, rows }
      builder.lookups.push(lookup)
      const looked = positions.map((position) => gather(rows, position)) // each [batch, width]
      const [first] = looked
      if (!first) throw new GraftError('internal', `Table ${table.name} has no column.`)
      builder.layer({
        id: tableLayerId(table.name),
        kind: 'table',
        title: table.name,
        inputs: table.columns.map((column) => `column:${column}`),
        output: first,
        weights: [weight],
        detail: `${table.rows.toLocaleString('en-US')} × ${table.width}${table.pretrained ? ', pretrained' : ''}${table.frozen ? ', frozen' : ''}`,
      })
      table.columns.forEach((column, i) => {
        const [position, value] = [positions[i], looked[i]]
        if (!position || !value) return
        parts.set(column, {
          values: value,
          distinct: { lookup, positions: position },
          trainable: !table.frozen,
        })
      })
    })
  }
  return parts
}

/** The distinct ids of several columns of one table [u], and for each column where its ids are among them [batch]. */
function distinctIds(columns: readonly Tensor[]): { values: Tensor; positions: readonly Tensor[] } {
  const [only] = columns
  if (only && columns.length === 1) {
    const { values, positions } = distinct(only)
    return { values, positions: [positions] }
  }
  const { values, positions } = distinct(reshape(stack(columns), [-1]))
  return { values, positions: unstack(reshape(positions, [columns.length, -1])) }
}
