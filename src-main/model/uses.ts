import {
  add,
  biasAdd,
  cast,
  constant,
  dropout,
  matMul,
  mul,
  nodeName,
  randomUniform,
  relu,
  shapeOf,
  stack,
  type Tensor,
} from '../graph'
import { glorotUniform, type ModelBuilder, type TrainingInputs, type Weight } from './builder'
import { residualOf, useOf, widthInUse, type TableSpec } from './spec'

/** A dense layer of a projection. */
interface Dense {
  readonly kernel: Weight
  readonly bias: Weight
}

/** A table with the weights that its use asks for. */
export interface UsedTable {
  readonly table: TableSpec
  readonly weight: Weight
  /** Trained rows that are added to its own, or null. */
  readonly residual: { readonly table: TableSpec; readonly weight: Weight } | null
  /** The projection's layers, first to last: none, one, or two around a ReLU. */
  readonly projection: readonly Dense[]
}

/**
 * Makes the weights of all tables: first the tables themselves, so that adding a residual or a projection to one leaves the
 * first random values of all tables as they were.
 */
export function usedTables(builder: ModelBuilder): UsedTable[] {
  const { tables } = builder.spec
  const weights = tables.map((table) => ({ table, weight: builder.table(table) }))
  return weights.map(({ table, weight }) => {
    const residual = residualOf(table)
    return {
      table,
      weight,
      residual: residual && { table: residual, weight: builder.table(residual, { kind: 'zeros' }) },
      projection: projectionWeights(builder, table),
    }
  })
}

/** Kernels start Glorot uniform and biases at 0, as everywhere else. */
function projectionWeights(builder: ModelBuilder, table: TableSpec): Dense[] {
  const { projection } = useOf(table)
  if (!projection) return []
  const name = `projection/${nodeName(table.name)}`
  const layer = (place: string, inputs: number, units: number): Dense => ({
    kernel: builder.weight(`${place}/kernel`, [inputs, units], glorotUniform(inputs, units)),
    bias: builder.weight(`${place}/bias`, [units], { kind: 'zeros' }),
  })
  if (projection.hidden === null) return [layer(name, table.width, projection.width)]
  return [
    layer(`${name}/hidden`, table.width, projection.hidden),
    layer(name, projection.hidden, projection.width),
  ]
}

/** Whether training needs the gradient of the rows that the table gives the model. */
export function learns({ table, residual, projection }: UsedTable): boolean {
  return !table.frozen || residual !== null || projection.length > 0
}

/** rows + residual: [u, width]. The residual's rows are looked up with the table's ids. */
export function withResidual(rows: Tensor, residual: Tensor | null): Tensor {
  return residual ? add(rows, residual) : rows
}

/** x W + b, or relu(x V + c) W + b: [n, width] → [n, projected width]; rows pass where there is no projection. */
export function project(rows: Tensor, { projection }: UsedTable): Tensor {
  return projection.reduce(
    (x, { kernel, bias }, i) =>
      biasAdd(matMul(i === 0 ? x : relu(x), kernel.variable.read()), bias.variable.read()),
    rows,
  )
}

/**
 * Inverted dropout (Srivastava et al. 2014) of looked-up rows, row by row of the batch, as Keras' Dropout after an Embedding
 * does it: each number is kept with probability 1 − rate and divided by it. The switch multiplies the rate, so that a pass
 * with the switch at 0 is the very rows, bit for bit.
 *
 * The numbers are drawn statelessly (Philox) from the pair (seed, step · 2²⁰ + place), int64: the same seed gives the same
 * masks, and no pair is one that first weights are drawn from, (seed, i) with i < 2²⁰, as steps count from 1.
 * @param rows [n, width]
 */
export function dropped(builder: ModelBuilder, rows: Tensor, rate: number): Tensor {
  const { training, graph } = builder
  if (rate === 0 || !training) return rows
  const uniform = randomUniform(graph, shapeOf(rows), drawPair(training, builder.nextDraw()))
  return dropout(rows, mul(training.dropout, rate), uniform)
}

function drawPair({ seed, step }: TrainingInputs, place: number): Tensor {
  const { graph } = seed
  const first = mul(cast(step, 'int64'), constant(graph, 2 ** 20, 'int64'))
  return stack([cast(seed, 'int64'), add(first, constant(graph, place, 'int64'))])
}

/** What the diagram says of a table: its size, and what is done with its rows. */
export function describeTable(table: TableSpec): string {
  const use = useOf(table)
  const said = [`${table.rows.toLocaleString('en-US')} × ${table.width}`]
  if (table.pretrained) said.push('pretrained')
  if (table.frozen)
    said.push(use.unfreezeAtEpoch === null ? 'frozen' : `frozen until epoch ${use.unfreezeAtEpoch}`)
  if (use.residual) said.push('plus a trained residual')
  if (use.dropout > 0) said.push(`dropout ${use.dropout}`)
  return said.join(', ')
}

/** What the diagram says of a projection. */
export function describeProjection(table: TableSpec): string {
  const hidden = useOf(table).projection?.hidden ?? null
  const through = hidden === null ? '' : `${hidden} (ReLU) → `
  return `${table.width} → ${through}${widthInUse(table)}, learned`
}
