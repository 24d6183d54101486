import type { Node, Tensor } from '../graph'
import type { SparseGradient } from '../sparse'

export type Gradient = Tensor | SparseGradient

/** A run of columns [begin, end) of a matrix. */
export type Span = readonly [begin: number, end: number]

/**
 * The gradient of one input, computed only when it is asked for: a rule never builds what nobody needs. One that can be
 * computed for some of the input's columns alone says how, which is what makes a frozen part of a concatenation free.
 */
export interface Pending {
  all(): Gradient
  /** The columns of these spans side by side, [rows, Σ widths]. */
  columns?(spans: readonly Span[]): Tensor
}

export type InputGradient = (() => Gradient) | Pending | null

/**
 * How a gradient goes through one op: from the outputs' gradients (null where nothing depends on an output) to the inputs'
 * (null where an input has none, such as indices).
 */
export interface Rule {
  readonly apply: (node: Node, gradients: readonly (Tensor | null)[]) => readonly InputGradient[]
  /** The op broadcasts: its rule gives gradients of the output's shape, and the walk sums them to the inputs' shapes. */
  readonly broadcasts?: true
}

/**
 * `zero`: the gradient is 0 wherever it exists, so nothing flows. `none`: the op has no gradient here; a loss that depends
 * on a wanted variable through it is an error and not a silent zero.
 */
export type Row = Rule | 'zero' | 'none'

/** A rule of an op with one output: (node, dy) → gradients of the inputs. */
export function rule(apply: (node: Node, dy: Tensor) => readonly InputGradient[]): Rule {
  return { apply: (node, [dy]) => (dy ? apply(node, dy) : node.inputs.map(() => null)) }
}

/** The same for an op that broadcasts its inputs. */
export function broadcasting(apply: (node: Node, dy: Tensor) => readonly InputGradient[]): Rule {
  return { ...rule(apply), broadcasts: true }
}

/** A rule of an op y = f(x): the factor comes from (dy, x, y). */
export function unaryRule(apply: (dy: Tensor, x: Tensor, y: Tensor) => Tensor): Rule {
  return rule((node, dy) => [() => apply(dy, node.input(0), node.output(0))])
}

/** dx = dy. */
export const passes: Rule = rule((_, dy) => [() => dy])
