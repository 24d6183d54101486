import {
  cast,
  concat,
  constant,
  reshape,
  shapeOf,
  sizeOf,
  slice,
  stack,
  sub,
  sum,
  transpose,
  unsortedSegmentSum,
  unstack,
  zerosLike,
} from '../builders'
import { constantValue } from '../constants'
import { isFloat } from '../dtypes'
import { GraphError } from '../errors'
import type { Node, Tensor } from '../graph'
import type { arrayOps } from '../ops/array'
import { isKnown, normalizeAxis } from '../shape'
import { SparseGradient } from '../sparse'
import { broadcasting, passes, type Row, rule } from './rule'

/** dx = dy in the shape of x. */
const reshapes = rule((n, dy) => [
  () => reshape(dy, shapeOf(n.input(0))),
  ...n.inputs.slice(1).map(() => null),
])

function constantInput(node: Node, i: number): readonly number[] {
  const value = constantValue(node.input(i))
  if (!value)
    throw new GraphError('internal', `Input ${i} of "${node.name}" must be constant to differentiate it.`)
  return value
}

const intAttr = (node: Node, name: string): number => {
  const value = node.attrs.get(name)
  return value?.kind === 'int' ? value.value : 0
}

/** Parts of dy along the concatenated axis, one for each part that went in. */
function unconcat(node: Node, dy: Tensor): readonly (() => Tensor)[] {
  const parts = node.inputs.slice(0, -1)
  const axis = normalizeAxis(constantInput(node, node.inputs.length - 1)[0] ?? 0, dy.rank, node.name)
  const sizes = parts.map((part) => part.shape?.[axis] ?? -1)
  if (sizes.every((size) => size >= 0)) {
    let offset = 0
    return parts.map((_, i) => {
      const begin = Array.from({ length: dy.rank }, (_, at) => (at === axis ? offset : 0))
      const size = Array.from({ length: dy.rank }, (_, at) => (at === axis ? (sizes[i] ?? -1) : -1))
      offset += sizes[i] ?? 0
      return () => slice(dy, begin, size)
    })
  }
  let outputs: readonly Tensor[] | null = null
  const { graph } = dy
  const all = (): readonly Tensor[] =>
    graph.add(
      'SplitV',
      [dy, stack(parts.map((part) => sizeOf(part, axis))), constant(graph, axis, 'int32')],
      {
        num_split: parts.length,
      },
    ).outputs
  return parts.map((_, i) => () => {
    outputs ??= all()
    const output = outputs[i]
    if (!output) throw new GraphError('internal', `"${node.name}" has no part ${i}.`)
    return output
  })
}

/** Gradients of the outputs of a split, zeros for those that nothing depends on, joined again. */
function rejoin(node: Node, gradients: readonly (Tensor | null)[], axis: number): Tensor {
  return concat(
    gradients.map((gradient, i) => gradient ?? zerosLike(node.output(i))),
    axis,
  )
}

/** dy where the slice was, zeros around it. */
function unslice(node: Node, dy: Tensor): Tensor {
  const x = node.input(0)
  const begin = constantValue(node.input(1))
  const { graph } = x
  if (begin && isKnown(x.shape) && isKnown(dy.shape)) {
    const { shape } = dy
    const paddings = x.shape.flatMap((size, i) => [begin[i] ?? 0, size - (begin[i] ?? 0) - (shape[i] ?? 0)])
    return graph.op('Pad', [dy, constant(graph, paddings, 'int32', { shape: [x.rank, 2] })])
  }
  const before = cast(node.input(1), 'int32')
  const after = sub(sub(shapeOf(x), shapeOf(dy)), before)
  return graph.op('Pad', [dy, stack([before, after], 1)])
}

/** x repeated along each axis: dy is cut into the repetitions, which are summed. */
function untile(node: Node, dy: Tensor): Tensor {
  const x = node.input(0)
  const multiples = cast(node.input(1), 'int32')
  const cut = reshape(stack([multiples, shapeOf(x)], 1), [-1]) // [2·rank]: times, size, times, size, …
  const axes = Array.from({ length: x.rank }, (_, i) => 2 * i)
  const pieces = dy.graph.op('Reshape', [dy, cut])
  const summed = dy.graph.op('Sum', [pieces, constant(dy.graph, axes, 'int32')], { keep_dims: false })
  return reshape(summed, shapeOf(x))
}

/** Rows that were gathered from an axis other than the first: that axis in front, summed by index, and back. */
function ungather(node: Node, dy: Tensor, axis: number): Tensor {
  const params = node.input(0)
  const indices = node.input(1)
  if (indices.rank !== 1 || intAttr(node, 'batch_dims') !== 0)
    throw new GraphError(
      'internal',
      `The gradient of "${node.name}" needs indices of rank 1 and no batch axes.`,
    )
  const others = Array.from({ length: params.rank }, (_, i) => i).filter((i) => i !== axis)
  const front = [axis, ...others]
  const rows = unsortedSegmentSum(transpose(dy, front), indices, sizeOf(params, axis))
  return transpose(
    rows,
    front.map((_, i) => front.indexOf(i)),
  )
}

export const arrayRules: Record<keyof typeof arrayOps, Row> = {
  Const: 'none',
  Placeholder: 'none',
  PlaceholderWithDefault: passes,
  Identity: passes,
  StopGradient: 'zero',
  DeepCopy: passes,
  NoOp: 'none',
  ZerosLike: 'zero',
  OnesLike: 'zero',
  Cast: rule((n, dy) => [isFloat(n.input(0).dtype) ? () => cast(dy, n.input(0).dtype) : null]),
  Bitcast: 'none',
  CheckNumerics: passes,
  EnsureShape: passes,

  Shape: 'none',
  Size: 'none',
  Reshape: reshapes,
  ExpandDims: reshapes,
  Squeeze: reshapes,
  Transpose: rule((n, dy) => {
    const order = constantInput(n, 1)
    return [
      () =>
        transpose(
          dy,
          order.map((_, i) => order.indexOf(i)),
        ),
      null,
    ]
  }),
  BroadcastTo: broadcasting((_, dy) => [() => dy, null]),
  BroadcastGradientArgs: 'none',
  Fill: rule((_, dy) => [null, () => sum(dy)]),
  Range: 'none',

  // The walk asks for some columns alone where some parts need no gradient; this is the rest.
  ConcatV2: rule((n, dy) => [...unconcat(n, dy), null]),
  Pack: rule((n, dy) => {
    let parts: readonly Tensor[] | null = null
    return n.inputs.map((_, i) => () => {
      parts ??= unstack(dy, intAttr(n, 'axis'))
      const part = parts[i]
      if (!part) throw new GraphError('internal', `"${n.name}" has no part ${i}.`)
      return part
    })
  }),
  Unpack: {
    apply: (n, gradients) => [
      () =>
        stack(
          gradients.map((gradient, i) => gradient ?? zerosLike(n.output(i))),
          intAttr(n, 'axis'),
        ),
    ],
  },
  Split: { apply: (n, gradients) => [null, () => rejoin(n, gradients, constantInput(n, 0)[0] ?? 0)] },
  SplitV: { apply: (n, gradients) => [() => rejoin(n, gradients, constantInput(n, 2)[0] ?? 0), null, null] },
  Slice: rule((n, dy) => [() => unslice(n, dy), null, null]),
  Pad: rule((n, dy) => [
    () => {
      const x = n.input(0)
      const before = constantInput(n, 1).filter((_, i) => i % 2 === 0)
      return slice(dy, before, shapeOf(x))
    },
    null,
  ]),
  Tile: rule((n, dy) => [() => untile(n, dy), null]),

  // A lookup: row `indices[i]` gets dy[i].
  GatherV2: rule((n, dy) => {
    const params = n.input(0)
    const axis = normalizeAxis(constantInput(n, 2)[0] ?? 0, params.rank, n.name)
    if (axis !== 0 || intAttr(n, 'batch_dims') !== 0) return [() => ungather(n, dy, axis), null, null]
    return [() => SparseGradient.ofLookup(n.input(1), dy, () => sizeOf(params, 0)), null, null]
  }),
  Where: 'zero',
  Unique: 'none',
  OneHot: 'none',
}
