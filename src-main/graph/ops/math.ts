import { attr, type OpDefinition, table } from '../definition'
import { floatTypes, indexTypes, numberTypes, signedTypes } from '../dtypes'
import { broadcastShape, mergeSize, sameShape, type Shape, unknown } from '../shape'
import { broadcast, merged, reduced, same, withoutAxis } from './shapes'

const unary = (allowed = floatTypes): OpDefinition => ({
  inputs: { x: 'T' },
  attrs: { T: attr.type(allowed) },
  outputs: { y: 'T' },
  shape: same,
})

const binary = (allowed = numberTypes): OpDefinition => ({
  inputs: { x: 'T', y: 'T' },
  attrs: { T: attr.type(allowed) },
  outputs: { z: 'T' },
  shape: broadcast,
})

const comparison: OpDefinition = { ...binary(), outputs: { z: 'bool' } }
const equality: OpDefinition = {
  inputs: { x: 'T', y: 'T' },
  attrs: { T: attr.type(), incompatible_shape_error: attr.bool(true) },
  outputs: { z: 'bool' },
  shape: broadcast,
}
const logical: OpDefinition = { inputs: { x: 'bool', y: 'bool' }, outputs: { z: 'bool' }, shape: broadcast }

const reduction = (allowed = numberTypes): OpDefinition => ({
  inputs: { input: 'T', reduction_indices: 'Tidx' },
  attrs: { keep_dims: attr.bool(false), T: attr.type(allowed), Tidx: attr.type(indexTypes, 'int32') },
  outputs: { output: 'T' },
  shape: reduced,
})

const logicalReduction: OpDefinition = {
  inputs: { input: 'bool', reduction_indices: 'Tidx' },
  attrs: { keep_dims: attr.bool(false), Tidx: attr.type(indexTypes, 'int32') },
  outputs: { output: 'bool' },
  shape: reduced,
}

const segment: OpDefinition = {
  inputs: { data: 'T', segment_ids: 'Tindices', num_segments: 'Tnumsegments' },
  attrs: {
    T: attr.type(numberTypes),
    Tindices: attr.type(indexTypes),
    Tnumsegments: attr.type(indexTypes, 'int32'),
  },
  outputs: { output: 'T' },
  shape: (call) => {
    const data = call.shape(0)
    const ids = call.shape(1)
    if (!data || !ids) return [null]
    const count = call.constant(2)?.[0] ?? unknown
    return [[count, ...data.slice(ids.length)]]
  },
}

/** y, dy → dx, of one shape: TensorFlow's fused backward kernels. */
const gradientOf = (first: string, second: string, output: string): OpDefinition => ({
  inputs: { [first]: 'T', [second]: 'T' },
  attrs: { T: attr.type(floatTypes) },
  outputs: { [output]: 'T' },
  shape: merged,
})

export const mathOps = table({
  AddV2: binary(),
  Sub: binary(),
  Mul: binary(),
  RealDiv: binary(),
  DivNoNan: binary(floatTypes),
  FloorDiv: binary(),
  FloorMod: binary(),
  Maximum: binary(),
  Minimum: binary(),
  Pow: binary(signedTypes),
  SquaredDifference: binary(signedTypes),

  Neg: unary(signedTypes),
  Abs: unary(signedTypes),
  Sign: unary(signedTypes),
  Square: unary(numberTypes),
  Sqrt: unary(),
  Rsqrt: unary(),
  Reciprocal: unary(),
  Exp: unary(),
  Expm1: unary(),
  Log: unary(),
  Log1p: unary(),
  Sigmoid: unary(),
  Tanh: unary(),
  Erf: unary(),
  Sin: unary(),
  Cos: unary(),
  Floor: unary(),
  Round: unary(signedTypes),

  SigmoidGrad: gradientOf('y', 'dy', 'z'),
  TanhGrad: gradientOf('y', 'dy', 'z'),
  RsqrtGrad: gradientOf('y', 'dy', 'z'),
  SqrtGrad: gradientOf('y', 'dy', 'z'),

  Less: comparison,
  LessEqual: comparison,
  Greater: comparison,
  GreaterEqual: comparison,
  Equal: equality,
  NotEqual: equality,
  LogicalAnd: logical,
  LogicalOr: logical,
  LogicalNot: { inputs: { x: 'bool' }, outputs: { y: 'bool' }, shape: same },
  IsFinite: { inputs: { x: 'T' }, attrs: { T: attr.type(floatTypes) }, outputs: { y: 'bool' }, shape: same },

  Sum: reduction(),
  Mean: reduction(),
  Max: reduction(),
  Min: reduction(),
  Prod: reduction(),
  Any: logicalReduction,
  All: logicalReduction,
  Cumsum: {
    inputs: { x: 'T', axis: 'Tidx' },
    attrs: {
      exclusive: attr.bool(false),
      reverse: attr.bool(false),
      T: attr.type(numberTypes),
      Tidx: attr.type(indexTypes, 'int32'),
    },
    outputs: { out: 'T' },
    shape: same,
  },
  ArgMax: {
    inputs: { input: 'T', dimension: 'Tidx' },
    attrs: {
      T: attr.type(numberTypes),
      Tidx: attr.type(indexTypes, 'int32'),
      output_type: attr.type(indexTypes, 'int64'),
    },
    outputs: { output: 'output_type' },
    shape: withoutAxis,
  },
  AddN: {
    inputs: { inputs: 'N*T' },
    attrs: { N: attr.int(), T: attr.type(numberTypes) },
    outputs: { sum: 'T' },
    shape: merged,
  },

  MatMul: {
    inputs: { a: 'T', b: 'T' },
    attrs: {
      transpose_a: attr.bool(false),
      transpose_b: attr.bool(false),
      T: attr.type(signedTypes),
      grad_a: attr.bool(false),
      grad_b: attr.bool(false),
    },
    outputs: { product: 'T' },
    shape: (call) => {
      const [a0 = unknown, a1 = unknown] = call.ranked(0, 2)
      const [b0 = unknown, b1 = unknown] = call.ranked(1, 2)
      const [rows, inner] = call.bool('transpose_a') ? [a1, a0] : [a0, a1]
      const [other, columns] = call.bool('transpose_b') ? [b1, b0] : [b0, b1]
      mergeSize(inner, other, `${call.what}: the inner axis`)
      return [[rows, columns]]
    },
  },
  BatchMatMulV2: {
    inputs: { x: 'T', y: 'T' },
    attrs: {
      T: attr.type(signedTypes),
      adj_x: attr.bool(false),
      adj_y: attr.bool(false),
      grad_x: attr.bool(false),
      grad_y: attr.bool(false),
    },
    outputs: { output: 'T' },
    shape: (call) => {
      const x = call.shape(0)
      const y = call.shape(1)
      if (!x || !y) return [null]
      if (x.length < 2 || y.length < 2) call.fail('both inputs must have rank 2 or more.')
      const [x0 = unknown, x1 = unknown] = x.slice(-2)
      const [y0 = unknown, y1 = unknown] = y.slice(-2)
      const [rows, inner] = call.bool('adj_x') ? [x1, x0] : [x0, x1]
      const [other, columns] = call.bool('adj_y') ? [y1, y0] : [y0, y1]
      mergeSize(inner, other, `${call.what}: the inner axis`)
      const batch = broadcastShape(x.slice(0, -2), y.slice(0, -2), call.what)
      return [batch ? [...batch, rows, columns] : null]
    },
  },

  BiasAdd: {
    inputs: { value: 'T', bias: 'T' },
    attrs: { T: attr.type(numberTypes), data_format: attr.string('NHWC', ['NHWC', 'NCHW']) },
    outputs: { output: 'T' },
    shape: (call) => {
      const value = call.shape(0)
      const [size = unknown] = call.ranked(1, 1)
      if (!value) return [null]
      if (value.length < 2) call.fail('the value must have rank 2 or more.')
      if (call.string('data_format') === 'NHWC')
        mergeSize(value[value.length - 1] ?? unknown, size, call.what)
      return [value]
    },
  },
  BiasAddGrad: {
    inputs: { out_backprop: 'T' },
    attrs: { T: attr.type(numberTypes), data_format: attr.string('NHWC', ['NHWC', 'NCHW']) },
    outputs: { output: 'T' },
    shape: (call) => [[call.shape(0)?.slice(-1)[0] ?? unknown]],
  },
  Relu: {
    inputs: { features: 'T' },
    attrs: { T: attr.type(numberTypes) },
    outputs: { activations: 'T' },
    shape: same,
  },
  ReluGrad: {
    inputs: { gradients: 'T', features: 'T' },
    attrs: { T: attr.type(numberTypes) },
    outputs: { backprops: 'T' },
    shape: merged,
  },
  Elu: {
    inputs: { features: 'T' },
    attrs: { T: attr.type(floatTypes) },
    outputs: { activations: 'T' },
    shape: same,
  },
  EluGrad: gradientOf('gradients', 'outputs', 'backprops'),
  LeakyRelu: {
    inputs: { features: 'T' },
    attrs: { alpha: attr.float(0.2), T: attr.type(floatTypes, 'float32') },
    outputs: { activations: 'T' },
    shape: same,
  },
  Softplus: {
    inputs: { features: 'T' },
    attrs: { T: attr.type(floatTypes) },
    outputs: { activations: 'T' },
    shape: same,
  },
  SoftplusGrad: gradientOf('gradients', 'features', 'backprops'),
  Softmax: {
    inputs: { logits: 'T' },
    attrs: { T: attr.type(floatTypes) },
    outputs: { softmax: 'T' },
    shape: same,
  },
  LogSoftmax: {
    inputs: { logits: 'T' },
    attrs: { T: attr.type(floatTypes) },
    outputs: { logsoftmax: 'T' },
    shape: same,
  },
  SparseSoftmaxCrossEntropyWithLogits: {
    inputs: { features: 'T', labels: 'Tlabels' },
    attrs: { T: attr.type(floatTypes), Tlabels: attr.type(indexTypes, 'int64') },
    outputs: { loss: 'T', backprop: 'T' },
    shape: (call) => {
      const features = call.ranked(0, 2)
      return [[mergeSize(features[0] ?? unknown, call.ranked(1, 1)[0] ?? unknown, call.what)], features]
    },
  },
  L2Loss: {
    inputs: { t: 'T' },
    attrs: { T: attr.type(floatTypes) },
    outputs: { output: 'T' },
    shape: (): Shape[] => [[]],
  },

  UnsortedSegmentSum: segment,
  UnsortedSegmentMax: segment,
  SelectV2: {
    inputs: { condition: 'bool', t: 'T', e: 'T' },
    attrs: { T: attr.type() },
    outputs: { output: 'T' },
    shape: (call) => {
      const values = sameShape(call.shape(1), call.shape(2))
        ? call.shape(1)
        : broadcastShape(call.shape(1), call.shape(2), call.what)
      return [broadcastShape(call.shape(0), values, call.what)]
    },
  },
  ClipByValue: {
    inputs: { t: 'T', clip_value_min: 'T', clip_value_max: 'T' },
    attrs: { T: attr.type(numberTypes) },
    outputs: { output: 'T' },
    shape: same,
  },
})
