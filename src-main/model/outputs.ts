import { concat, ensureShape, identity, reshape, sigmoid, type Tensor } from '../graph'
import type { Task } from '../contract/document'
import type { ModelBuilder } from './builder'
import { dense, type Source } from './blocks'

export interface Output {
  readonly logits: Tensor // [batch]
  /** Probability of class 1; of a regression the number itself. */
  readonly probability: Tensor // [batch]
}

/** The head: one number a row, [rows]. */
export function head(builder: ModelBuilder, source: Source): Tensor {
  const { output } = dense(builder, source, {
    name: 'head',
    title: 'Output',
    units: 1,
    activation: null,
    kind: 'output',
  })
  return reshape(output, [-1])
}

/**
 * What the model says of a batch.
 * @param logits of its shards, in order
 * @param batch its size, which may be a named one
 * @param task whether the numbers are logits of probabilities
 */
export function output(logits: readonly Tensor[], batch: number, task: Task): Output {
  const all = ensureShape(concat(logits, 0), [batch], { name: 'logits' })
  const activate = task === 'binary' ? sigmoid : identity
  return { logits: all, probability: activate(all, { name: 'probability' }) }
}
