/**
 * A symbolic TensorFlow graph: build it, differentiate it, write it as a SavedModel. Nothing here runs TensorFlow.
 *
 * ```ts
 * const graph = new Graph()
 * const batch = graph.dimension('batch')                         // an unknown size that is the same everywhere
 * const ids = placeholder(graph, 'ids', 'int32', [batch])
 * const labels = placeholder(graph, 'labels', 'float32', [batch, 1])
 * const rate = placeholder(graph, 'rate', 'float32', [])
 *
 * const table = variable(graph, 'table', 'float32', [1000, 16])
 * const kernel = variable(graph, 'kernel', 'float32', [16, 1])
 * const init = runnable(graph, 'init', [
 *   table.assign(randomUniform(graph, [1000, 16], [seed, 1])),   // a pair of numbers of its own for every draw
 *   kernel.assign(randomNormal(graph, [16, 1], [seed, 2])),
 * ])
 *
 * const logits = matMul(table.gather(ids), kernel.read())        // [batch, 1]
 * const loss = mean(sigmoidCrossEntropy(labels, logits))         // []
 *
 * const [dTable, dKernel] = gradients(loss, [table, kernel])     // SparseGradient, Tensor; null: does not depend on it
 * const updates = [
 *   graph.add('ResourceApplyGradientDescent', [kernel.handle, rate, dKernel]),
 *   table.scatterSub(rows.indices, mul(rows.values, rate)),      // with rows = dTable.summed()
 * ]
 * const train = identity(loss, { name: 'train', control: updates }) // fetching it runs the whole step
 *
 * await writeSavedModel(dir, { graph, signatures: { predict: { inputs: { ids }, outputs: { logits } } } })
 * ```
 * `graph.add(op, inputs, attributes)` takes any row of the op table; builders are shorthands for it. Frozen variables are
 * left out of `gradients`' list: nothing is built for them. `distinct(ids)` gives the distinct ids of a lookup and shares
 * its `Unique` with the sparse gradients: `gather(matMul(table.gather(values), kernel), positions)` computes a layer once
 * per distinct id. To give one table a gradient by parts, `split(kernel.read(), sizes, 0)` rejoins by itself.
 */
export * from './builders'
export { constantValue } from './constants'
export type { AttrInput, AttrValue, OpDefinition } from './definition'
export {
  type DType,
  dtypeBytes,
  dtypeNumbers,
  dtypeOf,
  isDType,
  isFloat,
  type TensorData,
  type TensorValue,
} from './dtypes'
export { GraphError } from './errors'
export { type Gradient, gradients } from './gradients'
export { Graph, Node, nodeName, type NodeOptions, Tensor } from './graph'
export { isOp, type OpName, ops } from './ops'
export { graphMessage } from './proto/encode'
export { decodeSavedModel } from './proto/messages'
export {
  type Asset,
  type SavedModelContent,
  savedModelBytes,
  type Signature,
  writeSavedModel,
} from './proto/saved-model'
export { rules } from './rules'
export { type Saver, saver } from './saver'
export { elements, isKnown, sameShape, type Shape, showShape } from './shape'
export { distinct, SparseGradient } from './sparse'
export { Variable, variable } from './variables'
