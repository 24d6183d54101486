import type { AttrInput, DType, Graph, Node, OpName, Tensor } from '../../../../src-main/graph'

/** One operand of a case. Floating-point ones are float64 or float32 as the test chooses, and may be given unknown sizes. */
export type Operand =
  | {
      readonly kind: 'float'
      readonly shape: readonly number[]
      readonly values: readonly number[]
      readonly fixed: boolean
    }
  | {
      readonly kind: 'constant'
      readonly dtype: DType
      readonly shape: readonly number[]
      readonly values: readonly number[] | readonly string[]
    }

/** An op called as it is: its session result, its own execution, its shape and its gradient are all checked. */
export interface OpCase {
  readonly op: OpName
  readonly inputs: readonly (Operand | readonly Operand[])[]
  readonly attrs?: Readonly<Record<string, AttrInput>>
  /** The outputs that a loss is made of; all floating-point ones where it is left out. */
  readonly losses?: readonly number[]
}

/** An op with state or without inputs: what to run, and in which order. */
export interface BuiltCase {
  readonly op: OpName
  build(graph: Graph): { readonly init: readonly (Node | Tensor)[]; readonly fetches: readonly Tensor[] }
}

/** Reproducible numbers in (0.2, 1.5) with mixed signs, away from the kinks at 0 and ±1 and from each other. */
function numbers(count: number, seed: number, positive: boolean): number[] {
  return Array.from({ length: count }, (_, i) => {
    const unit = Math.abs(Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453) % 1
    const size = 0.2 + 0.73 * unit
    return positive || i % 3 !== 1 ? size : -size
  })
}

let seed = 0
const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** A floating-point operand of either sign. */
export const f = (...shape: number[]): Operand => ({
  kind: 'float',
  shape,
  values: numbers(count(shape), ++seed, false),
  fixed: false,
})

/** A positive floating-point operand. */
export const p = (...shape: number[]): Operand => ({
  kind: 'float',
  shape,
  values: numbers(count(shape), ++seed, true),
  fixed: false,
})

/** A floating-point operand of these values, whose gradient is not looked at: a 0 or 1 at a kink. */
export const exactly = (shape: readonly number[], ...values: number[]): Operand => ({
  kind: 'float',
  shape,
  values,
  fixed: true,
})

const constant =
  (dtype: DType) =>
  (shape: readonly number[], ...values: number[]): Operand => ({ kind: 'constant', dtype, shape, values })

export const i32 = constant('int32')
export const i64 = constant('int64')
export const bool = constant('bool')
export const text = (...values: string[]): Operand => ({
  kind: 'constant',
  dtype: 'string',
  shape: [values.length],
  values,
})
