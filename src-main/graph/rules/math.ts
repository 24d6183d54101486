import {
  add,
  broadcastTo,
  cast,
  cos,
  cumsum,
  div,
  divNoNan,
  equal,
  exp,
  expandDims,
  floorDiv,
  gather,
  greaterEqual,
  greater,
  less,
  lessEqual,
  log,
  logicalAnd,
  matMul,
  batchMatMul,
  maximum,
  mul,
  neg,
  pow,
  reshape,
  select,
  shapeOf,
  sign,
  sin,
  size,
  sizeOf,
  square,
  sub,
  sum,
  constant,
  unsortedSegmentSum,
  zerosLike,
} from '../builders'
import { constantValue } from '../constants'
import { GraphError } from '../errors'
import type { Node, Tensor } from '../graph'
import type { mathOps } from '../ops/math'
import { elements, isKnown, normalizeAxis } from '../shape'
import { pickColumns, pickRows } from './columns'
import { broadcasting, type InputGradient, type Row, rule, unaryRule } from './rule'

const flag = (node: Node, name: string): boolean => node.attrs.get(name)?.value === true

/** A reduction's output with the reduced axes back as 1, so that it broadcasts against the input. */
function keptDims(node: Node, y: Tensor): Tensor {
  if (flag(node, 'keep_dims')) return y
  const x = node.input(0)
  const axes = constantValue(node.input(1))
  if (!axes || !x.shape)
    throw new GraphError('internal', `The axes of "${node.name}" must be constant to differentiate it.`)
  const reduced = new Set(axes.map((axis) => normalizeAxis(axis, x.rank, node.name)))
  const kept = x.shape.map((length, i) => (reduced.has(i) ? 1 : length))
  if (isKnown(kept)) return reshape(y, kept)
  return [...reduced].sort((a, b) => a - b).reduce((tensor, axis) => expandDims(tensor, axis), y)
}

/** Σ over axes: every summed element gets dy. */
function spread(node: Node, dy: Tensor): Tensor {
  return broadcastTo(keptDims(node, dy), shapeOf(node.input(0)))
}

/** How many elements go into one of the output, a scalar of y's type. */
function reducedCount(node: Node): Tensor {
  const x = node.input(0)
  const y = node.output(0)
  if (isKnown(x.shape) && isKnown(y.shape))
    return constant(x.graph, elements(x.shape) / Math.max(1, elements(y.shape)), y.dtype)
  return cast(floorDiv(size(x), maximum(size(y), 1)), y.dtype)
}

/** max or min over axes: dy goes to the elements that reach it, in equal parts where several do. */
const extremum = rule((node, dy) => [
  () => {
    const x = node.input(0)
    const hit = cast(equal(x, keptDims(node, node.output(0))), x.dtype)
    const axes = constantValue(node.input(1)) ?? []
    return mul(div(hit, sum(hit, axes, { keepDims: true })), keptDims(node, dy))
  },
])

/**
 * Y = A·B: dA = dY·Bᵀ, dB = Aᵀ·dY, and so on for transposed operands; no transpose is ever carried out. The columns of A
 * are the rows of B, so some columns of dA need those rows alone.
 */
function matMulRule(node: Node, dy: Tensor): readonly InputGradient[] {
  const [a, b] = [node.input(0), node.input(1)]
  const [ta, tb] = [flag(node, 'transpose_a'), flag(node, 'transpose_b')]
  const db = (): Tensor => {
    if (tb) return matMul(dy, a, { transposeA: true, transposeB: ta }) // dBᵀ = dYᵀ·A
    return matMul(a, dy, { transposeA: !ta })
  }
  if (ta) return [() => matMul(b, dy, { transposeA: tb, transposeB: true }), db] // dAᵀ = B·dYᵀ
  return [
    {
      all: () => matMul(dy, b, { transposeB: !tb }),
      columns: (spans) => matMul(dy, tb ? pickColumns(b, spans) : pickRows(b, spans), { transposeB: !tb }),
    },
    db,
  ]
}

/** The same for stacks of matrices; where the stacks were broadcast, the walk sums. */
function batchMatMulRule(node: Node, dy: Tensor): readonly InputGradient[] {
  const [x, y] = [node.input(0), node.input(1)]
  const [ax, ay] = [flag(node, 'adj_x'), flag(node, 'adj_y')]
  return [
    () => (ax ? batchMatMul(y, dy, { adjointA: ay, adjointB: true }) : batchMatMul(dy, y, { adjointB: !ay })),
    () => (ay ? batchMatMul(dy, x, { adjointA: true, adjointB: ax }) : batchMatMul(x, dy, { adjointA: !ax })),
  ]
}

/** dy where the condition holds, else 0. */
const where = (condition: Tensor, dy: Tensor): Tensor => select(condition, dy, zerosLike(dy))
const elsewhere = (condition: Tensor, dy: Tensor): Tensor => select(condition, zerosLike(dy), dy)

/** Rows of `x` by segment id; a negative id, which belongs to no segment, gets zeros. */
function gatherSegments(x: Tensor, ids: Tensor): Tensor {
  const rows = gather(x, maximum(ids, 0))
  return where(segmentMask(ids, rows), rows)
}

/** Whether each row belongs to a segment at all, shaped to broadcast against `x`. */
function segmentMask(ids: Tensor, x: Tensor): Tensor {
  let inside = greaterEqual(ids, 0)
  for (let axis = ids.rank; axis < x.rank; axis++) inside = expandDims(inside, axis)
  return inside
}

export const mathRules: Record<keyof typeof mathOps, Row> = {
  AddV2: broadcasting((_, dy) => [() => dy, () => dy]),
  Sub: broadcasting((_, dy) => [() => dy, () => neg(dy)]),
  // d(a·b) = b·da + a·db
  Mul: broadcasting((n, dy) => [() => mul(dy, n.input(1)), () => mul(dy, n.input(0))]),
  // d(a/b) = da/b − y·db/b
  RealDiv: broadcasting((n, dy) => [
    () => div(dy, n.input(1)),
    () => neg(div(mul(dy, n.output(0)), n.input(1))),
  ]),
  DivNoNan: broadcasting((n, dy) => [
    () => divNoNan(dy, n.input(1)),
    () => neg(divNoNan(mul(dy, n.output(0)), n.input(1))),
  ]),
  FloorDiv: 'zero',
  // a mod b = a − ⌊a/b⌋·b
  FloorMod: broadcasting((n, dy) => [() => dy, () => neg(mul(dy, floorDiv(n.input(0), n.input(1))))]),
  // The first operand takes dy where both are equal, as in TensorFlow.
  Maximum: broadcasting((n, dy) => [
    () => where(greaterEqual(n.input(0), n.input(1)), dy),
    () => elsewhere(greaterEqual(n.input(0), n.input(1)), dy),
  ]),
  Minimum: broadcasting((n, dy) => [
    () => where(lessEqual(n.input(0), n.input(1)), dy),
    () => elsewhere(lessEqual(n.input(0), n.input(1)), dy),
  ]),
  // d(aᵇ) = b·aᵇ⁻¹·da + aᵇ·log a·db, the second only where a > 0
  Pow: broadcasting((n, dy) => {
    const [a, b, y] = [n.input(0), n.input(1), n.output(0)]
    return [
      () => mul(dy, mul(b, pow(a, sub(b, 1)))),
      () => {
        const positive = greater(a, 0)
        return mul(dy, mul(y, log(select(positive, a, 1))))
      },
    ]
  }),
  // d(a − b)² = 2(a − b)(da − db)
  SquaredDifference: broadcasting((n, dy) => {
    const twice = (): Tensor => mul(mul(dy, 2), sub(n.input(0), n.input(1)))
    return [twice, () => neg(twice())]
  }),

  Neg: unaryRule((dy) => neg(dy)),
  Abs: unaryRule((dy, x) => mul(dy, sign(x))),
  Sign: 'zero',
  Square: unaryRule((dy, x) => mul(dy, mul(x, 2))),
  Sqrt: unaryRule((dy, x, y) => x.graph.op('SqrtGrad', [y, dy])), // dy / 2y
  Rsqrt: unaryRule((dy, x, y) => x.graph.op('RsqrtGrad', [y, dy])), // −dy·y³/2
  Reciprocal: unaryRule((dy, _, y) => neg(mul(dy, square(y)))),
  Exp: unaryRule((dy, _, y) => mul(dy, y)),
  Expm1: unaryRule((dy, x) => mul(dy, exp(x))),
  Log: unaryRule((dy, x) => div(dy, x)),
  Log1p: unaryRule((dy, x) => div(dy, add(x, 1))),
  Sigmoid: unaryRule((dy, x, y) => x.graph.op('SigmoidGrad', [y, dy])), // dy·y(1 − y)
  Tanh: unaryRule((dy, x, y) => x.graph.op('TanhGrad', [y, dy])), // dy(1 − y²)
  Erf: unaryRule((dy, x) => mul(dy, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)))), // dy·2/√π·exp(−x²)
  Sin: unaryRule((dy, x) => mul(dy, cos(x))),
  Cos: unaryRule((dy, x) => neg(mul(dy, sin(x)))),
  Floor: 'zero',
  Round: 'zero',

  // Second derivatives are not needed by any training step.
  SigmoidGrad: 'none',
  TanhGrad: 'none',
  RsqrtGrad: 'none',
  SqrtGrad: 'none',
  ReluGrad: 'none',
  EluGrad: 'none',
  SoftplusGrad: 'none',
  BiasAddGrad: 'none',

  Less: 'none',
  LessEqual: 'none',
  Greater: 'none',
  GreaterEqual: 'none',
  Equal: 'none',
  NotEqual: 'none',
  LogicalAnd: 'none',
  LogicalOr: 'none',
  LogicalNot: 'none',
  IsFinite: 'none',

  Sum: rule((n, dy) => [() => spread(n, dy)]),
  Mean: rule((n, dy) => [() => spread(n, div(dy, reducedCount(n)))]),
  Max: extremum,
  Min: extremum,
  Prod: 'none',
  Any: 'none',
  All: 'none',
  // Every element goes into all sums from its own on: sum dy the other way round.
  Cumsum: rule((n, dy) => [
    () => {
      const axis = constantValue(n.input(1))?.[0] ?? 0
      return cumsum(dy, axis, { exclusive: flag(n, 'exclusive'), reverse: !flag(n, 'reverse') })
    },
  ]),
  ArgMax: 'none',
  AddN: rule((n, dy) => n.inputs.map(() => () => dy)),

  MatMul: rule(matMulRule),
  BatchMatMulV2: broadcasting(batchMatMulRule),

  BiasAdd: rule((_, dy) => [() => dy, () => dy.graph.op('BiasAddGrad', [dy])]),
  Relu: unaryRule((dy, x, y) => x.graph.op('ReluGrad', [dy, y])), // dy where y > 0
  Elu: unaryRule((dy, x, y) => x.graph.op('EluGrad', [dy, y])), // dy where y > 0, dy(y + 1) elsewhere
  LeakyRelu: rule((n, dy) => {
    const alpha = n.attrs.get('alpha')
    return [() => select(greater(n.input(0), 0), dy, mul(dy, alpha?.kind === 'float' ? alpha.value : 0.2))]
  }),
  Softplus: unaryRule((dy, x) => x.graph.op('SoftplusGrad', [dy, x])), // dy·σ(x)
  // dx = (dy − Σ dy·y)·y
  Softmax: unaryRule((dy, _, y) => mul(sub(dy, sum(mul(dy, y), [-1], { keepDims: true })), y)),
  // dx = dy − softmax·Σ dy
  LogSoftmax: unaryRule((dy, _, y) => sub(dy, mul(exp(y), sum(dy, [-1], { keepDims: true })))),
  // The kernel's second output is softmax − one-hot, the gradient for dy = 1.
  SparseSoftmaxCrossEntropyWithLogits: {
    apply: (n, [dy, second]) => {
      if (second)
        throw new GraphError('internal', `"${n.name}": the gradient of its second output is not known.`)
      return [dy ? () => mul(expandDims(dy, 1), n.output(1)) : null, null]
    },
  },
  L2Loss: unaryRule((dy, x) => mul(dy, x)),

  UnsortedSegmentSum: rule((n, dy) => [() => gatherSegments(dy, n.input(1)), null, null]),
  // As for Max: equal parts where several rows reach it.
  UnsortedSegmentMax: rule((n, dy) => [
    () => {
      const [x, ids] = [n.input(0), n.input(1)]
      const hit = logicalAnd(equal(x, gatherSegments(n.output(0), ids)), segmentMask(ids, x))
      const count = unsortedSegmentSum(cast(hit, x.dtype), ids, sizeOf(n.output(0), 0))
      return where(hit, gatherSegments(divNoNan(dy, count), ids))
    },
    null,
    null,
  ]),
  SelectV2: broadcasting((n, dy) => [null, () => where(n.input(0), dy), () => elsewhere(n.input(0), dy)]),
  // Inside of the bounds dy goes to t, outside to the bound that held.
  ClipByValue: broadcasting((n, dy) => {
    const [t, low, high] = [n.input(0), n.input(1), n.input(2)]
    return [
      () => where(logicalAnd(greaterEqual(t, low), lessEqual(t, high)), dy),
      () => where(less(t, low), dy),
      () => where(greater(t, high), dy),
    ]
  }),
}
