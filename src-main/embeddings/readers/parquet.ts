import { DuckDBArrayType, DuckDBListType, DuckDBTypeId, type DuckDBType } from '@duckdb/node-api'
import { stat } from 'node:fs/promises'
import { hashFile } from '../hash'
import { GraftError } from '../../contract/errors'
import { Duck, identifier, parquetSource } from '../../dataset/duckdb'
import { BlockBuilder } from './blocks'
import {
  isValid,
  listColumn,
  numberColumn,
  type ListColumn,
  type NumberColumn,
  type NumberType,
} from './duckVectors'
import { guessField, namedField, namesKeys, numberKey } from './keyFields'
import {
  shapeProblem,
  usableArray,
  type OpenOptions,
  type RowBlock,
  type VectorArray,
  type VectorFile,
  type VectorReader,
} from './reader'

interface Field {
  readonly name: string
  readonly kind: 'number' | 'integer' | 'text' | 'vector' | 'other'
  /** Type of the numbers, as DuckDB writes it in small letters. */
  readonly type: string
}

const integers = new Set<DuckDBTypeId>([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
])
const numbers = new Set<DuckDBTypeId>([
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
  DuckDBTypeId.BOOLEAN,
])
const texts = new Set<DuckDBTypeId>([
  DuckDBTypeId.VARCHAR,
  DuckDBTypeId.BLOB,
  DuckDBTypeId.UUID,
  DuckDBTypeId.ENUM,
])

function describeField(name: string, type: DuckDBType): Field {
  const isVector = type instanceof DuckDBListType || type instanceof DuckDBArrayType
  const inner = isVector ? type.valueType : type
  const isNumber = integers.has(inner.typeId) || numbers.has(inner.typeId)
  const text = numpyName(inner.toString())
  if (isVector) return { name, kind: isNumber ? 'vector' : 'other', type: text }
  if (isNumber) return { name, kind: integers.has(type.typeId) ? 'integer' : 'number', type: text }
  return { name, kind: texts.has(type.typeId) ? 'text' : 'other', type: text }
}

const numpyNames: Readonly<Record<string, string>> = {
  FLOAT: 'float32',
  DOUBLE: 'float64',
  BOOLEAN: 'bool',
  TINYINT: 'int8',
  SMALLINT: 'int16',
  INTEGER: 'int32',
  BIGINT: 'int64',
  UTINYINT: 'uint8',
  USMALLINT: 'uint16',
  UINTEGER: 'uint32',
  UBIGINT: 'uint64',
}
const numpyName = (type: string): string => numpyNames[type] ?? type.toLowerCase()

/** The columns that make up a table of vectors. */
interface Selection {
  readonly width: number
  readonly columns: readonly string[]
  /** Whether the one column holds whole vectors. */
  readonly lists: boolean
  /** numpy's name of the numbers' type. */
  readonly type: string
}

interface Table {
  readonly path: string
  readonly duck: Duck
  readonly key: Field | null
}

/** How the numbers are fetched: as float32 where they are no wider, else rounded here, so that too large is infinite. */
function fetchType(type: string): NumberType {
  return /^(float32|bool|u?int(8|16))$/.test(type) ? 'FLOAT' : 'DOUBLE'
}

/** DuckDB tells of damage in many words; those that it has no name for are the file's fault, too. */
export function damage(path: string, error: unknown): unknown {
  if (!(error instanceof GraftError) || error.code !== 'internal') return error
  return new GraftError(
    'invalid-file',
    `${path} is damaged: ${error.message}`,
    'Copy or download the file again, or write it again.',
  )
}

async function* damagedIfOdd<T>(path: string, chunks: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* chunks
  } catch (error) {
    throw damage(path, error)
  }
}

async function* readRows(table: Table, selection: Selection): AsyncGenerator<RowBlock> {
  const { path, duck, key } = table
  const { width, columns, lists, type } = selection
  const builder = new BlockBuilder(width, key !== null)
  const fetched = fetchType(type)
  const cast = lists ? `${fetched}[]` : fetched
  const selected = columns.map((column) => `CAST(${identifier(column)} AS ${cast})`)
  if (key) selected.push(keyExpression(key))
  const query = `SELECT ${selected.join(', ')} FROM ${parquetSource([path])}`
  for await (const chunk of damagedIfOdd(path, duck.chunks(query))) {
    const keys = key ? chunk.getColumnValues(columns.length) : null
    const fill = lists
      ? listFiller(listColumn(chunk, 0, fetched), builder, table, selection)
      : columnFiller(
          columns.map((_, index) => numberColumn(chunk, index, fetched)),
          builder,
        )
    for (let row = 0; row < chunk.rowCount; row++) {
      fill(row)
      const value = keys?.[row]
      builder.push(
        typeof value === 'number'
          ? numberKey(value)
          : value === null || value === undefined
            ? ''
            : String(value),
      )
      if (builder.full) {
        const block = builder.take()
        if (block) yield block
      }
    }
  }
  const rest = builder.take()
  if (rest) yield rest
}

/** Integers as their digits, floating point as numbers that lose their `.0` later, the rest as text. */
function keyExpression({ name, kind }: Field): string {
  return kind === 'number' ? `CAST(${identifier(name)} AS DOUBLE)` : `CAST(${identifier(name)} AS VARCHAR)`
}

type Filler = (row: number) => void

/** A gap is no number: the row is then among those that are not finite. */
function columnFiller(columns: readonly NumberColumn[], builder: BlockBuilder): Filler {
  return (row) => {
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c]
      builder.set(c, column && isValid(column.valid, row) ? (column.values[row] ?? NaN) : NaN)
    }
  }
}

function listFiller(
  { places, valid, items }: ListColumn,
  builder: BlockBuilder,
  table: Table,
  selection: Selection,
): Filler {
  const { width } = selection
  return (row) => {
    const start = Number(places[2 * row] ?? 0n)
    const found = isValid(valid, row) ? Number(places[2 * row + 1] ?? 0n) : 0
    if (found !== width) throw ragged(table.path, selection.columns.join(), builder.row, width, found)
    builder.setAll(items.values.subarray(start, start + width))
    if (items.valid === null) return
    for (let c = 0; c < width; c++) if (!isValid(items.valid, start + c)) builder.set(c, NaN)
  }
}

function ragged(path: string, column: string, row: number, expected: number, found: number): GraftError {
  return new GraftError(
    'invalid-file',
    `Row ${row + 1} of ${path} has ${found.toLocaleString('en-US')} numbers in '${column}', where the first has ` +
      `${expected.toLocaleString('en-US')}.`,
    'All vectors of a table have the same width.',
    { row, expected, found },
  )
}

async function describeFields(duck: Duck, path: string): Promise<Field[]> {
  const result = await duck.schema(`SELECT * FROM ${parquetSource([path])} LIMIT 0`)
  return result.map(({ name, type }) => describeField(name, type))
}

async function count(duck: Duck, path: string): Promise<number> {
  const [row] = await duck.all(`SELECT count(*) AS n FROM ${parquetSource([path])}`)
  return Number(row?.n ?? 0)
}

/** The width of a column's first vector: all others must have it too. */
async function listWidth(duck: Duck, path: string, column: string): Promise<number> {
  const [row] = await duck.all(
    `SELECT len(CAST(${identifier(column)} AS DOUBLE[])) AS n FROM ${parquetSource([path])} LIMIT 1`,
  )
  return Number(row?.n ?? 0)
}

async function openParquet(duck: Duck, path: string, options: OpenOptions): Promise<VectorFile> {
  const fields = await describeFields(duck, path)
  const names = fields.filter(({ kind }) => kind !== 'vector' && kind !== 'other').map(({ name }) => name)
  const candidates = fields.filter(({ kind }) => kind !== 'vector' && kind !== 'other')
  const keyName =
    options.key === undefined
      ? guessField(
          candidates.map(({ name, kind }) => ({ name, text: kind === 'text' })),
          options,
        )
      : namedField(path, names, options.key)
  const key = fields.find(({ name }) => name === keyName) ?? null
  const rows = await count(duck, path)
  const lists = fields.filter(({ kind }) => kind === 'vector')
  const columns = fields.filter(
    (field) => field !== key && (field.kind === 'number' || field.kind === 'integer'),
  )
  const selections = new Map<string, Selection>()
  const arrays: VectorArray[] = []
  const add = (name: string, dtype: string, selection: Selection): void => {
    const shape = [rows, selection.width]
    selections.set(name, selection)
    arrays.push({ name, dtype, shape, keyed: key !== null, problem: shapeProblem(path, name, shape) })
  }
  for (const { name, type } of lists) {
    add(name, type, { width: await listWidth(duck, path, name), columns: [name], lists: true, type })
  }
  if (lists.length === 0) {
    const types = new Set(columns.map(({ type }) => type))
    const [type = 'float32'] = types
    const common = types.size === 1 ? type : 'float64'
    const names = columns.map(({ name }) => name)
    add('', common, { width: names.length, columns: names, lists: false, type: common })
  }
  const { size } = await stat(path)
  return {
    path,
    format: 'parquet',
    bytes: size,
    arrays,
    keyFields: candidates
      .filter(({ kind, name }) => kind !== 'number' || namesKeys(name, options))
      .map(({ name }) => name),
    keyField: key?.name ?? null,
    read(name) {
      usableArray({ path, arrays }, name)
      const selection = selections.get(name)
      if (!selection) throw new GraftError('internal', `${path} lists '${name}' and does not hold it.`)
      return readRows({ path, duck, key }, selection)
    },
    sha256: (signal) => hashFile(path, signal),
    close: async () => duck.close(),
  }
}

/** Parquet: a column of lists or fixed-size lists, or a column for each dimension. */
export const parquetReader: VectorReader = {
  format: 'parquet',
  extensions: ['.parquet', '.pq'],
  sniff: (head) => head.length > 8 && Buffer.from(head.subarray(0, 4)).toString('latin1') === 'PAR1',
  async open(path, options = {}) {
    const duck = await Duck.open()
    try {
      return await openParquet(duck, path, options)
    } catch (error) {
      duck.close()
      throw damage(path, error)
    }
  },
}
