import type { OpDefinition } from '../definition'
import { arrayOps } from './array'
import { ioOps } from './io'
import { mathOps } from './math'
import { randomOps } from './random'
import { variableOps } from './variables'

/** Every operation that a graph may hold, by TensorFlow's name. A new one is one row here and one in the gradient table. */
export const ops = { ...mathOps, ...arrayOps, ...variableOps, ...randomOps, ...ioOps } satisfies Record<
  string,
  OpDefinition
>

export type OpName = keyof typeof ops

export function isOp(name: string): name is OpName {
  return Object.prototype.hasOwnProperty.call(ops, name)
}
