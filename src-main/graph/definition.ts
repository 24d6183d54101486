import type { DType, TensorValue } from './dtypes'
import type { Shape } from './shape'
import type { Tensor } from './graph'

/** What an attribute may hold; the kind says which field of TensorFlow's AttrValue it becomes. */
export type AttrValue =
  | { readonly kind: 'type'; readonly value: DType }
  | { readonly kind: 'int' | 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'shape'; readonly value: Shape }
  | { readonly kind: 'tensor'; readonly value: TensorValue }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'types'; readonly value: readonly DType[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }

export type AttrKind = AttrValue['kind']

/** What a builder hands over; `Graph.add` gives it the kind that the op's definition says. */
export type AttrInput = string | number | boolean | TensorValue | readonly number[] | readonly string[] | null

/** One attribute of an op: `fallback` is TensorFlow's own default; an attribute without one is required or inferred. */
export interface AttrSpec {
  readonly kind: AttrKind
  readonly fallback?: AttrInput
  readonly allowed?: readonly string[]
}

export const attr = {
  type: (allowed?: readonly DType[], fallback?: DType): AttrSpec => ({ kind: 'type', allowed, fallback }),
  int: (fallback?: number): AttrSpec => ({ kind: 'int', fallback }),
  float: (fallback?: number): AttrSpec => ({ kind: 'float', fallback }),
  bool: (fallback?: boolean): AttrSpec => ({ kind: 'bool', fallback }),
  string: (fallback?: string, allowed?: readonly string[]): AttrSpec => ({
    kind: 'string',
    fallback,
    allowed,
  }),
  shape: (...fallback: [] | [Shape]): AttrSpec =>
    fallback.length ? { kind: 'shape', fallback: fallback[0] } : { kind: 'shape' },
  tensor: (): AttrSpec => ({ kind: 'tensor' }),
  ints: (fallback?: readonly number[]): AttrSpec => ({ kind: 'ints', fallback }),
  types: (): AttrSpec => ({ kind: 'types' }),
  strings: (fallback?: readonly string[]): AttrSpec => ({ kind: 'strings', fallback }),
}

/** What shape inference may look at. */
export interface OpCall {
  /** The op's name and the node's, for messages. */
  readonly what: string
  /** All inputs, lists flattened in order. */
  readonly inputs: readonly Tensor[]
  /** The shape of input i. */
  shape(i: number): Shape
  /** The shape of input i, which must have this rank if its rank is known; sizes are unknown where the rank is. */
  ranked(i: number, rank: number): readonly number[]
  /** The value of input i where it is known while building (a small integer constant), else null. */
  constant(i: number): readonly number[] | null
  int(name: string): number
  bool(name: string): boolean
  ints(name: string): readonly number[]
  shapeAttr(name: string): Shape
  tensorAttr(name: string): TensorValue
  string(name: string): string
  type(name: string): DType
  types(name: string): readonly DType[]
  fail(message: string, hint?: string): never
}

/**
 * One row of the op table, in the terms of TensorFlow's own op registry.
 *
 * The types of inputs and outputs are written as a data type (`int32`), the name of a type attribute (`T`), a list of a
 * length held in an attribute (`N*T`), or a list of types (`[dtypes]`). Names and attributes are exactly TensorFlow's: it
 * ignores an attribute that it does not know, so ours are checked here.
 */
export interface OpDefinition {
  readonly inputs: Readonly<Record<string, string>>
  readonly attrs?: Readonly<Record<string, AttrSpec>>
  readonly outputs: Readonly<Record<string, string>>
  /** Has state or effects: never folded, its gradient never assumed. */
  readonly stateful?: true
  readonly shape: (call: OpCall) => readonly Shape[]
}

/** Type of `{ inputs: {…} }` helpers: keeps each row's literal keys while checking it. */
export function table<K extends string>(rows: Record<K, OpDefinition>): Record<K, OpDefinition> {
  return rows
}
