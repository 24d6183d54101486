import { add, biasAdd, concat, elu, leakyRelu, matMul, mul, relu, sigmoid, tanh, type Tensor } from '../graph'
import { glorotUniform, type Layer, type ModelBuilder } from './builder'
import { inputProduct } from './firstLayer'
import type { InputBlock } from './inputs'

export const activations = {
  relu: (x: Tensor) => relu(x),
  leaky_relu: (x: Tensor) => leakyRelu(x),
  elu: (x: Tensor) => elu(x),
  tanh: (x: Tensor) => tanh(x),
  sigmoid: (x: Tensor) => sigmoid(x),
} as const
export type Activation = keyof typeof activations

/** What a layer takes in: the input block, which has shortcuts, or another layer's output. */
export type Source = { readonly block: InputBlock } | { readonly layer: Layer }

const outputOf = (source: Source): Tensor => ('block' in source ? source.block.vector : source.layer.output)
const layerOf = (source: Source): Layer => ('block' in source ? source.block.layer : source.layer)

function product(source: Source, kernel: Tensor): Tensor {
  return 'block' in source ? inputProduct(source.block, kernel) : matMul(source.layer.output, kernel)
}

/**
 * The cross network of DCN v2 (Wang et al. 2021), full rank: x_{l+1} = x0 ⊙ (x_l W_l + b_l) + x_l. Kernels start truncated
 * normal with σ 0.05, biases at 0, as in Merlin Models.
 */
export function crossNetwork(builder: ModelBuilder, block: InputBlock, depth: number): Source {
  let source: Source = { block }
  for (let i = 0; i < depth; i++) {
    const name = `cross${i}`
    const kernel = builder.weight(`${name}/kernel`, [block.width, block.width], {
      kind: 'truncatedNormal',
      deviation: 0.05,
    })
    const bias = builder.weight(`${name}/bias`, [block.width], { kind: 'zeros' })
    const x = source
    const output = builder.graph.scope(name, () => {
      const linear = biasAdd(product(x, kernel.variable.read()), bias.variable.read()) // [batch, width]
      return add(mul(block.vector, linear), outputOf(x))
    })
    const layer = builder.layer({
      id: name,
      kind: 'cross',
      title: `Cross ${i + 1}`,
      inputs: [...new Set([block.layer.id, layerOf(x).id])],
      output,
      weights: [kernel, bias],
      detail: 'x0 ⊙ (x W + b) + x',
    })
    source = { layer }
  }
  return source
}

export interface DenseOptions {
  readonly name: string
  readonly title: string
  readonly units: number
  readonly activation: Activation | null
  readonly kind?: 'dense' | 'output'
}

/** activation(x W + b): kernels Glorot uniform, biases 0, as in Keras. */
export function dense(builder: ModelBuilder, source: Source, options: DenseOptions): Layer {
  const { name, title, units, activation, kind = 'dense' } = options
  const inputs = outputOf(source).shape?.[1] ?? 0
  const kernel = builder.weight(`${name}/kernel`, [inputs, units], glorotUniform(inputs, units))
  const bias = builder.weight(`${name}/bias`, [units], { kind: 'zeros' })
  const output = builder.graph.scope(name, () => {
    const linear = biasAdd(product(source, kernel.variable.read()), bias.variable.read()) // [batch, units]
    return activation ? activations[activation](linear) : linear
  })
  return builder.layer({
    id: name,
    kind,
    title,
    inputs: [layerOf(source).id],
    output,
    weights: [kernel, bias],
    detail: activation ?? 'linear',
  })
}

/** Dense layers one after another. */
export function mlp(
  builder: ModelBuilder,
  source: Source,
  units: readonly number[],
  activation: Activation,
): Source {
  return units.reduce<Source>(
    (input, width, i) => ({
      layer: dense(builder, input, { name: `mlp${i}`, title: `Dense ${i + 1}`, units: width, activation }),
    }),
    source,
  )
}

/** Two layers side by side: [batch, a], [batch, b] → [batch, a + b]. */
export function sideBySide(builder: ModelBuilder, a: Source, b: Source): Source {
  const output = concat([outputOf(a), outputOf(b)], 1, { name: 'joined' })
  const layer = builder.layer({
    id: 'joined',
    kind: 'concat',
    title: 'Joined',
    inputs: [layerOf(a).id, layerOf(b).id],
    output,
    weights: [],
    detail: 'both towers side by side',
  })
  return { layer }
}
