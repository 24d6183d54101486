import {
  concat,
  distinct,
  expandDims,
  gather,
  nodeName,
  reshape,
  sameShape,
  splitLike,
  stack,
  unstack,
  type Tensor,
} from '../graph'
import { GraftError } from '../contract/errors'
import type { Layer, Lookup, ModelBuilder, Weight } from './builder'
import { describePooling, listItems, pool } from './pooling'
import { inputWidthOf, type InputSpec, type TableSpec } from './spec'

/**
 * The columns of a batch, by name: ids int32 or int64 [batch], numbers float32 [batch], vectors float32 [batch, width],
 * lists as {@link listItems} takes them.
 */
export type Features = ReadonlyMap<string, Tensor>

/** A column's stretch of the input vector. */
export interface InputPart {
  readonly input: InputSpec
  /** Where it begins in the input vector. */
  readonly offset: number
  readonly width: number
  /** Its numbers, row by row: [batch, width]. */
  readonly values: Tensor
  /** The layer of the diagram that gives them. */
  readonly layer: string
  /** For a column of one id a row: the rows of its distinct ids, and which of them each row of the batch takes [batch]. */
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
      const part = input.kind === 'categorical' ? looked.get(input.column) : asItIs(builder, input, features)
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
      inputs: parts.map((part) => part.layer),
      output: vector,
      weights: [],
      detail: `${parts.length} columns side by side, in ASCII order of their names`,
    })
    return { parts, width: offset, vector, layer }
  })
}

const tableLayerId = (table: string): string => `table:${table}`

type Unplaced = Pick<InputPart, 'values' | 'distinct' | 'trainable' | 'layer'>

function feature(column: string, features: Features): Tensor {
  const tensor = features.get(column)
  if (!tensor) throw new GraftError('internal', `Column ${column} was not given to the model.`)
  return tensor
}

/** A number or a vector, which goes in as it is. */
function asItIs(builder: ModelBuilder, { kind, column }: InputSpec, features: Features): Unplaced {
  const given = feature(column, features)
  const values = kind === 'vector' ? given : expandDims(given, 1, { name: nodeName(column) }) // [batch, width]
  builder.layer({
    id: `column:${column}`,
    kind: 'column',
    title: column,
    inputs: [],
    output: values,
    weights: [],
    detail: kind,
  })
  return { values, distinct: null, trainable: false, layer: `column:${column}` }
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
      const lists = table.columns.map((column) => {
        const input = builder.spec.inputs.find((candidate) => candidate.column === column)
        const list = input?.kind === 'categorical' ? input.list : undefined
        return list && { list, items: listItems(column, list, features) }
      })
      const ids = table.columns.map((column, i) => lists[i]?.items.ids ?? feature(column, features))
      for (const [i, column] of table.columns.entries())
        builder.layer({
          id: `column:${column}`,
          kind: 'column',
          title: column,
          inputs: [],
          output: ids[i] ?? feature(column, features),
          weights: [],
          detail: lists[i] ? `list, ${describePooling(lists[i].list)}` : 'categorical',
        })
      const { values, positions } = distinctIds(ids)
      const rows = weight.variable.gather(values, { name: 'rows' }) // [u, width]
      const lookup: Lookup = { weight, table, ids: values, rows }
      builder.lookups.push(lookup)
      const looked = positions.map((position, i) => {
        const vectors = gather(rows, position)
        return lists[i] ? pool(vectors, lists[i].items, lists[i].list.pooling) : vectors
      }) // each [batch, width]
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
          distinct: lists[i] ? null : { lookup, positions: position },
          layer: tableLayerId(table.name),
          trainable: !table.frozen,
        })
      })
    })
  }
  return parts
}

/** The distinct ids of several columns of one table [u], and for each column where its ids are among them. */
function distinctIds(columns: readonly Tensor[]): { values: Tensor; positions: readonly Tensor[] } {
  const [only] = columns
  if (only && columns.length === 1) {
    const { values, positions } = distinct(only)
    return { values, positions: [positions] }
  }
  if (columns.every((ids) => sameShape(ids.shape, only?.shape ?? null))) {
    const { values, positions } = distinct(reshape(stack(columns), [-1]))
    return { values, positions: unstack(reshape(positions, [columns.length, -1])) }
  }
  const { values, positions } = distinct(concat(columns, 0))
  return { values, positions: splitLike(positions, columns) }
}
