import {
  type Graph,
  type Node,
  constant,
  type Tensor,
  variable,
  type Variable,
  type OpName,
} from '../../../../src-main/graph'
import type { BuiltCase } from './case'

const rows = 4
const width = 3

/** A [4, 3] variable of known values. */
function table(graph: Graph, name: string, scale: number): { variable: Variable; init: Node } {
  const values = Float32Array.from({ length: rows * width }, (_, i) => scale * (1 + ((i * 7) % 5)))
  const made = variable(graph, name, 'float32', [rows, width])
  return { variable: made, init: made.assign(constant(graph, values, 'float32', { shape: [rows, width] })) }
}

const scalar = (graph: Graph, value: number): Tensor => constant(graph, value, 'float32')

function dense(graph: Graph): Tensor {
  const values = Float32Array.from({ length: rows * width }, (_, i) => 0.1 * (i - 5))
  return constant(graph, values, 'float32', { shape: [rows, width] })
}

function sparse(graph: Graph): [gradient: Tensor, indices: Tensor] {
  const values = Float32Array.from({ length: 2 * width }, (_, i) => 0.2 * (i - 2))
  return [constant(graph, values, 'float32', { shape: [2, width] }), constant(graph, [3, 1], 'int32')]
}

/**
 * An optimizer's kernel on its variable and slots, run once: all of them are compared. `operands` gives the inputs after
 * the handles.
 */
const kernel = (op: OpName, slots: number, operands: (graph: Graph) => Tensor[]): BuiltCase => ({
  op,
  build(graph) {
    const tables = Array.from({ length: slots + 1 }, (_, i) => table(graph, `v${i}`, i === 0 ? 0.3 : 0.1))
    const handles = tables.map((one) => one.variable.handle)
    const update = graph.add(op, [...handles, ...operands(graph)])
    return {
      init: tables.map((one) => one.init),
      fetches: tables.map((one) => one.variable.readAfter([update])),
    }
  },
})

const onTable = (
  op: OpName,
  run: (graph: Graph, made: Variable) => { update?: Node; fetches?: readonly Tensor[] },
): BuiltCase => ({
  op,
  build(graph) {
    const { variable: made, init } = table(graph, 'v', 0.5)
    const { update, fetches = [] } = run(graph, made)
    return { init: [init], fetches: update ? [made.readAfter([update])] : fetches }
  },
})

const ids = (graph: Graph, ...values: number[]): Tensor => constant(graph, values, 'int32')

export const variableCases: readonly BuiltCase[] = [
  onTable('VarHandleOp', (_, made) => ({ fetches: [made.read()] })),
  onTable('ReadVariableOp', (_, made) => ({ fetches: [made.read()] })),
  onTable('VarIsInitializedOp', (graph, made) => ({
    fetches: [graph.op('VarIsInitializedOp', [made.handle])],
  })),
  onTable('AssignVariableOp', (graph, made) => ({ update: made.assign(dense(graph)) })),
  onTable('AssignAddVariableOp', (graph, made) => ({ update: made.assignAdd(dense(graph)) })),
  onTable('AssignSubVariableOp', (graph, made) => ({ update: made.assignSub(dense(graph)) })),
  onTable('ResourceGather', (graph, made) => ({ fetches: [made.gather(ids(graph, 2, 0, 2))] })),
  onTable('ResourceScatterAdd', (graph, made) => ({ update: made.scatterAdd(...swap(sparse(graph))) })),
  onTable('ResourceScatterSub', (graph, made) => ({ update: made.scatterSub(...swap(sparse(graph))) })),
  onTable('ResourceScatterUpdate', (graph, made) => ({ update: made.scatterUpdate(...swap(sparse(graph))) })),

  kernel('ResourceApplyGradientDescent', 0, (g) => [scalar(g, 0.1), dense(g)]),
  kernel('ResourceApplyMomentum', 1, (g) => [scalar(g, 0.1), dense(g), scalar(g, 0.9)]),
  kernel('ResourceSparseApplyMomentum', 1, (g) => [scalar(g, 0.1), ...sparse(g), scalar(g, 0.9)]),
  kernel('ResourceApplyAdagradV2', 1, (g) => [scalar(g, 0.1), scalar(g, 1e-7), dense(g)]),
  kernel('ResourceSparseApplyAdagradV2', 1, (g) => [scalar(g, 0.1), scalar(g, 1e-7), ...sparse(g)]),
  kernel('ResourceApplyAdam', 2, (g) => [
    ...[0.9, 0.999, 0.01, 0.9, 0.999, 1e-7].map((x) => scalar(g, x)),
    dense(g),
  ]),
  kernel('ResourceApplyFtrlV2', 2, (g) => [dense(g), ...[0.1, 0.01, 0.02, 0, -0.5].map((x) => scalar(g, x))]),
  kernel('ResourceSparseApplyFtrlV2', 2, (g) => [
    ...sparse(g),
    ...[0.1, 0.01, 0.02, 0, -0.5].map((x) => scalar(g, x)),
  ]),
  kernel('ResourceApplyRMSProp', 2, (g) => [...[0.1, 0.9, 0, 1e-7].map((x) => scalar(g, x)), dense(g)]),
  {
    op: 'DestroyResourceOp',
    build(graph) {
      const { variable: made, init } = table(graph, 'v', 0.5)
      const destroy = graph.add('DestroyResourceOp', [made.handle])
      return {
        init: [init],
        fetches: [graph.op('VarIsInitializedOp', [made.handle], {}, { control: [destroy] })],
      }
    },
  },
]

function swap([gradient, indices]: [Tensor, Tensor]): [Tensor, Tensor] {
  return [indices, gradient]
}

const seed = (graph: Graph): Tensor => constant(graph, [42, 7], 'int64')
const shape = (graph: Graph): Tensor => constant(graph, [3, 5], 'int32')

export const randomCases: readonly BuiltCase[] = [
  ...(['StatelessRandomUniform', 'StatelessRandomNormal', 'StatelessTruncatedNormal'] as const).map(
    (op): BuiltCase => ({
      op,
      build: (graph) => ({
        init: [],
        fetches: [graph.op(op, [shape(graph), seed(graph)], { dtype: 'float32' })],
      }),
    }),
  ),
  {
    op: 'StatelessRandomUniformInt',
    build: (graph) => ({
      init: [],
      fetches: [
        graph.op('StatelessRandomUniformInt', [
          shape(graph),
          seed(graph),
          constant(graph, 3, 'int32'),
          constant(graph, 90, 'int32'),
        ]),
      ],
    }),
  },
]
