import { createRequire } from 'node:module'
import { join } from 'node:path'
import util from 'node:util'
import type * as TensorFlowJs from '@tensorflow/tfjs-node-gpu'
import type { Rank, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-node-gpu'
import { inputWidth, type Task } from '../task'
import { readRows, readTable, shuffled } from './rows'
import { serve } from './serve'
import { StreamingAuc } from './streamingAuc'

/**
 * The task's DCN in eager TensorFlow.js, as one would write it with tfjs-node: operations one by one and
 * `optimizer.minimize`, on the same TensorFlow libraries as Graft. The engine's folder is the second parameter.
 */
const tf = loadTensorFlowJs(process.argv[3] ?? '')

/** tfjs-node asks node-pre-gyp for its native part and calls two functions that Node 23 took away. */
function loadTensorFlowJs(engine: string): typeof TensorFlowJs {
  const require = createRequire(import.meta.url)
  const finder = require.resolve('@mapbox/node-pre-gyp')
  require(finder)
  const loaded = require.cache[finder]
  if (loaded) loaded.exports = { find: () => join(engine, 'tfjs_binding.node') }
  if (!('isNullOrUndefined' in util)) {
    Object.assign(require('node:util'), {
      isNullOrUndefined: (value: unknown) => value === null || value === undefined,
      isArray: Array.isArray,
    })
  }
  return require('@tensorflow/tfjs-node-gpu')
}

interface Dense {
  readonly kernel: Variable<Rank.R2>
  readonly bias: Variable<Rank.R1>
}

function dense(inputs: number, outputs: number, deviation: number): Dense {
  return {
    kernel: tf.variable(tf.truncatedNormal<Rank.R2>([inputs, outputs], 0, deviation)),
    bias: tf.variable(tf.zeros<Rank.R1>([outputs])),
  }
}

const glorot = (inputs: number, outputs: number): Dense =>
  dense(inputs, outputs, Math.sqrt(2 / (inputs + outputs)))

const apply = (layer: Dense, x: Tensor2D): Tensor2D => tf.add(tf.matMul(x, layer.kernel), layer.bias)

async function tables(task: Task): Promise<Map<string, Variable<Rank.R2>>> {
  const made = new Map<string, Variable<Rank.R2>>()
  for (const { name, rows, width, frozen, weights } of task.categorical) {
    const values = weights
      ? tf.tensor2d(await readTable(weights, rows * width), [rows, width])
      : tf.randomUniform<Rank.R2>([rows, width], -0.05, 0.05)
    made.set(name, tf.variable(values, !frozen))
  }
  return made
}

const count = (variables: readonly Variable[]): number =>
  variables.reduce((sum, variable) => sum + variable.size, 0)

await serve(async (task) => {
  const rows = await readRows(task)
  const embeddings = await tables(task)
  const width = inputWidth(task)
  const crosses = Array.from({ length: task.crossLayers }, () => dense(width, width, 0.05))
  const deep = task.deepLayers.map((units, i) => glorot(task.deepLayers[i - 1] ?? width, units))
  const head = glorot(task.deepLayers.at(-1) ?? width, 1)
  const layers = [...crosses, ...deep, head]
  const variables = [...embeddings.values(), ...layers.flatMap(({ kernel, bias }) => [kernel, bias])]
  const names = [...embeddings.keys(), ...task.continuous].sort()
  const optimizer = tf.train.adagrad(task.learningRate, 0.1)

  /** One column of the batch as part of the input: its rows of the table, or its numbers. */
  const part = (name: string, index: Int32Array): Tensor2D => {
    const table = embeddings.get(name)
    const ids = rows.ids.get(name)
    if (table && ids)
      return tf.gather(
        table,
        tf.tensor1d(
          index.map((row) => ids[row] ?? 0),
          'int32',
        ),
      )
    const numbers = rows.numbers.get(name)
    const values = Float32Array.from(index, (row) => numbers?.[row] ?? 0)
    return tf.tensor2d(values, [index.length, 1])
  }

  const logits = (index: Int32Array): Tensor1D => {
    const first = tf.concat2d(
      names.map((name) => part(name, index)),
      1,
    ) // [batch, inputWidth]
    let x: Tensor2D = first
    for (const cross of crosses) x = tf.add(tf.mul(first, apply(cross, x)), x)
    for (const layer of deep) x = tf.relu(apply(layer, x))
    return tf.reshape(apply(head, x), [index.length])
  }

  const step = (index: Int32Array, auc: StreamingAuc): number =>
    tf.tidy(() => {
      const labels = Float32Array.from(index, (row) => rows.labels[row] ?? 0)
      const expected = tf.tensor1d(labels)
      const predicted: Tensor<Rank.R1>[] = []
      const loss = optimizer.minimize(() => {
        const output = logits(index)
        predicted.push(tf.keep(tf.sigmoid(output)))
        return tf.losses.sigmoidCrossEntropy(expected, output)
      }, true)
      for (const probabilities of predicted) {
        auc.add(probabilities.dataSync(), labels)
        probabilities.dispose()
      }
      return loss?.dataSync()[0] ?? NaN
    })

  return {
    facts: {
      version: `TensorFlow.js ${tf.version.tfjs}`,
      parameters: count(variables),
      trainableParameters: count(variables.filter((variable) => variable.trainable)),
    },
    epoch: async () => {
      const order = shuffled(rows.count)
      const auc = new StreamingAuc()
      let loss = 0
      for (let start = 0; start < rows.count; start += task.batchSize) {
        const index = order.subarray(start, start + task.batchSize)
        loss += step(index, auc) * index.length
      }
      return { rows: rows.count, loss: loss / rows.count, auc: auc.value() }
    },
  }
})
