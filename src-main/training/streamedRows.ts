import {
  columnTypes,
  loadPieces,
  loadRange,
  permutation,
  type ColumnRequest,
  type ColumnTypes,
  type MemoryPart,
  type RowRange,
} from '../dataset/batches'
import { GraftError } from '../contract/errors'
import { Duck } from '../dataset/duckdb'
import { Random } from '../dataset/random'
import { rowGroups } from '../dataset/rowGroups'
import { rowLayout, type ModelSpec } from '../model'
import { allocateRows, columnRequests, RowStore, type RowMemoryBlock } from './data'
import type { PartFiles } from './plan'
import { asTheyLie, type RowWindow, type TrainingRows } from './rows'
import { evenWindow, firstRows, planWindows, type WindowPlan } from './windows'

/** What DuckDB may hold while it decodes row groups. */
const duckMemory = 512 * 2 ** 20
/** Rows of the sample. */
const sampledRows = 65_536

export interface StreamOptions {
  readonly spec: ModelSpec
  readonly target: string
  readonly part: PartFiles
  /** The most rows in memory; while they are trained on, the next ones are read into the same place. */
  readonly windowRows: number
  readonly batchSize: number
  /** How many rows an epoch takes, in whole batches; all where left out. What is not taken is not read either. */
  readonly epochRows?: number
  /** How many epochs there are, after which nothing is read ahead; no end where left out. */
  readonly epochs?: number
  /** Null keeps the order of the files. */
  readonly seed: number | null
}

/**
 * A part that stays on disk: windows of row groups from all over its files, each read while the one before it is trained
 * on. What a window holds in memory is the session's copy and the one that is being read.
 */
export class StreamedRows implements TrainingRows {
  readonly streamed = true
  /** The window that is being read, or has been. */
  private next: { epoch: number; index: number; store: Promise<RowStore> } | null = null
  private pending = 0
  /** Where every window is read to; what is there goes to the session before the next one comes. */
  private readonly memory: RowMemoryBlock
  private plans: { epoch: number; windows: WindowPlan[] } | null = null

  private constructor(
    private readonly options: StreamOptions,
    private readonly duck: Duck,
    private readonly groups: readonly RowRange[],
    private readonly columns: readonly ColumnRequest[],
    private readonly types: ColumnTypes,
    /** The first rows of the part, as they lie: what stands for it where some rows will do. */
    readonly sample: MemoryPart,
  ) {
    const largest = Math.max(...this.planOf(1).map(({ rows }) => rows))
    this.memory = allocateRows(rowLayout(options.spec).width * largest)
  }

  static async open(options: StreamOptions): Promise<StreamedRows> {
    const { spec, target, part } = options
    const duck = await Duck.open({ memoryLimit: duckMemory, threads: 2 })
    try {
      await duck.run('SET parquet_metadata_cache = true')
      const columns = columnRequests(spec, target)
      const types = await columnTypes(duck, part.files, columns)
      const groups = await rowGroups(duck, part.files)
      // DuckDB's connection reads one thing at a time: the sample is there before the first window is begun.
      const sample = await loadRange(duck, firstOf(groups), columns, types)
      const rows = new StreamedRows(options, duck, groups, columns, types, sample)
      rows.read(1, 0)
      return rows
    } catch (error) {
      duck.close()
      throw error
    }
  }

  get rows(): number {
    return this.options.part.rows
  }

  get reading(): boolean {
    return this.pending > 0
  }

  async ready(): Promise<void> {
    await this.read(1, 0).store
  }

  async *epoch(epoch: number): AsyncIterable<RowWindow> {
    const windows = this.planOf(epoch)
    const { epochs = Infinity } = this.options
    for (const [index, window] of windows.entries()) {
      const store = await this.read(epoch, index).store
      const follow = (): void => {
        if (index + 1 < windows.length) this.read(epoch, index + 1)
        else if (epoch < epochs) this.read(epoch + 1, 0)
      }
      yield {
        store,
        order: this.orderOf(window.rows, epoch, index),
        load: (session) => {
          session.load(store)
          // The session has its own copy now.
          follow()
        },
      }
    }
  }

  async close(): Promise<void> {
    this.duck.interrupt()
    await this.next?.store.catch(() => undefined)
    this.duck.close()
  }

  private orderOf(rows: number, epoch: number, index: number): Int32Array {
    const { seed } = this.options
    return seed === null
      ? asTheyLie(rows)
      : permutation(rows, new Random(seed, `epoch ${epoch}, window ${index}`))
  }

  private planOf(epoch: number): WindowPlan[] {
    if (this.plans?.epoch !== epoch) {
      const { windowRows, batchSize, seed, epochRows = Infinity } = this.options
      const taken = Math.min(this.rows, epochRows)
      const even = evenWindow(taken, windowRows, batchSize)
      const windows = planWindows(this.groups, even, batchSize, seed, epoch)
      this.plans = { epoch, windows: firstRows(windows, taken) }
    }
    return this.plans.windows
  }

  /** Begins to read a window, unless it is the one that was begun last. */
  private read(epoch: number, index: number): { store: Promise<RowStore> } {
    const { next } = this
    if (next?.epoch === epoch && next.index === index) return next
    const window = this.planOf(epoch)[index]
    if (!window) throw new GraftError('internal', `Epoch ${epoch} has no window ${index}.`)
    const store = this.readWindow(window)
    // Whoever awaits it hears of a failure; until then nobody does.
    store.catch(() => undefined)
    this.next = { epoch, index, store }
    return this.next
  }

  private async readWindow(window: WindowPlan): Promise<RowStore> {
    const { spec, target } = this.options
    const store = new RowStore(spec, target, window.rows, this.memory)
    this.pending++
    try {
      let first = 0
      for (const piece of window.pieces) {
        for await (const part of loadPieces(this.duck, piece, this.columns, this.types)) {
          store.place(part, first)
          first += part.rows
        }
      }
      return store
    } finally {
      this.pending--
    }
  }
}

/** The first row group, or the beginning of a large one. */
function firstOf([first]: readonly RowRange[]): RowRange {
  if (!first) throw new GraftError('invalid-data', 'The part has no rows.', 'Import the data again.')
  return { ...first, rows: Math.min(first.rows, sampledRows) }
}
