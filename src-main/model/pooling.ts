import {
  add,
  cast,
  constant,
  cumsum,
  divNoNan,
  expandDims,
  floorDiv,
  gather,
  greater,
  greaterEqual,
  less,
  mul,
  onesLike,
  positionsOf,
  range,
  reshape,
  select,
  size,
  sizeOf,
  slice,
  sqrt,
  square,
  sub,
  unsortedSegmentMax,
  unsortedSegmentSum,
  type Tensor,
} from '../graph'
import { GraftError } from '../contract/errors'
import { weightsFeature } from './rowLayout'
import type { ListSpec } from './spec'

/** The names under which a serving model takes a list column, as Merlin names them: its items end to end, and where each row begins. */
export const valuesName = (column: string): string => `${column}__values`
export const offsetsName = (column: string): string => `${column}__offsets`

/** The items of a batch's lists, one after the other; what fills short lists up is not among them. */
export interface ListItems {
  /** int32 or int64 [n]. */
  readonly ids: Tensor
  /** The row of the batch that each is of: int32 [n]. */
  readonly rows: Tensor
  /** What each weighs: float32 [n], or null where all weigh the same. */
  readonly weights: Tensor | null
  /** Rows of the batch: int32 []. */
  readonly batch: Tensor
}

/**
 * The items of a list column, from what a batch has of it: a stretch filled up with −1, [batch, length], as training packs
 * rows; or values [n] and offsets [batch + 1], as a serving model takes them. Of lists that are too long both keep the same items.
 */
export function listItems(column: string, list: ListSpec, features: ReadonlyMap<string, Tensor>): ListItems {
  const padded = features.get(column)
  const [values, offsets] = [features.get(valuesName(column)), features.get(offsetsName(column))]
  if (padded) {
    const weights = list.weights === null ? null : features.get(weightsFeature(column))
    if (weights !== undefined) return itemsOfStretch(padded, weights, list.length)
  } else if (values && offsets) {
    if (list.weights === null) return itemsOfLists(values, offsets, null, list)
    const weights = features.get(valuesName(list.weights))
    const starts = features.get(offsetsName(list.weights))
    if (weights && starts) return itemsOfLists(values, offsets, { values: weights, offsets: starts }, list)
  }
  throw new GraftError('internal', `List column ${column} was not given to the model.`)
}

function itemsOfStretch(padded: Tensor, weights: Tensor | null, length: number): ListItems {
  const flat = reshape(padded, [-1]) // [batch · length]
  const present = positionsOf(greaterEqual(flat, 0)) // [n]
  return {
    ids: gather(flat, present),
    rows: floorDiv(present, length),
    weights: weights && gather(reshape(weights, [-1]), present),
    batch: sizeOf(padded, 0),
  }
}

function itemsOfLists(
  values: Tensor,
  offsets: Tensor,
  weights: { values: Tensor; offsets: Tensor } | null,
  { length, keep }: ListSpec,
): ListItems {
  const { graph } = values
  const [zero, one] = [constant(graph, 0, 'int32'), constant(graph, 1, 'int32')]
  const bounds = cast(offsets, 'int32')
  const batch = sub(size(bounds), 1)
  const starts = slice(bounds, [0], reshape(batch, [1])) // [batch]
  const ends = slice(bounds, [1], [-1]) // [batch]
  const count = size(values)
  const positions = range(zero, count, one) // [all]
  // A place belongs to the row before which as many others have ended.
  const ended = unsortedSegmentSum(onesLike(ends), ends, add(count, 1)) // [all + 1]
  const rowOf = slice(cumsum(ended, 0), [0], reshape(count, [1])) // [all]
  const kept =
    keep === 'first'
      ? less(positions, add(gather(starts, rowOf), length))
      : greaterEqual(positions, sub(gather(ends, rowOf), length))
  const present = positionsOf(kept) // [n]
  const rows = gather(rowOf, present)
  const within = sub(present, gather(starts, rows))
  return {
    ids: gather(values, present),
    rows,
    weights: weights && gather(weights.values, add(gather(cast(weights.offsets, 'int32'), rows), within)),
    batch,
  }
}

/**
 * One vector for each row of the batch, from the vectors of its items: the combiners of tf.nn.embedding_lookup_sparse (with
 * weights w: `sum` Σ w v, `mean` Σ w v / Σ w, `sqrtn` Σ w v / √Σ w²), and the largest of each number. A row without items,
 * or whose weights cancel out, gives zeros.
 * @param vectors [n, width]
 * @returns [batch, width]
 */
export function pool(vectors: Tensor, { rows, weights, batch }: ListItems, how: ListSpec['pooling']): Tensor {
  if (how === 'max') {
    const counts = unsortedSegmentSum(onesLike(rows), rows, batch) // [batch]
    return select(expandDims(greater(counts, 0), 1), unsortedSegmentMax(vectors, rows, batch), 0)
  }
  const weighed = weights ? mul(vectors, expandDims(weights, 1)) : vectors
  const total = unsortedSegmentSum(weighed, rows, batch)
  if (how === 'sum') return total
  const each = weights ?? cast(onesLike(rows), 'float32') // [n]
  const norm =
    how === 'mean'
      ? unsortedSegmentSum(each, rows, batch)
      : sqrt(unsortedSegmentSum(square(each), rows, batch)) // [batch]
  return divNoNan(total, expandDims(norm, 1))
}

/** What the layer diagram says of a pooled column: `mean of up to 6`. */
export function describePooling({ pooling, length, weights }: ListSpec): string {
  return `${pooling} of up to ${length}${weights === null ? '' : `, weighed by ${weights}`}`
}
