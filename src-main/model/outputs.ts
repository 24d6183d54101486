import { concat, ensureShape, reshape, sigmoid, type Tensor } from '../graph'
import type { ModelBuilder } from './builder'
import { dense, type Source } from './blocks'

export interface BinaryOutput {
  readonly logits: Tensor // [batch]
  /** Probability of class 1. */
  readonly probability: Tensor // [batch]
}

/** The head of a binary classifier: one logit a row, [rows]. */
export function binaryHead(builder: ModelBuilder, source: Source): Tensor {
  const head = dense(builder, source, {
    name: 'head',
    title: 'Output',
    units: 1,
    activation: null,
    kind: 'output',
  })
  return reshape(head.output, [-1])
}

/**
 * What the model says of a batch.
 * @param logits of its shards, in order
 * @param batch its size, which may be a named one
 */
export function binaryOutput(logits: readonly Tensor[], batch: number): BinaryOutput {
  const all = ensureShape(concat(logits, 0), [batch], { name: 'logits' })
  return { logits: all, probability: sigmoid(all, { name: 'probability' }) }
}
