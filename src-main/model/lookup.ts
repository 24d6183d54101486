import {
  concat,
  distinct,
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
import type { ModelBuilder, Weight } from './builder'
import { describePooling, listItems, pool, type ListItems } from './pooling'
import { useOf, type ListSpec, type TableSpec } from './spec'
import {
  describeProjection,
  describeTable,
  dropped,
  learns,
  project,
  withResidual,
  type UsedTable,
} from './uses'

/**
 * The columns of a batch, by name: ids int32 or int64 [batch], numbers float32 [batch], vectors float32 [batch, width],
 * lists as {@link listItems} takes them.
 */
export type Features = ReadonlyMap<string, Tensor>

/** The rows that a table gives one of its columns, residual, dropout and projection done. */
export interface ColumnRows {
  /** Row by row of the batch: [batch, width]. */
  readonly values: Tensor
  /** The same by distinct id, where that is the same: lists are pooled, and dropout is drawn for every row of the batch. */
  readonly distinct: DistinctRows | null
  /** Whether training needs the gradient of the values. */
  readonly trainable: boolean
  /** The layer of the diagram that gives them. */
  readonly layer: string
}

/** Rows of the distinct ids of a batch. */
export interface DistinctRows {
  /** [u, width]. */
  readonly rows: Tensor
  /** Distinct ids: [u]. */
  readonly ids: Tensor
  /** Which of them each row of the batch takes: [batch]. */
  readonly positions: Tensor
  /** There are never more of them than this. */
  readonly most: number
}

/** A column that is looked up: its ids, and where it holds lists, what their items are. */
interface LookedColumn {
  readonly name: string
  /** [batch], or [items]. */
  readonly ids: Tensor
  readonly list: { readonly spec: ListSpec; readonly items: ListItems } | null
}

/** The distinct ids of the columns of one table. */
interface Ids {
  readonly values: Tensor // [u]
  /** Of all columns, one after the other: [n]. */
  readonly all: Tensor
  /** By column: [batch], or [items]. */
  readonly positions: readonly Tensor[]
}

export function feature(column: string, features: Features): Tensor {
  const tensor = features.get(column)
  if (!tensor) throw new GraftError('internal', `Column ${column} was not given to the model.`)
  return tensor
}

/** Reads every table once, and hands its columns their rows: by table, then by column. */
export function lookUp(
  builder: ModelBuilder,
  tables: readonly UsedTable[],
  features: Features,
): Map<string, Map<string, ColumnRows>> {
  const columnOf = lookedColumns(builder, features)
  const idsOf = sharedIds()
  return new Map(
    tables.map((used) => {
      const columns = used.table.columns.map(columnOf)
      const rows = builder.graph.scope(nodeName(used.table.name), () =>
        tableRows(builder, used, columns, idsOf(columns)),
      )
      return [used.table.name, rows]
    }),
  )
}

/** Columns by name, each with its place in the diagram made once, however many tables it looks up. */
function lookedColumns(builder: ModelBuilder, features: Features): (name: string) => LookedColumn {
  const known = new Map<string, LookedColumn>()
  const find = (name: string): LookedColumn => {
    const input = builder.spec.inputs.find((candidate) => candidate.column === name)
    const spec = input?.kind === 'categorical' ? input.list : undefined
    const list = spec ? { spec, items: listItems(name, spec, features) } : null
    const ids = list ? list.items.ids : feature(name, features)
    if (list) {
      const title = `${list.spec.pooling} of ${name}`
      columnLayer(builder, name, ids, `list, ${describePooling(list.spec)}`, title)
    } else columnLayer(builder, name, ids, 'categorical')
    return { name, ids, list }
  }
  return (name) => {
    const column = known.get(name) ?? builder.graph.scope(nodeName(name), () => find(name))
    known.set(name, column)
    return column
  }
}

export function columnLayer(
  builder: ModelBuilder,
  column: string,
  output: Tensor,
  detail: string,
  title = column,
): void {
  builder.layer({
    id: `column:${column}`,
    kind: 'column',
    title,
    inputs: [],
    output,
    weights: [],
    detail,
  })
}

function tableRows(
  builder: ModelBuilder,
  used: UsedTable,
  columns: readonly LookedColumn[],
  ids: Ids,
): Map<string, ColumnRows> {
  const { table, residual } = used
  const { dropout } = useOf(table)
  const own = rowsOf(builder, table, used.weight, ids)
  const rows = withResidual(own, residual && rowsOf(builder, residual.table, residual.weight, ids)) // [u, width]
  const drops = dropout > 0 && builder.training !== null
  const once = drops ? null : project(rows, used) // [u, width in use]
  const layer = tableLayers(builder, used, rows, once)
  return new Map(
    columns.flatMap(({ name, list }, i): [string, ColumnRows][] => {
      const positions = ids.positions[i]
      if (!positions) return []
      const each = once
        ? gather(once, positions)
        : project(dropped(builder, gather(rows, positions), dropout), used)
      const values = list ? pool(each, list.items, list.spec.pooling) : each // [batch, width in use]
      const byId = once && !list ? { rows: once, ids: ids.values, positions, most: table.rows } : null
      return [[name, { values, distinct: byId, trainable: learns(used), layer }]]
    }),
  )
}

/** The rows of the distinct ids, and the note of it that the sparse update needs: [u, width]. */
function rowsOf(builder: ModelBuilder, table: TableSpec, weight: Weight, ids: Ids): Tensor {
  const rows = weight.variable.gather(ids.values, { name: 'rows' })
  builder.lookups.push({ weight, table, ids: ids.values, positions: ids.all, rows })
  return rows
}

/** A table in the diagram, and its projection. Returns the layer that the rows come from. */
function tableLayers(builder: ModelBuilder, used: UsedTable, rows: Tensor, projected: Tensor | null): string {
  const { table, weight, residual, projection } = used
  const id = `table:${table.name}`
  builder.layer({
    id,
    kind: 'table',
    title: table.name,
    inputs: table.columns.map((column) => `column:${column}`),
    output: rows,
    weights: residual ? [weight, residual.weight] : [weight],
    detail: describeTable(table),
  })
  if (projection.length === 0) return id
  return builder.layer({
    id: `projection:${table.name}`,
    kind: 'dense',
    title: 'Projection',
    inputs: [id],
    output: projected ?? rows,
    weights: projection.flatMap(({ kernel, bias }) => [kernel, bias]),
    detail: describeProjection(table),
  }).id
}

/** The distinct ids of the columns of a table; tables of the same columns share them. */
function sharedIds(): (columns: readonly LookedColumn[]) => Ids {
  const known = new Map<string, Ids>()
  return (columns) => {
    const key = JSON.stringify(columns.map(({ name }) => name))
    const found = known.get(key) ?? distinctIds(columns.map(({ ids }) => ids))
    known.set(key, found)
    return found
  }
}

function distinctIds(columns: readonly Tensor[]): Ids {
  const [only] = columns
  if (!only) throw new GraftError('internal', 'A table has no column.')
  if (columns.length === 1) {
    const { values, positions } = distinct(only)
    return { values, all: positions, positions: [positions] }
  }
  if (columns.every((ids) => sameShape(ids.shape, only.shape))) {
    const { values, positions } = distinct(reshape(stack(columns), [-1]))
    return { values, all: positions, positions: unstack(reshape(positions, [columns.length, -1])) }
  }
  const { values, positions } = distinct(concat(columns, 0))
  return { values, all: positions, positions: splitLike(positions, columns) }
}
