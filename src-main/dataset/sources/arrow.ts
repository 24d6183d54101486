import { join } from 'node:path'
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBTimestampValue,
  LIST,
  TIMESTAMP,
  VARCHAR,
  listValue,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api'
import { GraftError } from '../../contract/errors'
import { readArrow, type ArrowFile } from '../../embeddings/readers/arrow/batches'
import { locateColumns, type Column } from '../../embeddings/readers/arrow/columns'
import {
  openValues,
  valueTypeOf,
  type ArrowValue,
  type ValueType,
} from '../../embeddings/readers/arrow/values'
import { FileSource } from '../../embeddings/readers/source'
import { identifier, literal, stopIfAborted, type Duck } from '../duckdb'
import { parquetOptions } from '../write'
import { uniqueNames } from './sniff'

/** Rows of a DuckDB chunk; rows that are decoded at a time are a multiple of it. */
const chunkRows = 2048
/** Rows that DuckDB holds before they are written: memory does not grow with the file. */
const pieceRows = 240 * chunkRows

export interface ArrowOptions {
  /** How many rows are wanted; all where left out. */
  most?: number
  /** Told how many rows of how many are read. */
  onRows?: (done: number, total: number) => void
}

/**
 * Writes an Arrow table (IPC file, which is Feather's second version, or stream) as Parquet into `scratch`, piece by piece.
 * @param prefix what the pieces are called
 * @returns the pieces, at least one
 * @throws GraftError `invalid-file`, `unsupported-file` naming the column that is nested or bytes
 */
export async function convertArrow(
  duck: Duck,
  path: string,
  scratch: string,
  prefix: string,
  options: ArrowOptions,
): Promise<{ pieces: string[]; warnings: string[] }> {
  const source = await FileSource.open(path)
  try {
    return await writePieces(duck, await readArrow(source, path), join(scratch, prefix), options)
  } finally {
    await source.close()
  }
}

interface TableColumn {
  column: Column
  value: ValueType
  type: DuckDBType
}

async function writePieces(
  duck: Duck,
  file: ArrowFile,
  prefix: string,
  { most = Infinity, onRows }: ArrowOptions,
): Promise<{ pieces: string[]; warnings: string[] }> {
  const warnings: string[] = []
  const columns = columnsOf(file)
  const names = uniqueNames(
    columns.map(({ column }) => column.field.name),
    (message) => warnings.push(`${file.name}: ${message}`),
  )
  const types = columns.map(({ type }) => type)
  const fields = names.map((name, i) => `${identifier(name)} ${String(types[i])}`).join(', ')
  const total = Math.min(
    most,
    file.batches.reduce((sum, { rows }) => sum + rows, 0),
  )
  const pieces: string[] = []
  const held = identifier('graft arrow rows')
  let [done, waiting] = [0, 0]
  const write = async (): Promise<void> => {
    const path = `${prefix}-${pieces.length}.parquet`
    await duck.run(`COPY ${held} TO ${literal(path)} (${parquetOptions})`)
    pieces.push(path)
    waiting = 0
  }
  const start = (): Promise<void> => duck.run(`CREATE OR REPLACE TABLE ${held} (${fields})`)
  await start()
  for await (const rows of slices(file, columns, total)) {
    stopIfAborted(duck.signal)
    const appender = await duck.connection.createAppender('graft arrow rows')
    try {
      const chunk = DuckDBDataChunk.create(types, rows[0]?.length ?? 0)
      chunk.setColumns(rows)
      appender.appendDataChunk(chunk)
    } finally {
      appender.closeSync()
    }
    const count = rows[0]?.length ?? 0
    done += count
    waiting += count
    onRows?.(done, total)
    if (waiting < pieceRows) continue
    await write()
    await start()
  }
  if (waiting > 0 || pieces.length === 0) await write()
  await duck.run(`DROP TABLE ${held}`)
  return { pieces, warnings }
}

/** Columns of a chunk of rows at a time. */
async function* slices(
  file: ArrowFile,
  columns: readonly TableColumn[],
  total: number,
): AsyncGenerator<DuckDBValue[][]> {
  let left = total
  for (const batch of file.batches) {
    if (left <= 0) return
    const readers = await Promise.all(
      columns.map(({ column }) => openValues(file, batch, column, batch.rows)),
    )
    const rows = Math.min(batch.rows, left)
    for (let first = 0; first < rows; first += chunkRows) {
      const count = Math.min(chunkRows, rows - first)
      const read = await Promise.all(readers.map((reader) => reader(first, count)))
      yield columns.map(({ value }, i) => (read[i] ?? []).map((cell) => toDuck(value, cell)))
    }
    left -= rows
  }
}

function toDuck(type: ValueType, value: ArrowValue): DuckDBValue {
  if (value === null) return null
  if (type.kind === 'list')
    return Array.isArray(value) ? listValue(value.map((item: ArrowValue) => toDuck(type.item, item))) : null
  if (typeof value === 'object') return null
  return type.kind === 'time' && typeof value === 'bigint' ? new DuckDBTimestampValue(value) : value
}

function columnsOf(file: ArrowFile): TableColumn[] {
  const located = locateColumns(file.fields)
  return file.fields.map((field, index) => {
    const column = located[index]
    const value = column ? valueTypeOf(field) : null
    if (column && value) return { column, value, type: duckTypeOf(value) }
    throw new GraftError(
      'unsupported-file',
      `${file.name}, column ${field.name}: it is nested, raw bytes or of a type that is not read.`,
      'Leave the column out, or flatten it into numbers, text or lists of them.',
      { file: file.name, column: field.name },
    )
  })
}

function duckTypeOf(type: ValueType): DuckDBType {
  switch (type.kind) {
    case 'integer':
      return BIGINT
    case 'float':
      return DOUBLE
    case 'boolean':
      return BOOLEAN
    case 'text':
      return VARCHAR
    case 'time':
      return TIMESTAMP
    case 'list':
      return LIST(duckTypeOf(type.item))
  }
}
