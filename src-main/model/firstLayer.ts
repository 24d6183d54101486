import { add, concat, gather, matMul, split, type Tensor } from '../graph'
import type { InputBlock, InputPart } from './inputs'

/**
 * Costs within a step, measured on two cores with AVX-512 (TensorFlow 2.21, oneDNN), in nanoseconds for both cores together.
 * They only tell which of two equal ways is the quicker one: with a batch of 1024 and few distinct ids, tables from about
 * 200 numbers on.
 */
const costs = {
  /** One multiply-add of a matrix product. */
  multiplyAdd: 0.0135,
  /** One element of the output gathered (1.2), added (0.6), and summed by segment on the way back (3.2). */
  spread: 5,
}

/**
 * Whether the share of a column in the first layer is better computed once per distinct id of the batch and then spread
 * to the rows: the products (forward, kernel gradient, and input gradient of a trainable table) shrink by
 * batch / distinct, and spreading costs one gather, one addition and one segment sum of the output.
 */
export function paysPerDistinctId(part: InputPart, units: number, batchSize: number): boolean {
  if (part.input.kind !== 'categorical' || !part.distinct) return false
  const distinct = Math.min(part.input.distinctPerBatch ?? batchSize, batchSize, part.distinct.most)
  const products = part.trainable ? 3 : 2
  const saved = products * part.width * units * (batchSize - distinct) * costs.multiplyAdd
  return saved > batchSize * units * costs.spread
}

/**
 * input · kernel, for a layer that reads the whole input: [batch, width] · [width, units] → [batch, units].
 *
 * Columns with few distinct ids go through the product once per distinct id. The result is the product's, up to the order
 * of its sums.
 */
export function inputProduct(block: InputBlock, kernel: Tensor): Tensor {
  const units = kernel.shape?.[1] ?? 0
  const perDistinct = block.parts.filter((part) => paysPerDistinctId(part, units, block.usualRows))
  if (perDistinct.length === 0) return matMul(block.vector, kernel)

  const kernels = split(
    kernel,
    block.parts.map((part) => part.width),
    0,
  )
  const rowsOf = (parts: readonly InputPart[]): Tensor =>
    concat(
      parts.flatMap((part) => kernels[block.parts.indexOf(part)] ?? []),
      0,
    )
  const rest = block.parts.filter((part) => !perDistinct.includes(part))
  const products: Tensor[] = []
  if (rest.length > 0) {
    const values = concat(
      rest.map((part) => part.values),
      1,
    )
    products.push(matMul(values, rowsOf(rest)))
  }
  for (const part of perDistinct)
    if (part.distinct) {
      const share = matMul(part.distinct.rows, rowsOf([part])) // [u, units]
      products.push(gather(share, part.distinct.positions)) // [batch, units]
    }
  return products.reduce((sum, product) => add(sum, product))
}
