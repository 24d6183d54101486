import {
  add,
  cast,
  div,
  exp,
  greaterEqual,
  log1p,
  mean,
  mul,
  neg,
  select,
  size,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../graph'
import type { Task } from '../contract/document'

export interface Loss {
  /** The mean over the batch, a scalar: what is shown. */
  readonly mean: Tensor
  /** A scalar with the same gradient, which takes fewer nodes to compute: what is differentiated. */
  readonly differentiable: Tensor
}

/**
 * Binary cross-entropy from logits, the mean over the batch: max(x, 0) − x·z + log(1 + exp(−|x|)), which neither overflows
 * nor loses digits. Its gradient with respect to the logits is (σ(x) − z) / n, written down rather than derived: the
 * derivation takes some thirty nodes one after another, while nothing else of the step can run.
 * @param labels 0 or 1, [batch]
 * @param logits [batch]
 * @param probability σ(logits), [batch]
 */
export function binaryCrossEntropy(labels: Tensor, logits: Tensor, probability: Tensor): Loss {
  return logits.graph.scope('loss', () => {
    const positive = greaterEqual(logits, 0)
    const linear = sub(select(positive, logits, 0), mul(logits, labels))
    const each = add(linear, log1p(exp(select(positive, neg(logits), logits)))) // [batch]
    const slope = div(sub(probability, labels), cast(size(labels), 'float32')) // [batch]
    return { mean: mean(each), differentiable: sum(mul(stopGradient(slope), logits)) }
  })
}

/**
 * Mean squared error of a regression. Its gradient with respect to the predictions is 2 (p − y) / n.
 * @param targets [batch]
 * @param predictions [batch]
 */
export function meanSquaredError(targets: Tensor, predictions: Tensor): Loss {
  return predictions.graph.scope('loss', () => {
    const error = sub(predictions, targets) // [batch]
    const slope = div(add(error, error), cast(size(targets), 'float32')) // [batch]
    return { mean: mean(mul(error, error)), differentiable: sum(mul(stopGradient(slope), predictions)) }
  })
}

/** What training minimises. @param targets [batch] */
export function lossOf(
  task: Task,
  targets: Tensor,
  { logits, probability }: { readonly logits: Tensor; readonly probability: Tensor },
): Loss {
  return task === 'binary'
    ? binaryCrossEntropy(targets, logits, probability)
    : meanSquaredError(targets, probability)
}
