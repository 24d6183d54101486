import { bool, exactly, f, i32, i64, type OpCase, p } from './case'

const unary = (op: OpCase['op']): OpCase[] => [{ op, inputs: [f(2, 3)] }]
const positive = (op: OpCase['op']): OpCase[] => [{ op, inputs: [p(2, 3)] }]

/** Two operands of every kind of broadcasting. */
const pairs = (op: OpCase['op'], of = f): OpCase[] => [
  { op, inputs: [of(2, 3), of(2, 3)] },
  { op, inputs: [of(2, 3), of(3)] },
  { op, inputs: [of(), of(2, 2)] },
  { op, inputs: [of(2, 1), of(1, 3)] },
  { op, inputs: [of(3, 1, 2), of(2, 1)] },
]

const reductions = (op: OpCase['op']): OpCase[] => [
  { op, inputs: [f(2, 3), i32([1], 0)] },
  { op, inputs: [f(2, 3), i32([1], -1)], attrs: { keep_dims: true } },
  { op, inputs: [f(2, 3, 2), i32([2], 0, 2)] },
  { op, inputs: [f(2, 3), i32([2], 0, 1)], attrs: { keep_dims: true } },
  { op, inputs: [f(4), i32([0])] },
]

const flags = [false, true]

export const mathCases: readonly OpCase[] = [
  ...(['AddV2', 'Sub', 'Mul', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference'] as const).flatMap((op) =>
    pairs(op),
  ),
  ...pairs('DivNoNan'),
  { op: 'DivNoNan', inputs: [exactly([3], 1, 0, -2), exactly([3], 0, 0, 4)] },
  ...pairs('Pow', p),
  ...pairs('FloorDiv'),
  ...pairs('FloorMod'),
  ...(
    ['Neg', 'Abs', 'Sign', 'Square', 'Reciprocal', 'Exp', 'Expm1', 'Sigmoid', 'Tanh', 'Erf'] as const
  ).flatMap(unary),
  ...(
    ['Sin', 'Cos', 'Floor', 'Round', 'Relu', 'Elu', 'LeakyRelu', 'Softplus', 'L2Loss', 'IsFinite'] as const
  ).flatMap(unary),
  ...(['Sqrt', 'Rsqrt', 'Log', 'Log1p'] as const).flatMap(positive),
  { op: 'LeakyRelu', inputs: [f(5)], attrs: { alpha: 0.05 } },
  ...(['Softmax', 'LogSoftmax'] as const).flatMap((op): OpCase[] => [
    { op, inputs: [f(3, 4)] },
    { op, inputs: [f(5)] },
  ]),
  ...(
    ['SigmoidGrad', 'TanhGrad', 'RsqrtGrad', 'SqrtGrad', 'ReluGrad', 'EluGrad', 'SoftplusGrad'] as const
  ).map((op): OpCase => ({ op, inputs: [p(2, 3), f(2, 3)] })),

  ...(['Less', 'LessEqual', 'Greater', 'GreaterEqual', 'Equal', 'NotEqual'] as const).flatMap((op) => [
    ...pairs(op),
    { op, inputs: [exactly([3], 1, 2, 3), exactly([3], 1, 1, 4)] },
  ]),
  ...(['LogicalAnd', 'LogicalOr'] as const).map((op): OpCase => ({
    op,
    inputs: [bool([4], 1, 1, 0, 0), bool([4], 1, 0, 1, 0)],
  })),
  { op: 'LogicalNot', inputs: [bool([2], 1, 0)] },

  ...(['Sum', 'Mean', 'Max', 'Min', 'Prod'] as const).flatMap(reductions),
  ...(['Any', 'All'] as const).map((op): OpCase => ({ op, inputs: [bool([2, 2], 1, 0, 0, 0), i32([1], 1)] })),
  ...flags.flatMap((exclusive) =>
    flags.map((reverse): OpCase => ({
      op: 'Cumsum',
      inputs: [f(2, 4), i32([], 1)],
      attrs: { exclusive, reverse },
    })),
  ),
  { op: 'Cumsum', inputs: [f(3, 2), i32([], 0)] },
  { op: 'ArgMax', inputs: [f(3, 4), i32([], 1)], attrs: { output_type: 'int32' } },
  { op: 'AddN', inputs: [[f(2, 2), f(2, 2), f(2, 2)]] },

  ...flags.flatMap((a) =>
    flags.map((b): OpCase => ({
      op: 'MatMul',
      inputs: [a ? f(4, 2) : f(2, 4), b ? f(3, 4) : f(4, 3)],
      attrs: { transpose_a: a, transpose_b: b },
    })),
  ),
  ...flags.flatMap((x) =>
    flags.map((y): OpCase => ({
      op: 'BatchMatMulV2',
      inputs: [x ? f(2, 3, 2) : f(2, 2, 3), y ? f(2, 4, 3) : f(2, 3, 4)],
      attrs: { adj_x: x, adj_y: y },
    })),
  ),
  { op: 'BatchMatMulV2', inputs: [f(2, 1, 2, 3), f(3, 3, 2)] },
  { op: 'BatchMatMulV2', inputs: [f(2, 3), f(2, 3, 2)] },

  { op: 'BiasAdd', inputs: [f(3, 4), f(4)] },
  { op: 'BiasAdd', inputs: [f(2, 3, 2), f(2)] },
  { op: 'BiasAddGrad', inputs: [f(3, 4)] },
  { op: 'SparseSoftmaxCrossEntropyWithLogits', inputs: [f(3, 4), i32([3], 0, 3, 1)], losses: [0] },
  { op: 'SparseSoftmaxCrossEntropyWithLogits', inputs: [f(2, 3), i64([2], 2, 0)], losses: [0] },

  { op: 'UnsortedSegmentSum', inputs: [f(5, 2), i32([5], 2, 0, 2, 3, 0), i32([], 4)] },
  { op: 'UnsortedSegmentSum', inputs: [f(4), i64([4], 1, -1, 1, 0), i32([], 3)] },
  { op: 'UnsortedSegmentSum', inputs: [f(2, 2, 3), i32([2, 2], 0, 1, 1, 0), i32([], 2)] },
  { op: 'UnsortedSegmentMax', inputs: [f(5, 2), i32([5], 2, 0, 2, 1, 0), i32([], 3)] },
  { op: 'UnsortedSegmentMax', inputs: [f(4, 2), i32([4], 1, -1, 1, 0), i32([], 2)] },
  { op: 'SelectV2', inputs: [bool([2, 2], 1, 0, 0, 1), f(2, 2), f(2, 2)] },
  { op: 'SelectV2', inputs: [bool([2, 1], 1, 0), f(3), f()] },
  { op: 'ClipByValue', inputs: [f(6), exactly([], -0.5), exactly([], 0.6)] },
  {
    op: 'ClipByValue',
    inputs: [f(2, 3), exactly([2, 3], -1, -1, -0.3, -1, -1, 0), exactly([2, 3], 1, 0.3, 1, 1, 0.4, 1)],
  },
]
