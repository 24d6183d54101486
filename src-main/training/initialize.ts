import {
  add,
  constant,
  fill,
  mul,
  placeholderWithDefault,
  randomUniform,
  stack,
  truncatedNormal,
  type Graph,
  type Node,
  type Tensor,
  type Variable,
} from '../graph'
import type { Weight } from '../model'

/**
 * Gives every weight its first value. Random numbers come from TensorFlow's stateless generators (Philox): weight i draws
 * from the pair (seed, i), so the values depend on the seed alone, not on threads or on what ran before.
 * @param seed int32 scalar, fed: a constant would be folded into the graph together with the table drawn from it
 */
export function initializeWeights(weights: readonly Weight[], seed: Tensor): Node[] {
  return weights.map((weight, i) => weight.variable.assign(firstValue(weight, seed, i)))
}

function firstValue({ variable, initial }: Weight, seed: Tensor, index: number): Tensor {
  const { graph, shape } = variable
  const pair = stack([seed, constant(graph, index, 'int32')])
  switch (initial.kind) {
    case 'zeros':
    case 'file':
      return filled(graph, shape, 0)
    case 'uniform':
      return add(mul(randomUniform(graph, shape, pair), 2 * initial.limit), -initial.limit)
    case 'truncatedNormal':
      return mul(truncatedNormal(graph, shape, pair), initial.deviation)
  }
}

/**
 * A tensor of one value for a variable to keep. Its shape is not a constant to TensorFlow: of a constant one it would fold
 * the whole tensor into the graph and keep it, and the first sparse update would copy a whole table because of that.
 */
function filled(graph: Graph, shape: readonly number[], value: number): Tensor {
  const size = placeholderWithDefault(constant(graph, shape, 'int32'))
  return fill(size, constant(graph, value, 'float32'))
}

export function initializeSlot(slot: Variable, value: number): Node {
  return slot.assign(filled(slot.graph, slot.shape, value))
}
