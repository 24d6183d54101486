import { GraftError } from '../../contract/errors'
import { BlockBuilder } from './blocks'
import { layOutTable, type TableLayout } from './delimitedLayout'
import { Fields } from './fields'
import {
  byteOrderMark,
  countRecords,
  endOfRecord,
  firstRecords,
  isEmptyRecord,
  isText,
  readLines,
} from './lines'
import { parseNumber } from './numbers'
import { shapeProblem, usableArray, type RowBlock, type VectorArray, type VectorReader } from './reader'
import { FileSource } from './source'

/** Records that tell how a file is laid out: the names, and enough rows to see what is a number. */
const sampledRecords = 100

interface Table extends TableLayout {
  readonly path: string
  readonly source: FileSource
  /** Where the first record begins. */
  readonly start: number
}

/** What is read of each record: the columns of numbers, or the one column whose text is a vector. */
interface Selection {
  readonly width: number
  readonly vectorColumn: number | null
}

async function* readRows(table: Table, { width, vectorColumn }: Selection): AsyncGenerator<RowBlock> {
  const { keyColumn } = table
  const builder = new BlockBuilder(width, keyColumn !== null)
  const fields = new Fields()
  let skip = table.header ? 1 : 0
  for await (const { bytes } of readLines(table.source, table.start, true)) {
    for (let at = 0; at < bytes.length;) {
      const end = endOfRecord(bytes, at, true)
      if (!isEmptyRecord(bytes, at, end) && skip-- <= 0) {
        fields.split(bytes, at, end, table.delimiter)
        if (fields.count !== table.columns.length) throw ragged(table, builder.row, fields.count)
        if (vectorColumn === null) fillFromColumns(bytes, fields, builder, table)
        else fillFromText(bytes, fields, builder, table, vectorColumn)
        builder.push(keyColumn === null ? '' : fields.text(keyColumn))
        if (builder.full) {
          const block = builder.take()
          if (block) yield block
        }
      }
      at = end + 1
    }
  }
  const rest = builder.take()
  if (rest) yield rest
}

function fillFromColumns(bytes: Uint8Array, fields: Fields, builder: BlockBuilder, table: Table): void {
  const { numberColumns } = table
  for (let i = 0; i < numberColumns.length; i++) {
    const column = numberColumns[i] ?? 0
    const value = parseNumber(bytes, fields.start(column), fields.end(column))
    if (value === null) throw notANumber(table, builder.row, column, fields.text(column))
    builder.set(i, value)
  }
}

/** A vector that is written into one field: numbers parted by commas, semicolons or spaces, in brackets or without. */
function fillFromText(
  bytes: Uint8Array,
  fields: Fields,
  builder: BlockBuilder,
  table: Table,
  column: number,
): void {
  const [start, end] = withoutBrackets(bytes, fields.start(column), fields.end(column))
  let found = 0
  for (let at = start; at < end;) {
    while (at < end && isSeparator(bytes[at])) at += 1
    if (at === end) break
    const from = at
    while (at < end && !isSeparator(bytes[at])) at += 1
    const value = parseNumber(bytes, from, at)
    if (value === null) throw notANumber(table, builder.row, column, fields.text(column))
    if (found < builder.width) builder.set(found, value)
    found += 1
  }
  if (found !== builder.width) {
    throw new GraftError(
      'invalid-file',
      `Row ${builder.row + 1} of ${table.path} has ${found.toLocaleString('en-US')} numbers in ` +
        `'${table.columns[column] ?? ''}', where the first has ${builder.width.toLocaleString('en-US')}.`,
      'All vectors of a table have the same width.',
      { row: builder.row, expected: builder.width, found },
    )
  }
}

function withoutBrackets(bytes: Uint8Array, start: number, end: number): [number, number] {
  while (start < end && isSeparator(bytes[start])) start += 1
  while (end > start && isSeparator(bytes[end - 1])) end -= 1
  const opening = bytes[start]
  const closing = bytes[end - 1]
  const inBrackets = (opening === 0x5b && closing === 0x5d) || (opening === 0x28 && closing === 0x29)
  return inBrackets && end - start >= 2 ? [start + 1, end - 1] : [start, end]
}

/** Comma, semicolon, or white space: numpy prints its vectors over several lines. */
function isSeparator(byte: number | undefined): boolean {
  return (
    byte === 0x2c || byte === 0x3b || byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)
  )
}

function ragged(table: Table, row: number, found: number): GraftError {
  const expected = table.columns.length
  return new GraftError(
    'invalid-file',
    `Row ${row + 1} of ${table.path} has ${found.toLocaleString('en-US')} fields, where the first has ` +
      `${expected.toLocaleString('en-US')}.`,
    'Every row must have the same number of fields; text that holds the separator must stand in quotation marks.',
    { row, expected, found },
  )
}

function notANumber(table: Table, row: number, column: number, text: string): GraftError {
  const name = table.columns[column] ?? ''
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return new GraftError(
    'invalid-file',
    `Row ${row + 1} of ${table.path} has '${shown}' in '${name}', which is no number.`,
    'Correct it where the vectors are made, or leave that column out of the file.',
    { row, column: name },
  )
}

function delimitedReader(format: string, extensions: string[], delimiters: string): VectorReader {
  return {
    format,
    extensions,
    sniff(head) {
      if (!isText(head)) return false
      const [first = ''] = Buffer.from(head).toString('latin1').split('\n')
      return [...delimiters].some((delimiter) => first.includes(delimiter))
    },
    async open(path, options = {}) {
      const source = await FileSource.open(path, options.digest)
      try {
        const head = new Uint8Array(Math.min(3, source.size))
        await source.read(head, 0)
        const start = byteOrderMark(head, path)
        const sample = await firstRecords(source, start, sampledRecords, true)
        const table = { path, source, start, ...layOutTable(path, sample, delimiters, options) }
        const rows = (await countRecords(source, start, true)) - (table.header ? 1 : 0)
        const selections = new Map<string, Selection>()
        const keyed = table.keyColumn !== null
        const arrays = table.vectors.map(({ name, width, column }): VectorArray => {
          selections.set(name, { width, vectorColumn: column })
          const shape = [rows, width]
          return { name, dtype: 'float32', shape, keyed, problem: shapeProblem(path, name, shape) }
        })
        return {
          path,
          format,
          bytes: source.size,
          arrays,
          keyFields: table.keyFields,
          keyField: table.keyColumn === null ? null : (table.columns[table.keyColumn] ?? null),
          read(name) {
            usableArray({ path, arrays }, name)
            const selection = selections.get(name)
            if (!selection) throw new GraftError('internal', `${path} lists '${name}' and does not hold it.`)
            return readRows(table, selection)
          },
          sha256: (signal) => source.sha256(signal),
          close: () => source.close(),
        }
      } catch (error) {
        await source.close()
        throw error
      }
    },
  }
}

/** Fields parted by tabs. */
export const tsvReader = delimitedReader('tsv', ['.tsv', '.tab'], '\t')

/** Fields parted by commas or semicolons. */
export const csvReader = delimitedReader('csv', ['.csv'], ',;')
