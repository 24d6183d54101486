import { attr, type OpCall, table } from '../definition'
import { dtypeBytes, indexTypes, numberTypes } from '../dtypes'
import { isKnown, mergeShape, mergeSize, normalizeAxis, sameSize, type Shape, unknown } from '../shape'
import { none, reshaped, same, scalar, shapeFrom } from './shapes'

const unknowns = (count: number): readonly number[] => Array.from({ length: count }, () => unknown)

/** The sum of sizes, where all are known; a single open one gives up. */
function sum(sizes: readonly number[]): number {
  return sizes.every((size) => size >= 0) ? sizes.reduce((a, b) => a + b, 0) : unknown
}

function concatShape(call: OpCall): readonly Shape[] {
  const parts = call.inputs.slice(0, -1).map((input) => input.shape)
  const first = parts.find((part) => part !== null)
  const axis = call.constant(call.inputs.length - 1)?.[0]
  if (!first) return [null]
  if (axis === undefined) return [unknowns(first.length)]
  const at = normalizeAxis(axis, first.length, call.what)
  const rest = parts.reduce<Shape>(
    (shape, part) => mergeShape(shape, part && part.map((s, i) => (i === at ? 0 : s)), call.what),
    null,
  )
  return [rest && rest.map((size, i) => (i === at ? sum(parts.map((part) => part?.[at] ?? unknown)) : size))]
}

function gatherShape(call: OpCall): readonly Shape[] {
  const params = call.shape(0)
  const indices = call.shape(1)
  const axis = call.constant(2)?.[0]
  const batch = call.int('batch_dims')
  if (!params || !indices || axis === undefined) return [null]
  const at = normalizeAxis(axis, params.length, call.what)
  return [[...params.slice(0, at), ...indices.slice(batch), ...params.slice(at + 1)]]
}

function splitShape(
  call: OpCall,
  value: number,
  axisInput: number,
  sizes: (at: number, total: number) => readonly number[],
) {
  const shape = call.shape(value)
  const axis = call.constant(axisInput)?.[0]
  const count = call.int('num_split')
  if (!shape || axis === undefined)
    return Array.from({ length: count }, () => shape && unknowns(shape.length))
  const at = normalizeAxis(axis, shape.length, call.what)
  return sizes(at, shape[at] ?? unknown).map((size) => shape.map((s, i) => (i === at ? size : s)))
}

export const arrayOps = table({
  Const: {
    inputs: {},
    attrs: { value: attr.tensor(), dtype: attr.type() },
    outputs: { output: 'dtype' },
    shape: (call) => [call.tensorAttr('value').shape],
  },
  Placeholder: {
    inputs: {},
    attrs: { dtype: attr.type(), shape: attr.shape(null) },
    outputs: { output: 'dtype' },
    shape: (call) => [call.shapeAttr('shape')],
  },
  PlaceholderWithDefault: {
    inputs: { input: 'dtype' },
    attrs: { dtype: attr.type(), shape: attr.shape() },
    outputs: { output: 'dtype' },
    shape: (call) => [call.shapeAttr('shape')],
  },
  Identity: { inputs: { input: 'T' }, attrs: { T: attr.type() }, outputs: { output: 'T' }, shape: same },
  StopGradient: { inputs: { input: 'T' }, attrs: { T: attr.type() }, outputs: { output: 'T' }, shape: same },
  EnsureShape: {
    inputs: { input: 'T' },
    attrs: { shape: attr.shape(), T: attr.type() },
    outputs: { output: 'T' },
    shape: (call) => [mergeShape(call.shape(0), call.shapeAttr('shape'), call.what)],
  },
  DeepCopy: {
    inputs: { x: 'T' },
    attrs: { T: attr.type() },
    outputs: { y: 'T' },
    stateful: true,
    shape: same,
  },
  NoOp: { inputs: {}, outputs: {}, shape: none },
  ZerosLike: { inputs: { x: 'T' }, attrs: { T: attr.type() }, outputs: { y: 'T' }, shape: same },
  OnesLike: { inputs: { x: 'T' }, attrs: { T: attr.type() }, outputs: { y: 'T' }, shape: same },
  Cast: {
    inputs: { x: 'SrcT' },
    attrs: { SrcT: attr.type(), DstT: attr.type(), Truncate: attr.bool(false) },
    outputs: { y: 'DstT' },
    shape: same,
  },
  Bitcast: {
    inputs: { input: 'T' },
    attrs: { T: attr.type(), type: attr.type() },
    outputs: { output: 'type' },
    shape: (call) => [bitcastShape(call)],
  },
  CheckNumerics: {
    inputs: { tensor: 'T' },
    attrs: { T: attr.type(['float32', 'float64', 'float16', 'bfloat16']), message: attr.string() },
    outputs: { output: 'T' },
    stateful: true,
    shape: same,
  },

  Shape: {
    inputs: { input: 'T' },
    attrs: { T: attr.type(), out_type: attr.type(indexTypes, 'int32') },
    outputs: { output: 'out_type' },
    shape: (call) => [[call.shape(0)?.length ?? unknown]],
  },
  Size: {
    inputs: { input: 'T' },
    attrs: { T: attr.type(), out_type: attr.type(indexTypes, 'int32') },
    outputs: { output: 'out_type' },
    shape: scalar,
  },
  Reshape: {
    inputs: { tensor: 'T', shape: 'Tshape' },
    attrs: { T: attr.type(), Tshape: attr.type(indexTypes, 'int32') },
    outputs: { output: 'T' },
    shape: reshaped,
  },
  ExpandDims: {
    inputs: { input: 'T', dim: 'Tdim' },
    attrs: { T: attr.type(), Tdim: attr.type(indexTypes, 'int32') },
    outputs: { output: 'T' },
    shape: (call) => {
      const shape = call.shape(0)
      const axis = call.constant(1)?.[0]
      if (!shape || axis === undefined) return [null]
      const at = normalizeAxis(axis, shape.length + 1, call.what)
      return [[...shape.slice(0, at), 1, ...shape.slice(at)]]
    },
  },
  Squeeze: {
    inputs: { input: 'T' },
    attrs: { T: attr.type(), squeeze_dims: attr.ints([]) },
    outputs: { output: 'T' },
    shape: (call) => {
      const shape = call.shape(0)
      if (!shape) return [null]
      const axes = call.ints('squeeze_dims').map((axis) => normalizeAxis(axis, shape.length, call.what))
      if (axes.length === 0) return [isKnown(shape) ? shape.filter((size) => size !== 1) : null]
      for (const axis of axes) mergeSize(shape[axis] ?? unknown, 1, call.what)
      return [shape.filter((_, i) => !axes.includes(i))]
    },
  },
  Transpose: {
    inputs: { x: 'T', perm: 'Tperm' },
    attrs: { T: attr.type(), Tperm: attr.type(indexTypes, 'int32') },
    outputs: { y: 'T' },
    shape: (call) => {
      const shape = call.shape(0)
      const order = call.constant(1)
      if (!shape || !order) return [shape && unknowns(shape.length)]
      if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== shape.length)
        call.fail(`[${order.join(', ')}] is no permutation of ${shape.length} axes.`)
      return [order.map((axis) => shape[axis] ?? unknown)]
    },
  },
  BroadcastTo: {
    inputs: { input: 'T', shape: 'Tidx' },
    attrs: { T: attr.type(), Tidx: attr.type(indexTypes, 'int32') },
    outputs: { output: 'T' },
    shape: (call) => [shapeFrom(call, 1)],
  },
  BroadcastGradientArgs: {
    inputs: { s0: 'T', s1: 'T' },
    attrs: { T: attr.type(indexTypes, 'int32') },
    outputs: { r0: 'T', r1: 'T' },
    shape: () => [[unknown], [unknown]],
  },
  Fill: {
    inputs: { dims: 'index_type', value: 'T' },
    attrs: { T: attr.type(), index_type: attr.type(indexTypes, 'int32') },
    outputs: { output: 'T' },
    shape: (call) => [shapeFrom(call, 0)],
  },
  Range: {
    inputs: { start: 'Tidx', limit: 'Tidx', delta: 'Tidx' },
    attrs: { Tidx: attr.type(['int32', 'int64', 'float32', 'float64'], 'int32') },
    outputs: { output: 'Tidx' },
    shape: (call) => {
      const [start, limit, delta] = [0, 1, 2].map((i) => call.constant(i)?.[0])
      const known =
        start !== undefined && limit !== undefined && delta !== undefined && limit >= 0 && start >= 0
      return [[known ? Math.max(0, Math.ceil((limit - start) / delta)) : unknown]]
    },
  },

  ConcatV2: {
    inputs: { values: 'N*T', axis: 'Tidx' },
    attrs: { N: attr.int(), T: attr.type(), Tidx: attr.type(indexTypes, 'int32') },
    outputs: { output: 'T' },
    shape: concatShape,
  },
  Pack: {
    inputs: { values: 'N*T' },
    attrs: { N: attr.int(), T: attr.type(), axis: attr.int(0) },
    outputs: { output: 'T' },
    shape: (call) => {
      const shape = call.inputs.reduce<Shape>((s, input) => mergeShape(s, input.shape, call.what), null)
      if (!shape) return [null]
      const at = normalizeAxis(call.int('axis'), shape.length + 1, call.what)
      return [[...shape.slice(0, at), call.int('N'), ...shape.slice(at)]]
    },
  },
  Unpack: {
    inputs: { value: 'T' },
    attrs: { num: attr.int(), T: attr.type(), axis: attr.int(0) },
    outputs: { output: 'num*T' },
    shape: (call) => {
      const shape = call.shape(0)
      const count = call.int('num')
      if (!shape) return Array.from({ length: count }, () => null)
      const at = normalizeAxis(call.int('axis'), shape.length, call.what)
      mergeSize(shape[at] ?? unknown, count, call.what)
      return Array.from({ length: count }, () => shape.filter((_, i) => i !== at))
    },
  },
  Split: {
    inputs: { split_dim: 'int32', value: 'T' },
    attrs: { num_split: attr.int(), T: attr.type() },
    outputs: { output: 'num_split*T' },
    shape: (call) =>
      splitShape(call, 1, 0, (_, total) => {
        const count = call.int('num_split')
        if (total >= 0 && total % count !== 0)
          call.fail(`${total} cannot be split into ${count} equal parts.`)
        return Array.from({ length: count }, () => (total >= 0 ? total / count : unknown))
      }),
  },
  SplitV: {
    inputs: { value: 'T', size_splits: 'Tlen', split_dim: 'int32' },
    attrs: { num_split: attr.int(), T: attr.type(), Tlen: attr.type(indexTypes, 'int64') },
    outputs: { output: 'num_split*T' },
    shape: (call) =>
      splitShape(call, 0, 2, (_, total) => {
        const sizes = call.constant(1) ?? unknowns(call.int('num_split'))
        if (sizes.length !== call.int('num_split'))
          call.fail(`${sizes.length} sizes for ${call.int('num_split')} parts.`)
        mergeSize(total, sum(sizes), call.what)
        return sizes
      }),
  },
  Slice: {
    inputs: { input: 'T', begin: 'Index', size: 'Index' },
    attrs: { T: attr.type(), Index: attr.type(indexTypes) },
    outputs: { output: 'T' },
    shape: (call) => {
      const shape = call.shape(0)
      const begin = call.constant(1)
      const size = call.constant(2)
      if (!shape) return [null]
      if (!size || !begin) return [unknowns(shape.length)]
      return [
        shape.map((total, i) => {
          const from = begin[i] ?? 0
          const length = size[i] ?? unknown
          // A size of −1 means "all that is left"; names of sizes are −2 and below.
          if (length === unknown) return from === 0 ? total : total >= 0 && from >= 0 ? total - from : unknown
          if (total >= 0 && length >= 0 && from + length > total)
            call.fail(`axis ${i} holds ${total}, and ${length} from ${from} on do not fit.`)
          return length
        }),
      ]
    },
  },
  Pad: {
    inputs: { input: 'T', paddings: 'Tpaddings' },
    attrs: { T: attr.type(), Tpaddings: attr.type(indexTypes, 'int32') },
    outputs: { output: 'T' },
    shape: (call) => {
      const shape = call.shape(0)
      const paddings = call.constant(1)
      if (!shape) return [null]
      if (!paddings) return [unknowns(shape.length)]
      return [
        shape.map((size, i) => {
          const [before = 0, after = 0] = paddings.slice(2 * i)
          return before + after === 0 ? size : sum([size, before, after])
        }),
      ]
    },
  },
  Tile: {
    inputs: { input: 'T', multiples: 'Tmultiples' },
    attrs: { T: attr.type(), Tmultiples: attr.type(indexTypes, 'int32') },
    outputs: { output: 'T' },
    shape: (call) => {
      const shape = call.shape(0)
      const multiples = call.constant(1)
      if (!shape || !multiples) return [shape && unknowns(shape.length)]
      return [
        shape.map((size, i) => {
          const times = multiples[i] ?? 1
          if (times === 1) return size
          return size >= 0 && times >= 0
            ? size * times
            : size === 1 && !sameSize(times, unknown)
              ? times
              : unknown
        }),
      ]
    },
  },

  GatherV2: {
    inputs: { params: 'Tparams', indices: 'Tindices', axis: 'Taxis' },
    attrs: {
      batch_dims: attr.int(0),
      Tparams: attr.type(),
      Tindices: attr.type(['int16', ...indexTypes]),
      Taxis: attr.type(indexTypes),
    },
    outputs: { output: 'Tparams' },
    shape: gatherShape,
  },
  Where: {
    inputs: { input: 'T' },
    attrs: { T: attr.type([...numberTypes, 'bool'], 'bool') },
    outputs: { index: 'int64' },
    shape: (call) => [[unknown, call.shape(0)?.length ?? unknown]],
  },
  Unique: {
    inputs: { x: 'T' },
    attrs: { T: attr.type(), out_idx: attr.type(indexTypes, 'int32') },
    outputs: { y: 'T', idx: 'out_idx' },
    shape: (call) => [[unknown], call.ranked(0, 1)],
  },
  OneHot: {
    inputs: { indices: 'TI', depth: 'int32', on_value: 'T', off_value: 'T' },
    attrs: { axis: attr.int(-1), T: attr.type(), TI: attr.type(['uint8', 'int8', ...indexTypes], 'int64') },
    outputs: { output: 'T' },
    shape: (call) => {
      const shape = call.shape(0)
      if (!shape) return [null]
      const depth = call.constant(1)?.[0] ?? unknown
      const axis = call.int('axis')
      const at = axis === -1 ? shape.length : axis
      return [[...shape.slice(0, at), depth, ...shape.slice(at)]]
    },
  },
})

/** A bitcast to a narrower type adds a last axis; one to a wider type takes it away. */
function bitcastShape(call: OpCall): Shape {
  const shape = call.shape(0)
  const from = dtypeBytes[call.type('T')]
  const to = dtypeBytes[call.type('type')]
  if (from === 0 || to === 0) call.fail('only types of a fixed size can be cast bit by bit.')
  if (!shape || from === to) return shape
  if (from > to) return [...shape, from / to]
  mergeSize(shape[shape.length - 1] ?? 1, to / from, call.what)
  return shape.slice(0, -1)
}
