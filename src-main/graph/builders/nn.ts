import type { NodeOptions, Tensor } from '../graph'
import { abs, add, exp, log1p, maximum, mul, neg, select, sub } from './math'

type Options = NodeOptions

/** value [.., n] + bias [n]. */
export function biasAdd(value: Tensor, bias: Tensor, options: Options = {}): Tensor {
  return value.graph.op('BiasAdd', [value, bias], {}, options)
}

export function relu(x: Tensor, options: Options = {}): Tensor {
  return x.graph.op('Relu', [x], {}, options)
}

export function elu(x: Tensor, options: Options = {}): Tensor {
  return x.graph.op('Elu', [x], {}, options)
}

/** max(x, αx). */
export function leakyRelu(x: Tensor, alpha = 0.2, options: Options = {}): Tensor {
  return x.graph.op('LeakyRelu', [x], { alpha }, options)
}

export function sigmoid(x: Tensor, options: Options = {}): Tensor {
  return x.graph.op('Sigmoid', [x], {}, options)
}

/** log(1 + exp(x)). */
export function softplus(x: Tensor, options: Options = {}): Tensor {
  return x.graph.op('Softplus', [x], {}, options)
}

/** Over the last axis. */
export function softmax(x: Tensor, options: Options = {}): Tensor {
  return x.graph.op('Softmax', [x], {}, options)
}

/** log(softmax(x)) over the last axis. */
export function logSoftmax(x: Tensor, options: Options = {}): Tensor {
  return x.graph.op('LogSoftmax', [x], {}, options)
}

/**
 * The log loss of a binary target from its logit, for each element: max(x, 0) − x·z + log(1 + exp(−|x|)), which neither
 * overflows nor loses digits. `logits` and `labels` have one shape; labels are 0 to 1.
 */
export function sigmoidCrossEntropy(labels: Tensor, logits: Tensor, options: Options = {}): Tensor {
  const linear = sub(maximum(logits, 0), mul(logits, labels))
  return add(linear, log1p(exp(neg(abs(logits)))), options)
}

/** The log loss of class indices [batch] from logits [batch, classes] → [batch]. */
export function sparseSoftmaxCrossEntropy(labels: Tensor, logits: Tensor, options: Options = {}): Tensor {
  return logits.graph.op('SparseSoftmaxCrossEntropyWithLogits', [logits, labels], {}, options)
}

/** Half the sum of squares, a scalar. */
export function l2Loss(x: Tensor, options: Options = {}): Tensor {
  return x.graph.op('L2Loss', [x], {}, options)
}

/**
 * Inverted dropout: each element is kept with probability 1 − rate and then divided by it, so that nothing changes at
 * inference. `uniform` are numbers in [0, 1) of x's shape.
 */
export function dropout(x: Tensor, rate: Tensor, uniform: Tensor, options: Options = {}): Tensor {
  const keep = sub(1, rate)
  const kept = x.graph.op('GreaterEqual', [uniform, rate])
  return select(kept, x.graph.op('RealDiv', [x, keep]), 0, options)
}
