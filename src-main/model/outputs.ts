import { reshape, sigmoid, type Tensor } from '../graph'
import type { ModelBuilder } from './builder'
import { dense, type Source } from './blocks'

export interface BinaryOutput {
  readonly logits: Tensor // [batch]
  /** Probability of class 1. */
  readonly probability: Tensor // [batch]
}

/** The head of a binary classifier: one logit. */
export function binaryOutput(builder: ModelBuilder, source: Source): BinaryOutput {
  const head = dense(builder, source, {
    name: 'head',
    title: 'Output',
    units: 1,
    activation: null,
    kind: 'output',
  })
  const logits = reshape(head.output, [-1], { name: 'logits' })
  return { logits, probability: sigmoid(logits, { name: 'probability' }) }
}
