import { GraftError } from '../../contract/errors'
import { Fields } from './fields'
import { guessField, namedField, namesKeys } from './keyFields'
import { numberOf } from './numbers'
import { maxWidth, type OpenOptions } from './reader'

/** Columns of a table at most: the widest vector, with its keys and what else is known of a row. */
const maxColumns = maxWidth + 1024
/** Cells of the sample at most: of a wide table, fewer rows tell what its columns are. */
const maxSampledCells = 1 << 19

/** How a table of separated values is laid out, found from its first records. */
export interface TableLayout {
  readonly delimiter: number
  /** Whether the first record holds the columns' names. */
  readonly header: boolean
  readonly columns: readonly string[]
  readonly keyColumn: number | null
  readonly keyFields: readonly string[]
  /** The columns that make up the vector, where each number has a column of its own. */
  readonly numberColumns: readonly number[]
  /** The tables of vectors in the file: one of all number columns, or one for each column that holds whole vectors. */
  readonly vectors: readonly {
    readonly name: string
    readonly width: number
    readonly column: number | null
  }[]
}

/**
 * Finds separator, names, key and vectors.
 * @param records the file's first records, the names included where there are any
 * @throws GraftError `invalid-file` where no column holds numbers, `not-found` for a key that is not there
 */
export function layOutTable(
  path: string,
  records: readonly Uint8Array[],
  delimiters: string,
  options: OpenOptions,
): TableLayout {
  const [first] = records
  if (!first) throw new GraftError('invalid-file', `${path} is empty.`, 'Choose a file that holds vectors.')
  const delimiter = chooseDelimiter(first, delimiters)
  const width = countFields(first, delimiter)
  if (width > maxColumns) {
    throw new GraftError(
      'invalid-file',
      `${path} has ${width.toLocaleString('en-US')} columns in its first row, more than the ` +
        `${maxColumns.toLocaleString('en-US')} that are read.`,
      'A table of vectors has a key column and a column for each dimension.',
    )
  }
  const sampled = records.slice(0, Math.max(2, Math.floor(maxSampledCells / width)))
  const rows = sampled.map((record) => splitRecord(record, delimiter))
  const bare = options.bare === true && rows.every((row) => row.every((cell) => numberOf(cell) !== null))
  const header = !bare && hasHeader(rows)
  const names = rows[0] ?? []
  const columns = header ? uniqueNames(names) : names.map((_, index) => `column${index + 1}`)
  const sample = (header ? rows.slice(1) : rows).filter((row) => row.length === columns.length)
  const cells = columns.map((_, index) => sample.map((row) => row[index] ?? ''))
  const kinds = cells.map(kindOf)
  const keyFields = columns.filter(
    (_, index) =>
      kinds[index] === 'text' || kinds[index] === 'integer' || namesKeys(columns[index] ?? '', options),
  )
  const guess = (): string | null => (bare ? null : guessKey(columns, kinds, header, options))
  const key = options.key === undefined ? guess() : namedField(path, columns, options.key)
  const keyColumn = key === null ? null : columns.indexOf(key)
  const isVector = (index: number): boolean => kinds[index] === 'vector' && index !== keyColumn
  const vectorColumns = columns.flatMap((_, index) => (isVector(index) ? [index] : []))
  const numberColumns = columns.flatMap((_, index) =>
    index !== keyColumn && (kinds[index] === 'integer' || kinds[index] === 'number') ? [index] : [],
  )
  const vectors =
    vectorColumns.length > 0
      ? vectorColumns.map((column) => ({
          name: columns[column] ?? '',
          width: vectorOf(cells[column]?.[0] ?? '')?.length ?? 0,
          column,
        }))
      : [{ name: '', width: numberColumns.length, column: null }]
  if (numberColumns.length === 0 && vectorColumns.length === 0) {
    throw new GraftError(
      'invalid-file',
      `${path} has no column of numbers besides its keys: ${columns.slice(0, 20).join(', ')}.`,
      'A table of vectors has a key column and a column for each dimension, or one column that holds whole vectors.',
      { columns: columns.slice(0, 1000) },
    )
  }
  return { delimiter: delimiter.charCodeAt(0), header, columns, keyColumn, keyFields, numberColumns, vectors }
}

function splitRecord(record: Uint8Array, delimiter: string): string[] {
  const fields = new Fields()
  fields.split(record, 0, record.length, delimiter.charCodeAt(0))
  return fields.texts()
}

function countFields(record: Uint8Array, delimiter: string): number {
  const fields = new Fields()
  fields.split(record, 0, record.length, delimiter.charCodeAt(0))
  return fields.count
}

/** The separator that parts the first record into most fields. */
function chooseDelimiter(record: Uint8Array, delimiters: string): string {
  const counted = [...delimiters].map((delimiter) => ({
    delimiter,
    count: countFields(record, delimiter),
  }))
  counted.sort((a, b) => b.count - a.count)
  return counted[0]?.delimiter ?? ','
}

/** Names must be told apart: a repeated one gets its place. */
function uniqueNames(names: readonly string[]): string[] {
  const seen = new Set<string>()
  return names.map((name, index) => {
    const unique = name === '' || seen.has(name) ? `${name === '' ? 'column' : name}${index + 1}` : name
    seen.add(unique)
    return unique
  })
}

type Kind = 'integer' | 'number' | 'vector' | 'text'

/** What a column's cells are, gaps left out. */
function kindOf(cells: readonly string[]): Kind {
  const filled = cells.filter((cell) => cell.trim() !== '')
  if (filled.length === 0) return cells.length === 0 ? 'text' : 'number'
  if (filled.every((cell) => /^\s*[+-]?\d+\s*$/.test(cell))) return 'integer'
  if (filled.every((cell) => numberOf(cell) !== null)) return 'number'
  // One that is broken farther down is told of when it is read.
  const [first = ''] = filled
  if (numberOf(first) !== null) return 'number'
  return vectorOf(first) ? 'vector' : 'text'
}

/** A cell that holds a whole vector, such as `[0.5, 1]` or `0.5 1`; null for any other. */
function vectorOf(cell: string): number[] | null {
  const trimmed = cell.trim()
  const inner = /^\[(.*)\]$|^\((.*)\)$/s.exec(trimmed)
  const content = inner ? (inner[1] ?? inner[2] ?? '') : trimmed
  const numbers = content
    .split(/[,;\s]+/)
    .filter((word) => word !== '')
    .map(numberOf)
  // Without brackets, one number is a number.
  if (numbers.length < (inner ? 1 : 2)) return null
  return numbers.flatMap((value) => (value === null ? [] : [value])).length === numbers.length
    ? numbers.map((value) => value ?? NaN)
    : null
}

const isNumeric = (cell: string): boolean => numberOf(cell) !== null || vectorOf(cell) !== null

/**
 * Whether the first record holds names: it has fewer numbers than the second. The numbers 0, 1, 2 … (or from 1 on) in
 * every place but the first are names too: pandas numbers columns so.
 */
function hasHeader(rows: readonly string[][]): boolean {
  const [first = [], second] = rows
  const numbers = (row: readonly string[]): number => row.filter(isNumeric).length
  if (second === undefined) return numbers(first) === 0
  if (numbers(first) < numbers(second)) return true
  const names = first.slice(1)
  const counts = (from: number): boolean => names.every((name, index) => name === String(index + from))
  return (
    names.length >= 2 &&
    (counts(0) || counts(1)) &&
    (first[0] === '' || numberOf(first[0] ?? '') === null || first[0] === '0')
  )
}

/**
 * The key column where none is named: by its name, else the only column of text; without names also a first column of
 * integers before numbers that are none.
 */
function guessKey(
  columns: readonly string[],
  kinds: readonly Kind[],
  header: boolean,
  options: OpenOptions,
): string | null {
  const fields = columns.map((name, index) => ({ name, text: kinds[index] === 'text' }))
  const guess = guessField(
    fields.filter((_, index) => kinds[index] !== 'vector'),
    options,
  )
  if (guess !== null) return guess
  const [first = '', ...others] = columns
  const leads =
    kinds[0] === 'integer' &&
    others.length > 0 &&
    kinds.slice(1).every((kind) => kind === 'number' || kind === 'vector')
  // An unnamed first column is the index that pandas writes.
  return leads || (header && first === 'column1' && kinds[0] === 'integer') ? first : null
}
