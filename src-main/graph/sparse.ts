import { cast, concat, constant, reshape, shapeOf, size, slice, unique, unsortedSegmentSum } from './builders'
import { GraphError } from './errors'
import type { Tensor } from './graph'

/** `Unique` of a tensor of indices is built once, however many tables or gradients ask for it. */
const uniques = new WeakMap<Tensor, { values: Tensor; positions: Tensor }>()

/** The distinct indices of a lookup [n] and the position of each among them; shared by all who ask for the same tensor. */
export function distinct(indices: Tensor): { values: Tensor; positions: Tensor } {
  let found = uniques.get(indices)
  if (!found) {
    found = indices.graph.uncontrolled(() => unique(indices))
    uniques.set(indices, found)
  }
  return found
}

/**
 * The gradient of a table of which only some rows were looked up: row `indices[i]` gets `values[i]`, repeated indices add
 * up, all other rows are 0. Its size is that of the batch, whatever the size of the table.
 */
export class SparseGradient {
  constructor(
    /** [n], int32 or int64. */
    readonly indices: Tensor,
    /** [n, …row]. */
    readonly values: Tensor,
    /** Rows of the table, an int32 scalar, asked for only where the gradient must become dense. */
    readonly rows: () => Tensor,
  ) {}

  /** Whether no index is repeated: they came out of `Unique`. */
  get isSummed(): boolean {
    return this.indices.node.op === 'Unique' && this.indices.index === 0
  }

  /** The same gradient with each index once: what optimizers need, as they square or scale the summed gradient. */
  summed(): SparseGradient {
    if (this.isSummed) return this
    const { values, positions } = distinct(this.indices)
    return new SparseGradient(values, unsortedSegmentSum(this.values, positions, size(values)), this.rows)
  }

  /** [rows, …row]: costs a table. */
  dense(): Tensor {
    return unsortedSegmentSum(this.values, this.indices, this.rows())
  }

  /** From a lookup of indices of any shape [..i] with a gradient [..i, …row]. */
  static ofLookup(indices: Tensor, gradient: Tensor, rows: () => Tensor): SparseGradient {
    if (indices.rank === 1) return new SparseGradient(indices, gradient, rows)
    const row = gradient.shape?.slice(indices.rank)
    if (!row) throw new GraphError('internal', `The rank of a gradient at "${gradient.name}" is not known.`)
    const known = row.every((length) => length >= 0)
    const flat = known
      ? reshape(gradient, [-1, ...row])
      : reshape(
          gradient,
          concat(
            [constant(gradient.graph, [-1], 'int32'), slice(shapeOf(gradient), [indices.rank], [row.length])],
            0,
          ),
        )
    return new SparseGradient(reshape(indices, [-1]), flat, rows)
  }

  /** The sum of several: lookups of one table. */
  static sum(parts: readonly SparseGradient[]): SparseGradient {
    const [first] = parts
    if (!first) throw new GraphError('internal', 'Nothing to add.')
    if (parts.length === 1) return first
    const dtype = parts.every((part) => part.indices.dtype === 'int32') ? 'int32' : 'int64'
    const indices = concat(
      parts.map((part) => cast(part.indices, dtype)),
      0,
    )
    return new SparseGradient(
      indices,
      concat(
        parts.map((part) => part.values),
        0,
      ),
      first.rows,
    )
  }
}
