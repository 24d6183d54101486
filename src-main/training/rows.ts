import { shuffledOrder } from '../dataset/batches'
import type { RowStore } from './data'

/** Rows that lie in the session's memory together, and the order in which training takes them. */
export interface RowWindow {
  readonly store: RowStore
  /** Numbers of the store's rows, each once: [rows]. */
  readonly order: Int32Array
}

/** Where training rows come from: one window an epoch, or as many as it takes. */
export interface TrainingRows {
  readonly rows: number
  /** The rows of an epoch (from 1), each in exactly one window; all but the last hold whole batches. */
  epoch(epoch: number): AsyncIterable<RowWindow>
  close(): Promise<void>
}

/** A part that fits in memory: one window, shuffled as a whole. */
export class MemoryRows implements TrainingRows {
  constructor(
    private readonly store: RowStore,
    /** Null keeps the rows as they lie. */
    private readonly seed: number | null,
  ) {}

  get rows(): number {
    return this.store.rows
  }

  async *epoch(epoch: number): AsyncIterable<RowWindow> {
    const { store, seed } = this
    const order =
      seed === null
        ? Int32Array.from({ length: store.rows }, (_, i) => i)
        : shuffledOrder(store.rows, seed, epoch)
    yield { store, order }
  }

  async close(): Promise<void> {}
}

/** The targets of some rows of a store, in order; `out` is used again for the next. */
export function gatherTargets(store: RowStore, order: Int32Array, out: Float32Array): Float32Array {
  const { labels } = store
  for (let i = 0; i < order.length; i++) out[i] = labels[order[i] ?? 0] ?? 0
  return out.subarray(0, order.length)
}
