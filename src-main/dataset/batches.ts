import type { DuckDBDataChunk } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { GraftError } from '../contract/errors'
import { identifier, parquetSource, withDuck, type Duck, type DuckOptions } from './duckdb'
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

/**
 * Reads columns of Parquet files, one after the other, into typed arrays, streaming, so that little more than the arrays
 * themselves is held.
 * @throws GraftError `unknown-column`, `invalid-data` (a null, an id outside of [0, max]), `non-finite`, naming the row
 */
export async function loadFiles(
  files: readonly string[],
  columns: readonly ColumnRequest[],
  options: DuckOptions = {},
): Promise<MemoryPart> {
  return withDuck(
    async (duck) => {
      const source = parquetSource(files)
      const types = await columnTypes(duck, files, columns)
      const [counted] = await duck.all(`SELECT count(*)::INTEGER AS n FROM ${source}`)
      return readColumns(duck, source, Number(counted?.n ?? 0), columns, types, 0)
    },
    { threads: 2, memoryLimit: 2 ** 30, ...options },
  )
}

/** Consecutive rows of one file. */
export interface RowRange {
  readonly file: string
  /** The number of its first row in the file. */
  readonly first: number
  readonly rows: number
}

/** Reads columns of some rows of a Parquet file: only the row groups that hold them. Otherwise as `loadFiles`. */
export async function loadRange(
  duck: Duck,
  { file, first, rows }: RowRange,
  columns: readonly ColumnRequest[],
  types: ColumnTypes,
): Promise<MemoryPart> {
  return readColumns(duck, rowsAt({ file, first, rows }), rows, columns, types, first)
}

/**
 * Reads what `loadRange` does, a piece of some thousand rows after the other: what takes it can put it where it belongs while
 * the processor's caches still hold it.
 */
export async function* loadPieces(
  duck: Duck,
  range: RowRange,
  columns: readonly ColumnRequest[],
  types: ColumnTypes,
): AsyncGenerator<MemoryPart> {
  let done = 0
  for await (const chunk of duck.chunks(selectColumns(columns, types, rowsAt(range)))) {
    const rows = chunk.rowCount
    const part: MemoryPart = { rows, columns: {}, lists: {} }
    columns.forEach((column, index) => {
      const loader = new ColumnLoader(column, storedType(column, types), rows, range.first + done)
      loader.add(chunk, index)
      loader.finish(part, rows)
    })
    done += rows
    yield part
  }
  if (done !== range.rows) throw changedWhileRead(`${range.file} has`, done, range.rows)
}

function rowsAt({ file, first, rows }: RowRange): string {
  const source = parquetSource([file], 'file_row_number = true')
  return `${source} WHERE file_row_number BETWEEN ${first} AND ${first + rows - 1}`
}

/** DuckDB's types of the columns of a part, by name. */
export type ColumnTypes = ReadonlyMap<string, string>

/** @throws GraftError `unknown-column` where the files lack one */
export async function columnTypes(
  duck: Duck,
  files: readonly string[],
  columns: readonly ColumnRequest[],
): Promise<ColumnTypes> {
  const described = await duck.all(`DESCRIBE SELECT * FROM ${parquetSource(files)}`)
  const types = new Map(described.map((row) => [String(row.column_name), String(row.column_type)]))
  for (const { name } of columns)
    if (!types.has(name))
      throw new GraftError(
        'unknown-column',
        `the data has no column ${name}`,
        'Import data with this column, or set it aside in the schema.',
        { column: name, files },
      )
  return types
}

async function readColumns(
  duck: Duck,
  from: string,
  rows: number,
  columns: readonly ColumnRequest[],
  types: ColumnTypes,
  firstRow: number,
): Promise<MemoryPart> {
  const loaders = columns.map((column) => new ColumnLoader(column, storedType(column, types), rows, firstRow))
  if (columns.length > 0)
    for await (const chunk of duck.chunks(selectColumns(columns, types, from)))
      loaders.forEach((loader, index) => loader.add(chunk, index))
  const part: MemoryPart = { rows, columns: {}, lists: {} }
  for (const loader of loaders) loader.finish(part, rows)
  return part
}

/** Types that arrive as numbers by themselves: bytes of one, and how DuckDB's vectors hold them. */
const numeric = {
  TINYINT: {
    size: 1,
    view: ({ buffer, byteOffset }: Uint8Array, n: number) => new Int8Array(buffer, byteOffset, n),
  },
  UTINYINT: {
    size: 1,
    view: ({ buffer, byteOffset }: Uint8Array, n: number) => new Uint8Array(buffer, byteOffset, n),
  },
  SMALLINT: {
    size: 2,
    view: ({ buffer, byteOffset }: Uint8Array, n: number) => new Int16Array(buffer, byteOffset, n),
  },
  USMALLINT: {
    size: 2,
    view: ({ buffer, byteOffset }: Uint8Array, n: number) => new Uint16Array(buffer, byteOffset, n),
  },
  INTEGER: {
    size: 4,
    view: ({ buffer, byteOffset }: Uint8Array, n: number) => new Int32Array(buffer, byteOffset, n),
  },
  UINTEGER: {
    size: 4,
    view: ({ buffer, byteOffset }: Uint8Array, n: number) => new Uint32Array(buffer, byteOffset, n),
  },
  FLOAT: {
    size: 4,
    view: ({ buffer, byteOffset }: Uint8Array, n: number) => new Float32Array(buffer, byteOffset, n),
  },
  DOUBLE: {
    size: 8,
    view: ({ buffer, byteOffset }: Uint8Array, n: number) => new Float64Array(buffer, byteOffset, n),
  },
} as const
type StoredType = keyof typeof numeric

const isNumeric = (type: string): type is StoredType => Object.hasOwn(numeric, type)

/** Other numbers travel as doubles, which hold every int32 and float32; an integer past 2^53 is no id of ours anyway. */
function storedType({ name }: ColumnRequest, types: ColumnTypes): StoredType {
  const type = types.get(name) ?? ''
  return isNumeric(type) ? type : 'DOUBLE'
}

function selectColumns(columns: readonly ColumnRequest[], types: ColumnTypes, from: string): string {
  const selected = columns.map((column) => {
    const type = storedType(column, types)
    return `${identifier(column.name)}::${type}${column.isList ? '[]' : ''}`
  })
  return `SELECT ${selected.join(', ')} FROM ${from}`
}

/** Takes the chunks of one column into its typed array, checking every value. */
class ColumnLoader {
  private values: NumberArray
  private readonly offsets: Int32Array | null
  private filled = 0
  private row = 0

  constructor(
    private readonly column: ColumnRequest,
    private readonly stored: StoredType,
    rows: number,
    /** The number of the first row, for messages. */
    private readonly firstRow: number,
  ) {
    this.values = column.type === 'int32' ? new Int32Array(rows) : new Float32Array(rows)
    this.offsets = column.isList ? new Int32Array(rows + 1) : null
  }

  add(chunk: DuckDBDataChunk, index: number): void {
    if (!this.offsets && this.addNumbers(chunk, index)) return
    const vector = chunk.getColumnVector(index)
    const count = vector.itemCount
    for (let i = 0; i < count; i++) {
      const item = vector.getItem(i)
      if (this.offsets) this.addList(item, this.offsets)
      else this.values[this.filled++] = this.check(item)
      this.row++
    }
  }

  /** Numbers straight from the vector's memory: a call for each would cost more than all else. False where one is null. */
  private addNumbers({ chunk, rowCount }: DuckDBDataChunk, index: number): boolean {
    const vector = duckdb.data_chunk_get_vector(chunk, index)
    const mask: Uint8Array | null = duckdb.vector_get_validity(vector, 8 * Math.ceil(rowCount / 64))
    if (mask && !allSet(mask, rowCount)) return false
    const { size, view } = numeric[this.stored]
    const numbers = view(duckdb.vector_get_data(vector, rowCount * size), rowCount)
    const { values, filled } = this
    const { type, max } = this.column
    const [low, high] = max === undefined ? [1 - 2 ** 31, 2 ** 31 - 1] : [0, max]
    for (let i = 0; i < rowCount; i++) {
      const value = numbers[i] ?? 0
      values[filled + i] = value
      const fits =
        type === 'int32'
          ? (value | 0) === value && value >= low && value <= high
          : Number.isFinite(values[filled + i])
      if (fits) continue
      this.row += i
      this.check(value)
      this.row -= i
    }
    this.filled += rowCount
    this.row += rowCount
    return true
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
    const row = this.firstRow + this.row
    return new GraftError(
      code,
      `column ${name}, row ${row}: the value ${what}`,
      'Correct the data, or the domain of the column in the schema.',
      { column: name, row },
    )
  }

  finish(part: MemoryPart, rows: number): void {
    if (this.row !== rows) throw changedWhileRead(`column ${this.column.name} has`, this.row, rows)
    if (this.offsets)
      part.lists[this.column.name] = { values: this.values.slice(0, this.filled), offsets: this.offsets }
    else part.columns[this.column.name] = this.values
  }
}

function changedWhileRead(who: string, found: number, counted: number): GraftError {
  return new GraftError(
    'invalid-data',
    `${who} ${found} rows where ${counted} were counted`,
    'A file of the data was changed while it was read: import the data again.',
  )
}

/** Whether the first bits of a mask are all set, the lowest of a byte first. */
function allSet(mask: Uint8Array, bits: number): boolean {
  const whole = bits >>> 3
  for (let i = 0; i < whole; i++) if (mask[i] !== 0xff) return false
  const rest = (1 << (bits & 7)) - 1
  return ((mask[whole] ?? 0) & rest) === rest
}

/** The rows of an epoch in an order of its own. */
export function shuffledOrder(rows: number, seed: number, epoch: number): Int32Array {
  return permutation(rows, new Random(seed, `epoch ${epoch}`))
}

/** The numbers 0 to n − 1 in an order drawn by our generator: Fisher and Yates. */
export function permutation(n: number, random: Random): Int32Array {
  const order = new Int32Array(n)
  for (let i = 0; i < n; i++) order[i] = i
  for (let i = n - 1; i > 0; i--) {
    const j = random.index(i + 1)
    const kept = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = kept
  }
  return order
}
