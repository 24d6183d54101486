import { GraftError } from '../../contract/errors'
import { adagrad } from './adagrad'
import { adam } from './adam'
import type { Optimizer } from './optimizer'
import { sgd } from './sgd'

export type { LearningRate, Optimizer, UpdateContext, Updates } from './optimizer'

/** Every optimizer, the default first. */
export const optimizers: readonly Optimizer[] = [adagrad, adam, sgd]

/** @throws GraftError `invalid-setting` for a name that is none */
export function findOptimizer(name: string): Optimizer {
  const found = optimizers.find((candidate) => candidate.name === name)
  if (found) return found
  const names = optimizers.map((candidate) => candidate.name).join(', ')
  throw new GraftError('invalid-setting', `There is no optimizer "${name}".`, `Choose one of: ${names}.`)
}
