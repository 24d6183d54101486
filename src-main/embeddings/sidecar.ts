import { readFile, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { GraftError } from '../contract/errors'
import { identifier, parquetSource, withDuck } from '../dataset/duckdb'
import { breathe } from './breathe'
import { Fields } from './readers/fields'
import { keyBytes, readKeyArray } from './readers/keyArrays'
import { guessField, namedField, numberKey } from './readers/keyFields'
import { byteOrderMark, endOfRecord, firstRecords, isEmptyRecord, readLines } from './readers/lines'
import { npyKeyLayout, readNpyHeader } from './readers/npy'
import { damage } from './readers/parquet'
import type { OpenOptions } from './readers/reader'
import { FileSource } from './readers/source'
import { keysAtOnce } from './vocabulary'

/** JSON is read whole, so its size is bounded: ten million keys of 50 letters. */
const maxJsonBytes = 1 << 29

/**
 * The keys of a file that stands beside the vectors, one for each row in their order: text with a key a line, a CSV or TSV
 * table (`metadata.tsv` of the Embedding Projector), a JSON array, a column of a Parquet file, or a `.npy` array.
 * @param options `key` names the column where there are several
 * @throws GraftError `not-found`, `invalid-file`, `invalid-setting` where a column must be named
 */
export async function readSidecarKeys(path: string, options: OpenOptions = {}): Promise<string[]> {
  switch (extname(path).toLowerCase()) {
    case '.json':
      return readJsonKeys(path)
    case '.parquet':
    case '.pq':
      return readParquetKeys(path, options)
    case '.npy':
      return readNpyKeys(path)
    case '.csv':
      return readTextKeys(path, ',', options)
    case '.tsv':
      return readTextKeys(path, '\t', options)
    default:
      return readTextKeys(path, null, options)
  }
}

const asKey = (value: unknown): string | null => {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberKey(value)
  return typeof value === 'boolean' ? String(value) : null
}

async function readJsonKeys(path: string): Promise<string[]> {
  const { size } = await stat(path)
  if (size > maxJsonBytes) {
    throw new GraftError(
      'unsupported-file',
      `${path} has ${size.toLocaleString('en-US')} bytes, more than JSON keys may have.`,
      'Write the keys one a line into a text file.',
    )
  }
  const bytes = await readFile(path)
  refuseNested(path, bytes)
  let content: unknown
  try {
    content = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new GraftError(
        'invalid-file',
        `${path} is not valid JSON: ${error.message}`,
        'Write a list of keys.',
      )
    }
    throw error
  }
  const keys = Array.isArray(content) ? content.map(asKey) : keysOfRows(content)
  const wrong = keys?.indexOf(null) ?? 0
  const complete = keys?.flatMap((key) => key ?? [])
  if (!complete || wrong >= 0) {
    throw new GraftError(
      'invalid-file',
      keys
        ? `Key ${wrong + 1} of ${path} is neither text nor a number.`
        : `${path} is neither a list of keys nor an object from keys to rows.`,
      'Write a list of keys, one for each row of vectors, in their order.',
    )
  }
  return complete
}

/** Keys stand in one list or object; what is nested deeper takes many times its size to parse, and is none. */
function refuseNested(path: string, bytes: Uint8Array): void {
  let depth = 0
  let quoted = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (quoted && byte === 0x5c) at += 1
    else if (byte === 0x22) quoted = !quoted
    else if (!quoted && (byte === 0x5b || byte === 0x7b)) depth += 1
    else if (!quoted && (byte === 0x5d || byte === 0x7d)) depth -= 1
    if (depth > 1) {
      throw new GraftError(
        'invalid-file',
        `${path} holds lists or objects within others, which are no keys.`,
        'Write a list of keys, one for each row of vectors, in their order.',
      )
    }
  }
}

/** An object from keys to rows 0 … n − 1, or from rows to keys. */
function keysOfRows(content: unknown): (string | null)[] | null {
  if (typeof content !== 'object' || content === null) return null
  const entries = Object.entries(content)
  const keys = new Array<string | null>(entries.length).fill(null)
  const byRow = entries.every(([key, value], index) => key === String(index) && asKey(value) !== null)
  for (const [key, value] of entries) {
    if (byRow) keys[Number(key)] = asKey(value)
    else if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < keys.length)
      keys[value] = key
    else return null
  }
  return keys
}

async function readNpyKeys(path: string): Promise<string[]> {
  const source = await FileSource.open(path)
  try {
    const array = await readNpyHeader(source, path, '')
    const layout = npyKeyLayout(array)
    if (!layout || layout.dataOffset + layout.rows * keyBytes(layout.type) !== source.size) {
      if (array.header.problem?.code === 'unsafe-file') throw array.header.problem
      throw new GraftError(
        'invalid-file',
        `${path} holds no keys: its shape is (${array.header.shape.join(', ')}), its type ${array.header.dtype}.`,
        'Keys are an array with one axis, of text or numbers.',
      )
    }
    return await readKeyArray(source, layout)
  } finally {
    await source.close()
  }
}

async function readParquetKeys(path: string, options: OpenOptions): Promise<string[]> {
  const reading = withDuck(async (duck) => {
    const fields = await duck.schema(`SELECT * FROM ${parquetSource([path])} LIMIT 0`)
    const name = chooseColumn(
      path,
      fields.map(({ name, type }) => ({ name, text: type.toString() === 'VARCHAR' })),
      options,
    )
    const column = identifier(name)
    const isFloat = /^(FLOAT|DOUBLE|DECIMAL)/.test(
      fields.find((field) => field.name === name)?.type.toString() ?? '',
    )
    const keys: string[] = []
    const cast = isFloat ? 'DOUBLE' : 'VARCHAR'
    for await (const chunk of duck.chunks(
      `SELECT CAST(${column} AS ${cast}) FROM ${parquetSource([path])}`,
    )) {
      for (const value of chunk.getColumnValues(0)) keys.push(asKey(value) ?? '')
    }
    return keys
  })
  return reading.catch((error: unknown) => {
    throw damage(path, error)
  })
}

/** The only column, the named one, or the one that looks like keys. */
function chooseColumn(
  path: string,
  fields: readonly { readonly name: string; readonly text: boolean }[],
  options: OpenOptions,
): string {
  const names = fields.map(({ name }) => name)
  const [only] = names
  const name =
    options.key !== undefined
      ? namedField(path, names, options.key)
      : only !== undefined && names.length === 1
        ? only
        : guessField(fields, options)
  if (name !== null) return name
  throw new GraftError(
    'invalid-setting',
    `${basename(path)} has ${names.length} columns, and none is known to hold the keys: ${names.slice(0, 20).join(', ')}.`,
    'Name the key column.',
    { fields: names },
  )
}

/** The names of a table's columns, such as a `metadata.tsv`'s; none for one column, which has no name. */
export async function sidecarColumns(path: string): Promise<string[]> {
  const source = await FileSource.open(path)
  try {
    const head = new Uint8Array(Math.min(3, source.size))
    await source.read(head, 0)
    const [first] = await firstRecords(source, byteOrderMark(head, path), 1, true)
    if (!first) return []
    const fields = new Fields()
    fields.split(first, 0, first.length, '\t'.charCodeAt(0))
    return fields.count > 1 ? fields.texts() : []
  } finally {
    await source.close()
  }
}

/** @param delimiter null takes each line whole, unless there are tabs: then the file is a table */
async function readTextKeys(path: string, delimiter: string | null, options: OpenOptions): Promise<string[]> {
  const source = await FileSource.open(path)
  try {
    const head = new Uint8Array(Math.min(3, source.size))
    await source.read(head, 0)
    const start = byteOrderMark(head, path)
    const quoted = delimiter !== null
    const [first] = await firstRecords(source, start, 1, quoted)
    if (!first)
      throw new GraftError('invalid-file', `${path} is empty.`, 'Write one key for each row of vectors.')
    const fields = new Fields()
    const code = delimiter?.charCodeAt(0) ?? -1
    fields.split(first, 0, first.length, code)
    // A table of one column has no names (the Embedding Projector's rule); a named one begins with that name.
    const names = fields.texts()
    const [only = ''] = names
    const hasHeader = names.length > 1 || (delimiter !== null && namesColumn(only, options))
    const column = hasHeader
      ? names.indexOf(
          chooseColumn(
            path,
            names.map((name) => ({ name, text: false })),
            options,
          ),
        )
      : 0
    const keys: string[] = []
    let skip = hasHeader ? 1 : 0
    for await (const { bytes } of readLines(source, start, quoted)) {
      for (let at = 0; at < bytes.length;) {
        const end = endOfRecord(bytes, at, quoted)
        if (!isEmptyRecord(bytes, at, end) && skip-- <= 0) {
          fields.split(bytes, at, end, code)
          keys.push(fields.text(column))
          if (keys.length % keysAtOnce === 0) await breathe()
        }
        at = end + 1
      }
    }
    return keys
  } finally {
    await source.close()
  }
}

const namesColumn = (name: string, options: OpenOptions): boolean =>
  options.key === name || (options.keyNames?.includes(name) ?? false) || /^(id|ids|key|keys)$/i.test(name)
