import {
  addN,
  Graph,
  matMul,
  mul,
  randomNormal,
  runnable,
  slice,
  type Tensor,
  variable,
} from '../../../src-main/graph'
import { loadTensorFlow } from '../../../src-main/tensorflow/binding'
import { GraphSession } from '../../../src-main/tensorflow/session'
import { layerSizes, type Task } from '../task'
import { serve } from './serve'

/**
 * The matrix-product limit of a task: what is left of a training step of its DCN when everything but the matrix products is
 * taken away. Each layer has three, of the step's shapes and in the step's order: its output, its kernel's gradient and its
 * input's gradient (the first layer's too, as a graph that follows the model's formulas computes it; a step that avoids
 * products can pass this limit). The engine's folder is the second parameter.
 */
function productsOfStep(graph: Graph, task: Task): { init: Tensor; step: Tensor } {
  const sizes = layerSizes(task)
  const made = { count: 0 }
  const matrix = (rows: number, columns: number, scale: number) => {
    const number = made.count++
    const values = mul(randomNormal(graph, [rows, columns], [task.seed, number]), scale)
    const held = variable(graph, `matrix_${number}`, 'float32', [rows, columns])
    return { value: held.read(), assign: held.assign(values) }
  }
  // Scaled by the number of inputs so that values neither grow nor sink into denormal numbers, which are slow.
  const kernels = sizes.map(([inputs, outputs]) => matrix(inputs, outputs, 1 / Math.sqrt(inputs)))
  const input = matrix(task.batchSize, sizes[0]?.[0] ?? 1, 1)

  const inputs: Tensor[] = []
  let x = input.value
  for (const kernel of kernels) {
    inputs.push(x)
    x = matMul(x, kernel.value) // [batch, outputs]
  }
  const products: Tensor[] = []
  let gradient = x
  for (const [i, kernel] of [...kernels.entries()].reverse()) {
    const layerInput = inputs[i] ?? input.value
    products.push(matMul(layerInput, gradient, { transposeA: true })) // [inputs, outputs]
    gradient = matMul(gradient, kernel.value, { transposeB: true }) // [batch, inputs]
  }
  products.push(gradient)
  // One element of each result is asked for, or the graph optimizer would drop the product.
  const step = addN(products.map((product) => slice(product, [0, 0], [1, 1])))
  return { init: runnable(graph, 'init', [input.assign, ...kernels.map((kernel) => kernel.assign)]), step }
}

await serve(async (task) => {
  const tensorflow = loadTensorFlow(process.argv[3] ?? '')
  const graph = new Graph()
  const { init, step } = productsOfStep(graph, task)
  const session = await GraphSession.open(tensorflow, graph)
  session.run({}, [init.name])
  const call = session.prepare([], [step.name])
  const steps = 98
  return {
    facts: { version: `TensorFlow ${tensorflow.version}`, parameters: null, trainableParameters: null },
    epoch: async () => {
      for (let i = 0; i < steps; i++) call.run([])
      return { rows: steps * task.batchSize, loss: null, auc: null }
    },
  }
})
