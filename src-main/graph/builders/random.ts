import type { DType } from '../dtypes'
import type { Graph, NodeOptions, Tensor } from '../graph'
import type { OpName } from '../ops'
import { constant } from './array'

/** Two integers: the same pair gives the same numbers on every run. A tensor lets every run draw anew. */
export type Seed = readonly [number, number] | Tensor

const draw =
  (op: OpName) =>
  (
    graph: Graph,
    shape: Tensor | readonly number[],
    seed: Seed,
    dtype: DType = 'float32',
    options: NodeOptions = {},
  ): Tensor => {
    const size = 'node' in shape ? shape : constant(graph, shape, 'int32')
    const pair = 'node' in seed ? seed : constant(graph, seed, 'int64')
    return graph.op(op, [size, pair], { dtype }, options)
  }

/** Uniform on [0, 1). */
export const randomUniform = draw('StatelessRandomUniform')
/** Mean 0, standard deviation 1. */
export const randomNormal = draw('StatelessRandomNormal')
/** Normal, redrawn past two standard deviations. */
export const truncatedNormal = draw('StatelessTruncatedNormal')

/** Integers on [low, high), two scalars of the wanted type. */
export function randomInteger(
  graph: Graph,
  shape: readonly number[],
  seed: Seed,
  low: Tensor,
  high: Tensor,
): Tensor {
  const pair = 'node' in seed ? seed : constant(graph, seed, 'int64')
  return graph.op('StatelessRandomUniformInt', [constant(graph, shape, 'int32'), pair, low, high])
}
