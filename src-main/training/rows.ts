import { shuffledOrder } from '../dataset/batches'
import type { PackedBatch, RowStore } from './data'

/** Rows that training has in memory together. */
export interface RowWindow {
  /** After `load`, only the targets of a window that was read from disk stay: the next one is read over its words. */
  readonly store: RowStore
  /** The order in which they are taken: numbers of rows, each once, [rows]. */
  readonly order: Int32Array
  /** Brings the rows into the session, where they are not there yet. To be called before the first step on them. */
  load(session: { load(rows: PackedBatch): void }): void
}

/** Where training rows come from: one window an epoch, or as many as it takes. */
export interface TrainingRows {
  readonly rows: number
  /** Whether the part stays on disk. */
  readonly streamed: boolean
  /** Whether rows are being read meanwhile, by work that needs this thread now and then. */
  readonly reading: boolean
  /** Until the first rows are in memory: what training waits for before its clock begins. */
  ready(): Promise<void>
  /** The rows of an epoch (from 1), each in exactly one window; all but the last window hold whole batches. */
  epoch(epoch: number): AsyncIterable<RowWindow>
  close(): Promise<void>
}

/** A part that fits in memory: one window, shuffled as a whole. */
export class MemoryRows implements TrainingRows {
  readonly streamed = false
  readonly reading = false
  private loaded = false

  constructor(
    private readonly store: RowStore,
    /** Null keeps the rows as they lie. */
    private readonly seed: number | null,
  ) {}

  get rows(): number {
    return this.store.rows
  }

  async ready(): Promise<void> {}

  async *epoch(epoch: number): AsyncIterable<RowWindow> {
    const { store, seed } = this
    yield {
      order: seed === null ? asTheyLie(store.rows) : shuffledOrder(store.rows, seed, epoch),
      store,
      load: (session) => {
        if (!this.loaded) session.load(store)
        this.loaded = true
      },
    }
  }

  async close(): Promise<void> {}
}

export function asTheyLie(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, i) => i)
}

/** The targets of some rows of a store, in order; `out` is used again for the next. */
export function gatherTargets({ labels }: RowStore, order: Int32Array, out: Float32Array): Float32Array {
  for (let i = 0; i < order.length; i++) out[i] = labels[order[i] ?? 0] ?? 0
  return out.subarray(0, order.length)
}
