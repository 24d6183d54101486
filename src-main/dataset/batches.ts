import type { DuckDBVector } from '@duckdb/node-api'
import { GraftError } from '../contract/errors'
import { identifier, parquetSource, withDuck, type DuckOptions } from './duckdb'
import { missingPart, partFiles, type PartName } from './files'
import { Random } from './random'

/** A column as the trainer wants it: ids as int32, numbers and targets as float32. */
export interface ColumnRequest {
  name: string
  type: 'int32' | 'float32'
  /** A column of lists comes as values and row offsets. */
  isList?: boolean
  /** For ids: the largest that the column's table holds. */
  max?: number
}

export type NumberArray = Int32Array | Float32Array

/** Lists of all rows end to end; row i is values[offsets[i]] to values[offsets[i + 1]], its end left out. */
export interface Ragged {
  values: NumberArray // [sum of lengths]
  offsets: Int32Array // [rows + 1]
}

/** A part in memory. */
export interface MemoryPart {
  rows: number
  columns: Record<string, NumberArray> // each [rows]
  lists: Record<string, Ragged>
}

/** Rows of one step. The arrays are valid until the next batch is asked for: they are used again. */
export interface Batch {
  rows: number
  columns: Record<string, NumberArray> // each [rows]
  lists: Record<string, Ragged>
}

/** What a trainer reads an epoch from; one in memory answers at once, one that streams may answer later. */
export interface BatchSource {
  readonly rows: number
  readonly batchSize: number
  /** Batches of an epoch, the last one partial. `order` null keeps the rows as they lie. */
  epoch(order: Uint32Array | null): BatchReader
}

export interface BatchReader {
  next(): Batch | null | Promise<Batch | null>
}

/**
 * Reads columns of a part into typed arrays, streaming, so that little more than the arrays themselves is held.
 * @throws GraftError `not-found`, `unknown-column`, `invalid-data` (a null, an id outside of [0, max]), `non-finite`
 */
export async function loadPart(
  project: string,
  part: PartName,
  columns: readonly ColumnRequest[],
  options: DuckOptions = {},
): Promise<MemoryPart> {
  const files = await partFiles(project, part)
  if (files.length === 0) throw missingPart(part)
  return loadFiles(files, columns, options)
}

/** The same from any Parquet files, in this order. */
export async function loadFiles(
  files: readonly string[],
  columns: readonly ColumnRequest[],
  options: DuckOptions = {},
): Promise<MemoryPart> {
  return withDuck(
    async (duck) => {
      const source = parquetSource(files)
      const described = await duck.all(`DESCRIBE SELECT * FROM ${source}`)
      const present = new Set(described.map((row) => String(row.column_name)))
      for (const { name } of columns)
        if (!present.has(name))
          throw new GraftError(
            'unknown-column',
            `the data has no column ${name}`,
            'Import data with this column, or set it aside in the schema.',
            { column: name, files },
          )
      const [counted] = await duck.all(`SELECT count(*)::INTEGER AS n FROM ${source}`)
      const rows = Number(counted?.n ?? 0)
      const loaders = columns.map((column) => new ColumnLoader(column, rows))
      if (columns.length > 0) {
        const selected = columns.map((column) => selection(column)).join(', ')
        for await (const chunk of duck.chunks(`SELECT ${selected} FROM ${source}`))
          loaders.forEach((loader, index) => loader.add(chunk.getColumnVector(index)))
      }
      const part: MemoryPart = { rows, columns: {}, lists: {} }
      for (const loader of loaders) loader.finish(part)
      return part
    },
    { threads: 2, memoryLimit: 2 ** 30, ...options },
  )
}

/** Numbers travel as doubles, which hold every int32 and float32; an integer past 2^53 is no id of ours anyway. */
function selection(column: ColumnRequest): string {
  return `${identifier(column.name)}::${column.isList ? 'DOUBLE[]' : 'DOUBLE'}`
}

/** Takes the chunks of one column into its typed array, checking every value. */
class ColumnLoader {
  private values: NumberArray
  private readonly offsets: Int32Array | null
  private filled = 0
  private row = 0

  constructor(
    private readonly column: ColumnRequest,
    rows: number,
  ) {
    this.values = column.type === 'int32' ? new Int32Array(rows) : new Float32Array(rows)
    this.offsets = column.isList ? new Int32Array(rows + 1) : null
  }

  add(vector: DuckDBVector): void {
    const count = vector.itemCount
    for (let i = 0; i < count; i++) {
      const item = vector.getItem(i)
      if (this.offsets) this.addList(item, this.offsets)
      else this.values[this.filled++] = this.check(item)
      this.row += 1
    }
  }

  private addList(item: unknown, offsets: Int32Array): void {
    const items: unknown = typeof item === 'object' && item !== null && 'items' in item ? item.items : null
    if (!Array.isArray(items)) throw this.fault('invalid-data', 'is null')
    if (this.filled + items.length > this.values.length) this.grow(this.filled + items.length)
    for (const value of items) this.values[this.filled++] = this.check(value)
    offsets[this.row + 1] = this.filled
  }

  private grow(least: number): void {
    const length = Math.max(least, this.values.length * 2, 1024)
    const larger = this.column.type === 'int32' ? new Int32Array(length) : new Float32Array(length)
    larger.set(this.values)
    this.values = larger
  }

  private check(value: unknown): number {
    if (typeof value !== 'number') throw this.fault('invalid-data', 'is null')
    const { type, max } = this.column
    if (type === 'float32') {
      if (!Number.isFinite(Math.fround(value)))
        throw this.fault('non-finite', `is ${value}, no finite float32`)
    } else {
      if (!Number.isInteger(value) || Math.abs(value) > 2 ** 31 - 1)
        throw this.fault('invalid-data', `is ${value}, no int32`)
      if (max !== undefined && (value < 0 || value > max))
        throw this.fault('invalid-data', `is ${value}, outside of its domain [0, ${max}]`)
    }
    return value
  }

  private fault(code: 'invalid-data' | 'non-finite', what: string): GraftError {
    const { name } = this.column
    return new GraftError(
      code,
      `column ${name}, row ${this.row}: the value ${what}`,
      'Correct the data, or the domain of the column in the schema.',
      { column: name, row: this.row },
    )
  }

  finish(part: MemoryPart): void {
    if (this.offsets)
      part.lists[this.column.name] = { values: this.values.slice(0, this.filled), offsets: this.offsets }
    else part.columns[this.column.name] = this.values
  }
}

/** The rows of an epoch in an order of its own: Fisher and Yates, by our generator, from the seed and the epoch. */
export function shuffledOrder(rows: number, seed: number, epoch: number): Uint32Array {
  const order = new Uint32Array(rows)
  for (let i = 0; i < rows; i++) order[i] = i
  const random = new Random(seed, `epoch ${epoch}`)
  for (let i = rows - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const kept = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = kept
  }
  return order
}

/** Batches from a part in memory. Nothing is allocated by a step but a view for the last, partial batch. */
export class MemorySource implements BatchSource {
  readonly rows: number

  constructor(
    private readonly part: MemoryPart,
    readonly batchSize: number,
  ) {
    if (!Number.isSafeInteger(batchSize) || batchSize < 1)
      throw new GraftError(
        'invalid-setting',
        `a batch of ${batchSize} rows`,
        'Set a batch size of at least 1.',
      )
    this.rows = part.rows
  }

  epoch(order: Uint32Array | null): BatchReader {
    if (order && order.length !== this.rows)
      throw new GraftError('internal', `an order of ${order.length} rows for a part of ${this.rows}`)
    return order
      ? new GatheringReader(this.part, this.batchSize, order)
      : new SlicingReader(this.part, this.batchSize)
  }
}

/** Batches of neighbouring rows are views of the part. */
class SlicingReader implements BatchReader {
  private first = 0

  constructor(
    private readonly part: MemoryPart,
    private readonly batchSize: number,
  ) {}

  next(): Batch | null {
    const rows = Math.min(this.batchSize, this.part.rows - this.first)
    if (rows <= 0) return null
    const batch: Batch = { rows, columns: {}, lists: {} }
    for (const [name, values] of Object.entries(this.part.columns))
      batch.columns[name] = values.subarray(this.first, this.first + rows)
    for (const [name, list] of Object.entries(this.part.lists))
      batch.lists[name] = gatherLists(list, rows, (i) => this.first + i)
    this.first += rows
    return batch
  }
}

/** Batches of rows in any order are gathered into arrays that every step uses again. */
class GatheringReader implements BatchReader {
  private first = 0
  private readonly buffers: [string, NumberArray, NumberArray][]

  constructor(
    private readonly part: MemoryPart,
    private readonly batchSize: number,
    private readonly order: Uint32Array,
  ) {
    const length = Math.min(batchSize, part.rows)
    this.buffers = Object.entries(part.columns).map(([name, values]) => [
      name,
      values,
      values instanceof Int32Array ? new Int32Array(length) : new Float32Array(length),
    ])
  }

  next(): Batch | null {
    const { first, order } = this
    const rows = Math.min(this.batchSize, order.length - first)
    if (rows <= 0) return null
    const batch: Batch = { rows, columns: {}, lists: {} }
    for (const [name, source, buffer] of this.buffers) {
      gather(source, order, first, rows, buffer)
      batch.columns[name] = rows === buffer.length ? buffer : buffer.subarray(0, rows)
    }
    for (const [name, list] of Object.entries(this.part.lists))
      batch.lists[name] = gatherLists(list, rows, (i) => order[first + i] ?? 0)
    this.first += rows
    return batch
  }
}

// One loop for each kind of array, so that each stays monomorphic for the compiler.
function gather(
  source: NumberArray,
  order: Uint32Array,
  first: number,
  rows: number,
  out: NumberArray,
): void {
  if (source instanceof Int32Array && out instanceof Int32Array) gatherInt(source, order, first, rows, out)
  else if (source instanceof Float32Array && out instanceof Float32Array)
    gatherFloat(source, order, first, rows, out)
}

function gatherInt(
  source: Int32Array,
  order: Uint32Array,
  first: number,
  rows: number,
  out: Int32Array,
): void {
  for (let i = 0; i < rows; i++) out[i] = source[order[first + i] ?? 0] ?? 0
}

function gatherFloat(
  source: Float32Array,
  order: Uint32Array,
  first: number,
  rows: number,
  out: NumberArray,
): void {
  for (let i = 0; i < rows; i++) out[i] = source[order[first + i] ?? 0] ?? 0
}

function gatherLists(list: Ragged, rows: number, rowAt: (i: number) => number): Ragged {
  const offsets = new Int32Array(rows + 1)
  for (let i = 0; i < rows; i++) {
    const row = rowAt(i)
    offsets[i + 1] = (offsets[i] ?? 0) + (list.offsets[row + 1] ?? 0) - (list.offsets[row] ?? 0)
  }
  const length = offsets[rows] ?? 0
  const values = list.values instanceof Int32Array ? new Int32Array(length) : new Float32Array(length)
  for (let i = 0; i < rows; i++) {
    const row = rowAt(i)
    values.set(list.values.subarray(list.offsets[row] ?? 0, list.offsets[row + 1] ?? 0), offsets[i] ?? 0)
  }
  return { values, offsets }
}

/** @throws GraftError `invalid-target` naming the first value that is neither 0 nor 1, and its row */
export function checkBinaryTarget(part: MemoryPart, column: string): void {
  const values = part.columns[column]
  if (!values)
    throw new GraftError('unknown-column', `the data has no column ${column}`, 'Choose another target.')
  const row = values.findIndex((value) => value !== 0 && value !== 1)
  if (row < 0) return
  throw new GraftError(
    'invalid-target',
    `target ${column}, row ${row}: the value is ${values[row]}, neither 0 nor 1`,
    'Choose a target of zeros and ones, or make one from this column.',
    { column, row, value: values[row] },
  )
}
