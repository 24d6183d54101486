import type { NodeOptions, Tensor } from '../graph'
import { GraphError } from '../errors'
import type { OpName } from '../ops'
import { constant } from './array'

type Options = NodeOptions
/** A tensor, or a number that becomes a constant of the other operand's type. */
export type Operand = Tensor | number

const unary =
  (op: OpName) =>
  (x: Tensor, options: Options = {}): Tensor =>
    x.graph.op(op, [x], {}, options)

/** Makes a pair of operands two tensors; at least one must be a tensor. */
function operands(a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a !== 'number') return [a, typeof b === 'number' ? constant(a.graph, b, a.dtype) : b]
  if (typeof b !== 'number') return [constant(b.graph, a, b.dtype), b]
  throw new GraphError('internal', 'One operand must be a tensor.')
}

const binary =
  (op: OpName) =>
  (a: Operand, b: Operand, options: Options = {}): Tensor => {
    const [x, y] = operands(a, b)
    return x.graph.op(op, [x, y], {}, options)
  }

export const add = binary('AddV2')
export const sub = binary('Sub')
export const mul = binary('Mul')
export const div = binary('RealDiv')
/** a / b, and 0 where b is 0. */
export const divNoNan = binary('DivNoNan')
export const floorDiv = binary('FloorDiv')
export const floorMod = binary('FloorMod')
export const maximum = binary('Maximum')
export const minimum = binary('Minimum')
export const pow = binary('Pow')
/** (a − b)². */
export const squaredDifference = binary('SquaredDifference')

export const less = binary('Less')
export const lessEqual = binary('LessEqual')
export const greater = binary('Greater')
export const greaterEqual = binary('GreaterEqual')
export const equal = binary('Equal')
export const notEqual = binary('NotEqual')
export const logicalAnd = binary('LogicalAnd')
export const logicalOr = binary('LogicalOr')
export const logicalNot = unary('LogicalNot')
export const isFinite = unary('IsFinite')

export const neg = unary('Neg')
export const abs = unary('Abs')
export const sign = unary('Sign')
export const square = unary('Square')
export const sqrt = unary('Sqrt')
/** 1 / √x. */
export const rsqrt = unary('Rsqrt')
/** 1 / x. */
export const reciprocal = unary('Reciprocal')
export const exp = unary('Exp')
/** exp(x) − 1, exact near 0. */
export const expm1 = unary('Expm1')
export const log = unary('Log')
/** log(1 + x), exact near 0. */
export const log1p = unary('Log1p')
export const tanh = unary('Tanh')
export const erf = unary('Erf')
export const sin = unary('Sin')
export const cos = unary('Cos')
export const floor = unary('Floor')
export const round = unary('Round')

/** Reduction over some axes, all of them where none are named. */
const reduction =
  (op: OpName) =>
  (x: Tensor, axes?: readonly number[], options: Options & { keepDims?: boolean } = {}): Tensor => {
    const { keepDims = false, ...rest } = options
    const chosen = axes ?? Array.from({ length: x.rank }, (_, i) => i)
    return x.graph.op(op, [x, constant(x.graph, chosen, 'int32')], { keep_dims: keepDims }, rest)
  }

export const sum = reduction('Sum')
export const mean = reduction('Mean')
export const max = reduction('Max')
export const min = reduction('Min')
export const prod = reduction('Prod')
export const any = reduction('Any')
export const all = reduction('All')

export function cumsum(
  x: Tensor,
  axis: number,
  options: Options & { exclusive?: boolean; reverse?: boolean } = {},
): Tensor {
  const { exclusive = false, reverse = false, ...rest } = options
  return x.graph.op('Cumsum', [x, constant(x.graph, axis, 'int32')], { exclusive, reverse }, rest)
}

export function argMax(x: Tensor, axis: number, options: Options = {}): Tensor {
  return x.graph.op('ArgMax', [x, constant(x.graph, axis, 'int32')], { output_type: 'int32' }, options)
}

/** The sum of tensors of one shape; a single one passes through. */
export function addN(tensors: readonly Tensor[], options: Options = {}): Tensor {
  const [first] = tensors
  if (!first) throw new GraphError('internal', 'Nothing to add.')
  return tensors.length === 1 ? first : first.graph.op('AddN', [tensors], {}, options)
}

/** a · b of matrices, either of them transposed on the fly. */
export function matMul(
  a: Tensor,
  b: Tensor,
  options: Options & { transposeA?: boolean; transposeB?: boolean } = {},
): Tensor {
  const { transposeA = false, transposeB = false, ...rest } = options
  return a.graph.op('MatMul', [a, b], { transpose_a: transposeA, transpose_b: transposeB }, rest)
}

/** a · b of the last two axes, the ones before are broadcast. */
export function batchMatMul(
  a: Tensor,
  b: Tensor,
  options: Options & { adjointA?: boolean; adjointB?: boolean } = {},
): Tensor {
  const { adjointA = false, adjointB = false, ...rest } = options
  return a.graph.op('BatchMatMulV2', [a, b], { adj_x: adjointA, adj_y: adjointB }, rest)
}

/** `a` where the condition holds, else `b`; all three are broadcast. */
export function select(condition: Tensor, a: Operand, b: Operand, options: Options = {}): Tensor {
  const [x, y] = operands(a, b)
  return x.graph.op('SelectV2', [condition, x, y], {}, options)
}

/** The sum of the rows of each segment: data [n, …], ids [n] → [count, …]; negative ids are left out. */
export function unsortedSegmentSum(data: Tensor, ids: Tensor, count: Tensor, options: Options = {}): Tensor {
  return data.graph.op('UnsortedSegmentSum', [data, ids, count], {}, options)
}

/** The largest of the rows of each segment; an empty segment gets the type's lowest number. */
export function unsortedSegmentMax(data: Tensor, ids: Tensor, count: Tensor, options: Options = {}): Tensor {
  return data.graph.op('UnsortedSegmentMax', [data, ids, count], {}, options)
}

export function clip(x: Tensor, low: Operand, high: Operand, options: Options = {}): Tensor {
  const bound = (value: Operand): Tensor =>
    typeof value === 'number' ? constant(x.graph, value, x.dtype) : value
  return x.graph.op('ClipByValue', [x, bound(low), bound(high)], {}, options)
}
