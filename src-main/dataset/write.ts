import { DuckDBDataChunk, listValue, type DuckDBType, type DuckDBValue } from '@duckdb/node-api'
import { GraftError } from '../contract/errors'
import { duckType, rowsOf, type ColumnData } from './columnData'
import { identifier, literal, withDuck, type Duck } from './duckdb'
import { writeAtomically } from './files'

/** Rows of one DuckDB vector. */
const chunkRows = 2048

/** Rows of a row group: DuckDB's own number. */
export const groupRows = 122_880

/**
 * How our Parquet files are written: row groups of DuckDB's own size, so that a reader skips what it does not need; a
 * compression that every reader knows and that costs little both ways; dictionaries of few values, for looking for large
 * ones among numbers that are all different takes longer than writing them; no Bloom filters, which nobody of ours asks.
 */
export const parquetOptions =
  'FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880, DICTIONARY_SIZE_LIMIT 4096, WRITE_BLOOM_FILTER false'

/** Raw rows are read by DuckDB alone: the encodings of Parquet's second version are written and read faster, and smaller. */
export const rawOptions = `${parquetOptions}, PARQUET_VERSION v2`

/**
 * Writes columns as one Parquet file, atomically. The same columns give the same bytes.
 * @throws GraftError `disk-full`, `read-only`
 */
export async function writeParquet(path: string, columns: readonly ColumnData[]): Promise<void> {
  const rows = columns[0] ? rowsOf(columns[0]) : 0
  const uneven = columns.find((column) => rowsOf(column) !== rows)
  if (columns.length === 0 || uneven)
    throw new GraftError('internal', `the columns of ${path} differ in their number of rows`)
  await writeAtomically(path, (temporary) =>
    // One thread: the order of row groups, and with it the bytes, is then fixed.
    withDuck(
      async (duck) => {
        await fillTable(duck, columns, rows)
        await duck.run(`COPY data TO ${literal(temporary)} (${parquetOptions})`)
      },
      { threads: 1 },
    ),
  )
}

async function fillTable(duck: Duck, columns: readonly ColumnData[], rows: number): Promise<void> {
  const types = columns.map((column) => duckType(column.dtype, column.offsets !== undefined))
  const fields = columns.map((column, i) => `${identifier(column.name)} ${String(types[i])}`)
  await duck.run(`CREATE TABLE data (${fields.join(', ')})`)
  const appender = await duck.connection.createAppender('data')
  try {
    for (let first = 0; first < rows; first += chunkRows) {
      appender.appendDataChunk(chunkOf(columns, types, first, Math.min(chunkRows, rows - first)))
      // Lets the event loop breathe: this may run in the process that answers the window.
      if (first % (chunkRows * 16) === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    appender.closeSync()
  }
}

function chunkOf(
  columns: readonly ColumnData[],
  types: readonly DuckDBType[],
  first: number,
  count: number,
): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(types, count)
  columns.forEach((column, index) => {
    const vector = chunk.getColumnVector(index)
    for (let i = 0; i < count; i++) vector.setItem(i, valueAt(column, first + i))
    vector.flush()
  })
  return chunk
}

function valueAt(column: ColumnData, row: number): DuckDBValue {
  if (!column.offsets) return cell(column, row)
  const items: DuckDBValue[] = []
  const end = column.offsets[row + 1] ?? 0
  for (let i = column.offsets[row] ?? 0; i < end; i++) items.push(cell(column, i))
  return listValue(items)
}

function cell(column: ColumnData, index: number): DuckDBValue {
  const value = column.values[index] ?? null
  if (value === null || typeof value === 'string') return value
  if (column.dtype === 'int64' || column.dtype === 'uint64') return BigInt(value)
  return column.dtype === 'bool' ? value !== 0 : value
}
