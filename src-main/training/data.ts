import { loadFiles, type MemoryPart, type NumberArray } from '../dataset/batches'
import { GraftError } from '../contract/errors'
import { categoricalColumns, continuousColumns, tableOf, type ModelSpec } from '../model'
import type { PartFiles } from './plan'

/** Batches that the distinct ids of a column are counted on: enough for a figure that is only weighed against others. */
const sampledBatches = 8

/** Reads what a model needs of a part; null for a part without rows. Ids outside of their tables are an error here. */
export async function loadModelPart(
  spec: ModelSpec,
  target: string,
  part: PartFiles,
): Promise<MemoryPart | null> {
  if (part.files.length === 0 || part.rows === 0) return null
  const ids = spec.inputs
    .filter((input) => input.kind === 'categorical')
    .map((input) => ({
      name: input.column,
      type: 'int32' as const,
      max: tableOf(spec, input.table).rows - 1,
    }))
  const numbers = [...continuousColumns(spec), target].map((name) => ({ name, type: 'float32' as const }))
  return loadFiles(part.files, [...ids, ...numbers])
}

/** The column of a part that the model reads. */
export function columnOf(part: MemoryPart, name: string): NumberArray {
  const values = part.columns[name]
  if (!values) throw new GraftError('internal', `Column ${name} was not read.`)
  return values
}

/** The spec with the mean number of distinct ids in a batch of each column, counted on batches spread over the part. */
export function withDistinctIds(spec: ModelSpec, part: MemoryPart): ModelSpec {
  return {
    ...spec,
    inputs: spec.inputs.map((input) =>
      input.kind === 'categorical'
        ? { ...input, distinctPerBatch: meanDistinct(columnOf(part, input.column), spec.batchSize) }
        : input,
    ),
  }
}

function meanDistinct(values: NumberArray, batchSize: number): number {
  const size = Math.min(batchSize, values.length)
  const batches = Math.max(1, Math.min(sampledBatches, Math.floor(values.length / size)))
  const stride = Math.floor((values.length - size) / Math.max(1, batches - 1))
  let total = 0
  for (let i = 0; i < batches; i++) total += new Set(values.subarray(i * stride, i * stride + size)).size
  return total / batches
}

/**
 * A batch as the step's graph takes it: the values of a row side by side, ids, then numbers, then the target. Both views
 * show the same memory, which the next batch may use again.
 */
export interface PackedBatch {
  readonly rows: number
  /** [rows, id columns + number columns]. */
  readonly words: Int32Array
  readonly floats: Float32Array
}

/**
 * A part's rows as the model reads them, row after row: the values of a row lie side by side, so that a batch of rows from
 * anywhere costs one access to far memory a row, and not one a value.
 */
export class RowStore {
  readonly rows: number
  readonly idColumns: readonly string[]
  /** Continuous columns, then the target. */
  readonly numberColumns: readonly string[]
  /** [rows, id columns + number columns], the same memory seen as either type. */
  readonly words: Int32Array
  readonly floats: Float32Array

  constructor(spec: ModelSpec, target: string, part: MemoryPart) {
    this.rows = part.rows
    this.idColumns = categoricalColumns(spec)
    this.numberColumns = [...continuousColumns(spec), target]
    const { width } = this
    const { words, floats } = allocate(width * part.rows)
    this.words = words
    this.floats = floats
    this.idColumns.forEach((name, i) => spread(columnOf(part, name), this.words, i, width))
    this.numberColumns.forEach((name, i) =>
      spread(columnOf(part, name), this.floats, this.idColumns.length + i, width),
    )
  }

  get width(): number {
    return this.idColumns.length + this.numberColumns.length
  }
}

function spread(values: NumberArray, out: NumberArray, offset: number, stride: number): void {
  for (let i = 0; i < values.length; i++) out[offset + i * stride] = values[i] ?? 0
}

/** Rows that are gathered at once: about 2 MB of them. */
const aheadBytes = 2 * 2 ** 20

/**
 * Deals rows into batches: one feed a step, whatever the columns, and nothing copied that lies in order already.
 *
 * Rows in an order of their own are gathered some dozens of batches ahead. A step of TensorFlow leaves nothing of them in
 * the processor's caches, so that fetching them batch by batch would wait for memory at every row.
 */
export class BatchPacker {
  private readonly target: Float32Array
  private readonly aheadBatches: number
  /** [rows ahead, width], the same memory seen as either type; made when rows are first asked for in an order. */
  private ahead: { words: Int32Array; floats: Float32Array } | null = null
  private aheadOf: { order: Uint32Array; from: number } | null = null

  constructor(
    readonly store: RowStore,
    readonly batchSize: number,
  ) {
    const size = Math.min(batchSize, store.rows)
    this.target = new Float32Array(size)
    this.aheadBatches = Math.max(1, Math.floor(aheadBytes / (4 * store.width * Math.max(1, size))))
  }

  get rows(): number {
    return this.store.rows
  }

  get batches(): number {
    return Math.ceil(this.rows / this.batchSize)
  }

  /** Batch `index` of an order of the rows, or of the rows as they lie. The last one may be smaller. */
  batch(index: number, order: Uint32Array | null): PackedBatch {
    const first = index * this.batchSize
    const rows = Math.min(this.batchSize, this.rows - first)
    if (!order) return this.deal(this.store.words, this.store.floats, first, rows)
    const from = index - (index % this.aheadBatches)
    const { words, floats } = this.gather(order, from)
    return this.deal(words, floats, (index - from) * this.batchSize, rows)
  }

  /** The targets of a batch, [rows]; the array is used again for the next. */
  targets({ rows, floats }: PackedBatch): Float32Array {
    const { width } = this.store
    const { target } = this
    for (let i = 0, at = width - 1; i < rows; i++, at += width) target[i] = floats[at] ?? 0
    return target.subarray(0, rows)
  }

  /** A column of a batch by its place in a row, ids first: [rows]. */
  column({ rows, words, floats }: PackedBatch, place: number): number[] {
    const { width, idColumns } = this.store
    const values = place < idColumns.length ? words : floats
    return Array.from({ length: rows }, (_, i) => values[i * width + place] ?? 0)
  }

  /** The rows of the batches from `from` on, in their order. */
  private gather(order: Uint32Array, from: number): { words: Int32Array; floats: Float32Array } {
    const { words, width } = this.store
    this.ahead ??= allocate(Math.min(this.rows, this.aheadBatches * this.batchSize) * width)
    if (this.aheadOf?.order === order && this.aheadOf.from === from) return this.ahead
    const first = from * this.batchSize
    const count = Math.min(this.aheadBatches * this.batchSize, this.rows - first)
    const out = this.ahead.words
    for (let i = 0; i < count; i++) {
      const row = (order[first + i] ?? 0) * width
      for (let c = 0; c < width; c++) out[i * width + c] = words[row + c] ?? 0
    }
    this.aheadOf = { order, from }
    return this.ahead
  }

  /** Rows that lie one after another. */
  private deal(words: Int32Array, floats: Float32Array, first: number, rows: number): PackedBatch {
    const { width } = this.store
    const [begin, end] = [first * width, (first + rows) * width]
    return { rows, words: words.subarray(begin, end), floats: floats.subarray(begin, end) }
  }
}

function allocate(elements: number): { words: Int32Array; floats: Float32Array } {
  const memory = new ArrayBuffer(4 * elements)
  return { words: new Int32Array(memory), floats: new Float32Array(memory) }
}
