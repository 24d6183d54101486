import {
  constant,
  cast,
  Graph,
  nodeName,
  placeholder,
  placeholderWithDefault,
  range,
  reshape,
  runnable,
  saver,
  size,
  add,
  concat,
  type Tensor,
  shapeOf,
  slice,
} from '../graph'
import { GraftError } from '../contract/errors'
import {
  buildModel,
  lossOf,
  rowLayout,
  targetFeature,
  taskOfModel,
  unpackRows,
  useOf,
  type BuiltModel,
  type ModelSpec,
  type RowLayout,
  type TrainingInputs,
  type Weight,
} from '../model'
import { initializeWeights } from './initialize'
import { findOptimizer } from './optimizers'
import { rowMemory } from './rowMemory'
import { buildUpdates, resultAfter, type TableTraining } from './updates'

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
    /** Like `rows`, any number of them: what `load` and `put` keep in the session. */
    readonly memory: string
    /** int32 [n]: under which numbers `put` keeps n rows. */
    readonly places: string
    /** int32 [batch]: the rows of the memory that a step takes. */
    readonly order: string
    /** float32 []; the optimizer's setting where it is not fed. */
    readonly learningRate: string
    /** int32 []. */
    readonly seed: string
    /** string []: prefix of the checkpoint. */
    readonly checkpoint: string
    /** Where some table has dropout: float32 [], 1 in training; int32 [], the run's seed; int32 [], the step from 1. */
    readonly dropout: { readonly on: string; readonly seed: string; readonly step: string } | null
  }
  readonly fetches: {
    /** Gives every weight and slot its first value. Feeds: seed. */
    readonly init: string
    /** Keeps rows in the session, in the place of all that there were. Feeds: memory. */
    readonly load: string
    /** Keeps rows in the place of some that are there. Feeds: memory, places. */
    readonly put: string
    /**
     * Runs one whole step with all tables that were unlocked at the start. float32 [1 + batch]: the batch's mean loss before
     * it and the probabilities, in one tensor since each that is fetched costs some microseconds. Feeds: order (or rows),
     * dropout.
     */
    readonly train: string
    /** The same without any table: fetched with the updates of those that are unlocked now. */
    readonly trainDense: string
    /** The batch's mean loss, and nothing moves. Feeds: rows (or order). */
    readonly loss: string
    /** float32 [batch]. */
    readonly probability: string
    /** Feeds: checkpoint. */
    readonly save: string
    readonly restore: string
  }
  readonly access: ReadonlyMap<string, WeightAccess>
  /** By name of the table; those that the loss depends on. */
  readonly tables: ReadonlyMap<string, TableTraining>
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
 * checkpoints. Nothing is computed for locked tables beyond the forward pass.
 * @param shards stretches of the batch that are computed side by side
 */
export function buildStepGraph(
  spec: ModelSpec,
  optimizer: { name: string; settings: unknown },
  shards = 1,
): StepGraph {
  const graph = new Graph()
  const batch = graph.dimension('batch')
  const layout = rowLayout(spec)
  const memory = rowMemory(graph, layout.width, batch)
  const rows = placeholderWithDefault(memory.batch, [batch, layout.width], { name: 'feed/rows' })
  const setting = findOptimizer(optimizer.name).settings.parse(optimizer.settings).learningRate
  const learningRate = placeholderWithDefault(constant(graph, setting, 'float32'), [], {
    name: 'feed/learning_rate',
  })
  const seed = placeholder(graph, 'feed/seed', 'int32', [])

  const features = unpackRows(rows, layout)
  const labels = features.get(targetFeature)
  if (!labels) throw new GraftError('internal', 'The rows have no target.')

  const training = dropoutInputs(graph, spec)
  const model = buildModel(graph, spec, features, training, shards)
  const loss = lossOf(taskOfModel(spec), labels, model)
  const updates = buildUpdates(
    graph,
    model,
    { loss: loss.differentiable, learningRate, rows: cast(size(labels), 'float32') },
    optimizer,
  )
  const init = runnable(graph, 'run/init', [...initializeWeights(model.weights, seed), ...updates.initialize])
  const result = concat([reshape(loss.mean, [1]), model.probability], 0) // [1 + batch]
  const train = resultAfter(result, 'run/train', [...updates.dense, ...updates.open])
  const trainDense = resultAfter(result, 'run/train_dense', updates.dense)
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
      places: memory.places.name,
      order: memory.order.name,
      learningRate: learningRate.name,
      seed: seed.name,
      checkpoint: checkpoint.prefix.name,
      dropout: training && {
        on: training.dropout.name,
        seed: training.seed.name,
        step: training.step.name,
      },
    },
    fetches: {
      init: init.name,
      load: memory.load.name,
      put: memory.put.name,
      train: train.name,
      trainDense: trainDense.name,
      loss: loss.mean.name,
      probability: model.probability.name,
      save: checkpoint.savedSignal.name,
      restore: checkpoint.restoredSignal.name,
    },
    access: new Map(model.weights.map((weight) => [weight.name, weightAccess(graph, weight)])),
    tables: updates.tables,
  }
}

/** Inputs that a model without dropout does not need, and is not given: a feed costs some microseconds a step. */
function dropoutInputs(graph: Graph, spec: ModelSpec): TrainingInputs | null {
  if (spec.tables.every((table) => useOf(table).dropout === 0)) return null
  const input = (name: string, dtype: 'float32' | 'int32'): Tensor =>
    placeholderWithDefault(constant(graph, 0, dtype), [], { name })
  return {
    dropout: input('feed/dropout', 'float32'),
    seed: input('feed/dropout_seed', 'int32'),
    step: input('feed/step', 'int32'),
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
