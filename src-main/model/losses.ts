import { add, exp, greaterEqual, log1p, mean, mul, neg, select, sub, type Tensor } from '../graph'

/**
 * Binary cross-entropy from logits, the mean over the batch: max(x, 0) − x·z + log(1 + exp(−|x|)), written by selection as
 * TensorFlow does, so that the gradient is σ(x) − z everywhere, at x = 0 too.
 * @param labels 0 or 1, [batch]
 * @param logits [batch]
 * @returns a scalar
 */
export function binaryCrossEntropy(labels: Tensor, logits: Tensor): Tensor {
  return logits.graph.scope('loss', () => {
    const positive = greaterEqual(logits, 0)
    const linear = sub(select(positive, logits, 0), mul(logits, labels))
    return mean(add(linear, log1p(exp(select(positive, neg(logits), logits)))))
  })
}
