import {
  constant,
  Graph,
  gradients,
  identity,
  nodeName,
  placeholder,
  placeholderWithDefault,
  range,
  reshape,
  runnable,
  saver,
  SparseGradient,
  variable,
  add,
  type Node,
  type Tensor,
  type Variable,
  shapeOf,
  slice,
} from '../graph'
import { GraftError } from '../contract/errors'
import {
  binaryCrossEntropy,
  buildModel,
  rowLayout,
  targetFeature,
  unpackRows,
  type BuiltModel,
  type ModelSpec,
  type RowLayout,
  type Weight,
} from '../model'
import { initializeSlot, initializeWeights } from './initialize'
import { findOptimizer } from './optimizers'
import { rowMemory } from './rowMemory'

/** Feeds and fetches of the step's graph, by the names of their tensors. */
export interface StepGraph {
  readonly graph: Graph
  readonly model: BuiltModel
  /** What the words of a row of the feed are. */
  readonly layout: RowLayout
  readonly feeds: {
    /**
     * int32 [batch, width of the layout]; of numbers it holds the bits of float32. Without it the rows come from the
     * session's memory, by `order`.
     */
    readonly rows: string
    /** Like `rows`, any number of them: what `load` keeps in the session. */
    readonly memory: string
    /** int32 [batch]: the rows of the memory that a step takes. */
    readonly order: string
    /** float32 []. */
    readonly learningRate: string
    /** int32 []. */
    readonly seed: string
    /** string []: prefix of the checkpoint. */
    readonly checkpoint: string
  }
  readonly fetches: {
    /** Gives every weight and slot its first value. Feeds: seed. */
    readonly init: string
    /** Keeps rows in the session. Feeds: memory. */
    readonly load: string
    /** Runs one whole step; the batch's mean loss before it. Feeds: order (or rows), learningRate. */
    readonly trainLoss: string
    /** The batch's mean loss, and nothing moves. Feeds: rows (or order). */
    readonly loss: string
    /** float32 [batch]. */
    readonly probability: string
    /** Feeds: checkpoint. */
    readonly save: string
    readonly restore: string
  }
  readonly access: ReadonlyMap<string, WeightAccess>
}

/** Reading and writing one weight from outside, table rows in pieces so that no table is ever copied whole. */
export interface WeightAccess {
  readonly weight: Weight
  /** float32 [n, width] or the weight's whole shape; feed it, and fetch `write`. */
  readonly value: string
  readonly write: string
  readonly read: string
  /** For a table: int32 scalars, the first row and the number of rows. */
  readonly first: string | null
  readonly count: string | null
}

/**
 * The whole of training as one TensorFlow graph: forward, loss, gradients and updates, evaluation, initial values,
 * checkpoints. Nothing is computed for frozen tables beyond the forward pass.
 */
export function buildStepGraph(spec: ModelSpec, optimizer: { name: string; settings: unknown }): StepGraph {
  const graph = new Graph()
  const batch = graph.dimension('batch')
  const layout = rowLayout(spec)
  const memory = rowMemory(graph, layout.width, batch)
  const rows = placeholderWithDefault(memory.batch, [batch, layout.width], { name: 'feed/rows' })
  const learningRate = placeholder(graph, 'feed/learning_rate', 'float32', [])
  const seed = placeholder(graph, 'feed/seed', 'int32', [])

  const features = unpackRows(rows, layout)
  const labels = features.get(targetFeature)
  if (!labels) throw new GraftError('internal', 'The rows have no target.')

  const model = buildModel(graph, spec, features)
  const loss = binaryCrossEntropy(labels, model.logits, model.probability)
  const updates = new UpdateBuilder(graph, learningRate)
  const steps = graph.scope('update', () => updates.build(model, loss.differentiable, optimizer))

  const init = runnable(graph, 'run/init', [
    ...initializeWeights(model.weights, seed),
    ...updates.initialize(),
  ])
  const trainLoss = identity(loss.mean, { name: 'run/train', control: steps })
  const checkpoint = saver(
    graph,
    model.weights.map((weight) => weight.variable),
  )
  return {
    graph,
    model,
    layout,
    feeds: {
      rows: rows.name,
      memory: memory.rows.name,
      order: memory.order.name,
      learningRate: learningRate.name,
      seed: seed.name,
      checkpoint: checkpoint.prefix.name,
    },
    fetches: {
      init: init.name,
      load: memory.load.name,
      trainLoss: trainLoss.name,
      loss: loss.mean.name,
      probability: model.probability.name,
      save: checkpoint.savedSignal.name,
      restore: checkpoint.restoredSignal.name,
    },
    access: new Map(model.weights.map((weight) => [weight.name, weightAccess(graph, weight)])),
  }
}

/** Writes an optimizer's updates into the graph and keeps the variables that it asks for. */
class UpdateBuilder {
  private readonly made: { slot: Variable; initial: number }[] = []

  constructor(
    private readonly graph: Graph,
    private readonly learningRate: Tensor,
  ) {}

  build(model: BuiltModel, loss: Tensor, chosen: { name: string; settings: unknown }): readonly Node[] {
    const trainable = model.weights.filter((weight) => weight.trainable)
    const found = gradients(
      loss,
      trainable.map((weight) => weight.variable),
    )
    const updates = findOptimizer(chosen.name).updates(
      {
        graph: this.graph,
        learningRate: this.learningRate,
        slot: (weight, name, initial) => this.keep(`${weight.name}/${name}`, weight.shape, initial),
        scalar: (name, initial) => this.keep(name, [], initial),
      },
      chosen.settings,
    )
    const steps: Node[] = []
    trainable.forEach(({ variable: weight }, i) => {
      const gradient = found[i]
      // A weight that the loss does not depend on (a tower of no layers) stays as it is.
      if (!gradient) return
      if (gradient instanceof SparseGradient) {
        const { indices, values } = gradient.summed()
        steps.push(updates.sparse(weight, indices, values))
      } else steps.push(updates.dense(weight, gradient))
    })
    return [...steps, ...updates.finish(steps)]
  }

  initialize(): Node[] {
    return this.made.map(({ slot, initial }) => initializeSlot(slot, initial))
  }

  private keep(name: string, shape: readonly number[], initial: number): Variable {
    const slot = variable(this.graph, name, 'float32', shape, { trainable: false })
    this.made.push({ slot, initial })
    return slot
  }
}

function weightAccess(graph: Graph, weight: Weight): WeightAccess {
  const { variable: target } = weight
  return graph.scope(`access/${nodeName(weight.name)}`, () => {
    if (!weight.table) {
      const value = placeholder(graph, 'value', 'float32', target.shape)
      const write = runnable(graph, 'write', [target.assign(value)])
      return {
        weight,
        value: value.name,
        write: write.name,
        read: target.read().name,
        first: null,
        count: null,
      }
    }
    const first = placeholder(graph, 'first', 'int32', [])
    const count = placeholder(graph, 'count', 'int32', [])
    const one = constant(graph, 1, 'int32')
    const value = placeholder(graph, 'value', 'float32', [-1, weight.table.width])
    const rows = reshape(slice(shapeOf(value), [0], [1]), [])
    const write = runnable(graph, 'write', [target.scatterUpdate(range(first, add(first, rows), one), value)])
    const read = target.gather(range(first, add(first, count), one))
    return {
      weight,
      value: value.name,
      write: write.name,
      read: read.name,
      first: first.name,
      count: count.name,
    }
  })
}
