import {
  add,
  cast,
  constant,
  div,
  expandDims,
  gradients,
  greater,
  identity,
  mul,
  nodeName,
  onesLike,
  placeholderWithDefault,
  runnable,
  select,
  size,
  SparseGradient,
  sqrt,
  square,
  sum,
  unsortedSegmentSum,
  variable,
  type Graph,
  type Node,
  type Tensor,
  type Variable,
} from '../graph'
import { GraftError } from '../contract/errors'
import { useOf, type BuiltModel, type Lookup, type Weight } from '../model'
import { initializeSlot } from './initialize'
import { findOptimizer, type Updates } from './optimizers'

/**
 * How a table trains, by names of tensors.
 *
 * Every table has an update of its own to fetch, and TensorFlow computes nothing that no fetch needs. So a table is locked by
 * not fetching its update: no gradient is computed for it, its rows and its slots stay bit for bit as they are, and a lock
 * turned in mid-run is in force at the next step, whatever the table's size, without a second graph or a copied weight. (A
 * learning rate of 0 would not do: accumulators would grow and Adam's means would decay.) A table that is locked at the start
 * has its slots in the graph, but they hold no memory before it is unlocked.
 */
export interface TableTraining {
  readonly weight: Weight
  /** Fetch it with a step's loss to move the table. */
  readonly update: string
  /** Fetch it once before the first update of a table that was locked at the start; null where there is nothing to fill. */
  readonly fillSlots: string | null
  /** float32 []: what the learning rate is multiplied by; the table's own setting where it is not fed. */
  readonly scale: string
}

export interface StepUpdates {
  /** Of the dense weights, and what ends a step. */
  readonly dense: readonly Node[]
  /** Of the tables that are not locked at the start. */
  readonly open: readonly Node[]
  readonly tables: ReadonlyMap<string, TableTraining>
  /** First values of the slots of all that trains from the first step on. */
  readonly initialize: readonly Node[]
}

/**
 * Gradients and updates of a step. What trains from the first step on shares one walk back, in which nothing is computed that
 * only a locked table would need; a locked table's own walk is beside it, and costs nothing until it is fetched. (Where both
 * are, TensorFlow merges the nodes that they have in common.)
 * @param loss what is differentiated, a scalar
 * @param rows of the batch, a float32 scalar
 */
export function buildUpdates(
  graph: Graph,
  model: BuiltModel,
  step: { loss: Tensor; learningRate: Tensor; rows: Tensor },
  chosen: { name: string; settings: unknown },
): StepUpdates {
  return graph.scope('update', () => new UpdateBuilder(graph, model, step, chosen).build())
}

class UpdateBuilder {
  private readonly updates: Updates
  /** Slots by the name of their weight's variable; the optimizer's own scalars under ''. */
  private readonly slots = new Map<string, Node[]>()

  constructor(
    private readonly graph: Graph,
    private readonly model: BuiltModel,
    private readonly step: { loss: Tensor; learningRate: Tensor; rows: Tensor },
    chosen: { name: string; settings: unknown },
  ) {
    this.updates = findOptimizer(chosen.name).updates(
      {
        graph,
        learningRate: step.learningRate,
        slot: (weight, name, initial) =>
          this.keep(weight.name, `${weight.name}/${name}`, weight.shape, initial),
        scalar: (name, initial) => this.keep('', name, [], initial),
      },
      chosen.settings,
    )
  }

  build(): StepUpdates {
    const { weights } = this.model
    const trainable = weights.filter((weight) => weight.trainable)
    const found = gradients(
      this.step.loss,
      trainable.map((weight) => weight.variable),
    )
    const dense: Node[] = []
    const open: Node[] = []
    const tables = new Map<string, TableTraining>()
    trainable.forEach((weight, i) => {
      const gradient = found[i]
      // A weight that the loss does not depend on (a tower of no layers) stays as it is.
      if (!gradient) return
      if (!weight.table) {
        dense.push(this.updates.dense(weight.variable, asDense(gradient)))
        return
      }
      const { training, update } = this.table(weight, gradient)
      tables.set(weight.table.name, training)
      open.push(update)
    })
    const initialize = [...this.slots.values()].flat()
    for (const weight of weights) {
      if (weight.trainable || !weight.table) continue
      const [gradient] = gradients(this.step.loss, [weight.variable])
      if (gradient) tables.set(weight.table.name, this.table(weight, gradient).training)
    }
    return { dense: [...dense, ...this.updates.finish(dense)], open, tables, initialize }
  }

  /** Gradient → L2 → the optimizer's update → max norm. */
  private table(
    weight: Weight,
    gradient: Tensor | SparseGradient,
  ): { training: TableTraining; update: Node } {
    const { table, variable: rows, trainable } = weight
    const lookup = this.model.lookups.find((one) => one.weight === weight)
    if (!table || !lookup || !(gradient instanceof SparseGradient))
      throw new GraftError('internal', `${weight.name} is not looked up by id.`)
    const { learningRateScale, l2, maxNorm } = useOf(table)
    const name = nodeName(table.name)
    const scale = placeholderWithDefault(constant(this.graph, learningRateScale, 'float32'), [], {
      name: `scale/${name}`,
    })
    const { indices, values } = gradient.summed()
    const penalized = l2 > 0 ? add(values, this.l2Gradient(lookup, l2)) : values
    const moved = this.updates.sparse(rows, {
      ids: indices,
      before: lookup.rows,
      gradient: penalized,
      rate: mul(this.step.learningRate, scale),
    })
    const update = maxNorm === null ? moved : shorten(rows, indices, maxNorm, moved)
    const slots = this.slots.get(rows.name) ?? []
    const training: TableTraining = {
      weight,
      update: runnable(this.graph, `table/${name}`, [update]).name,
      fillSlots: trainable || slots.length === 0 ? null : runnable(this.graph, `slots/${name}`, slots).name,
      scale: scale.name,
    }
    return { training, update }
  }

  /**
   * The gradient of λ/2 · (1/n) Σ ‖row‖², summed over all rows that a batch of n looks up: λ · count / n · row for each
   * distinct id, however often it occurs. It is sparse as the lookup is; rows that no batch looks up do not shrink. The loss
   * that is shown leaves it out, so that runs with and without it can be compared.
   */
  private l2Gradient({ rows, positions, ids }: Lookup, l2: number): Tensor {
    const once = onesLike(cast(positions, 'float32')) // [n]
    const counts = unsortedSegmentSum(once, positions, size(ids)) // [u]
    return mul(rows, expandDims(mul(div(counts, this.step.rows), l2), 1)) // [u, width]
  }

  private keep(owner: string, name: string, shape: readonly number[], initial: number): Variable {
    const slot = variable(this.graph, name, 'float32', shape, { trainable: false })
    this.slots.set(owner, [...(this.slots.get(owner) ?? []), initializeSlot(slot, initial)])
    return slot
  }
}

function asDense(gradient: Tensor | SparseGradient): Tensor {
  return gradient instanceof SparseGradient ? gradient.dense() : gradient
}

/** Rows [u] that are longer than the limit once `moved` has run are scaled back to it; the others keep their bits. */
function shorten(table: Variable, ids: Tensor, limit: number, moved: Node): Node {
  return table.graph.after([moved], () => {
    const rows = table.gather(ids) // [u, width]
    const norms = sqrt(sum(square(rows), [1], { keepDims: true })) // [u, 1]
    const scaled = select(greater(norms, limit), mul(rows, div(limit, norms)), rows)
    return table.scatterUpdate(ids, scaled)
  })
}

/** A step's result, once these have run: what is fetched to take it. */
export function resultAfter(result: Tensor, name: string, updates: readonly Node[]): Tensor {
  return identity(result, { name, control: updates })
}
