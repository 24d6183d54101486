import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GraftError } from '../../contract/errors'
import type { DelimitedOptions } from '../../contract/tables'
import { escapePattern, identifier, literal, parquetSource, type Duck } from '../duckdb'
import { missingColumns } from './agree'
import { convertArrow, type ArrowOptions } from './arrow'
import { detectFormat, readHead, type FileFormat } from './format'
import { sniff, uniqueNames, type Dialect } from './sniff'
import { castTexts, probeTypes, rawTypeOf, sampleRows, type RawColumn } from './types'

/** A table of one or more files, ready to be read. */
export interface TableSource {
  files: string[]
  /** What files were when they were looked at: size and time of change. */
  stamps: string[]
  /** Null where the files carry their types. */
  dialect: Dialect | null
  format: FileFormat['kind']
  /** A FROM clause whose columns bear the names of `columns`. */
  from: string
  columns: RawColumn[]
  /** Whether `from` gives text that is cast on the way. */
  isText: boolean
  warnings: string[]
}

/** Longest line that is read: a value of many megabytes is a value, too. */
export const longestLine = 64 * 2 ** 20
const sniffedBytes = 1 << 20
/** Cells that types are first guessed from: with thousands of columns fewer rows tell as much in the same time. */
export const sampledCells = 600_000

/**
 * Looks at files and finds out how they are read; nothing is written but, under `scratch`, UTF-16 as UTF-8 and Arrow as Parquet.
 * @param arrow how many rows of Arrow files are wanted, and who is told how far it is
 * @param pieceBytes size of the pieces that text is read in; no line may be longer
 * @throws GraftError `invalid-file`, `unsupported-file`, naming the file
 */
export async function openTable(
  duck: Duck,
  files: readonly string[],
  options: DelimitedOptions,
  scratch: string,
  arrow: ArrowOptions = {},
  pieceBytes = longestLine,
): Promise<TableSource> {
  const formats = await Promise.all(files.map(detectFormat))
  const [first] = formats
  if (!first) throw new GraftError('not-found', 'No files were given.', 'Name at least one file.')
  const other = formats.findIndex((format) => format.kind !== first.kind)
  if (other >= 0)
    throw new GraftError(
      'unsupported-file',
      `${files[0]} is ${first.kind} and ${files[other]} is ${formats[other]?.kind}: one table is read from files of one format.`,
      'Import files of one format together.',
    )
  const stamps = await Promise.all(files.map(stampOf))
  const base = { files: [...files], stamps, format: first.kind }
  if (first.kind === 'delimited')
    return { ...base, ...(await openDelimited(duck, files, formats, options, scratch, pieceBytes)) }
  if (first.kind === 'arrow') {
    const warnings: string[] = []
    const pieces: string[] = []
    for (const [index, file] of files.entries()) {
      const found = await convertArrow(duck, file, scratch, `arrow-${basename(file)}-${index}`, arrow)
      pieces.push(...found.pieces)
      if (index === 0) warnings.push(...found.warnings)
    }
    const typed = await describeTyped(duck, parquetSource(pieces, 'union_by_name = true'), files)
    const missing = await missingColumns(
      duck,
      pieces,
      typed.columns.map(({ name }) => name),
    )
    return {
      ...base,
      dialect: null,
      isText: false,
      ...typed,
      warnings: [...warnings, ...typed.warnings, ...missing],
    }
  }
  const hive = files.some((file) => /[\\/][^\\/=]+=[^\\/]*[\\/]/.test(file))
  const listed = files.map((file) => literal(escapePattern(file))).join(', ')
  const from =
    first.kind === 'parquet'
      ? parquetSource(files, `union_by_name = true, hive_partitioning = ${hive}`)
      : `read_json([${listed}], format = 'auto', records = true, sample_size = -1, union_by_name = true, maximum_object_size = ${longestLine})`
  const typed = await describeTyped(duck, from, files)
  if (first.kind === 'parquet') {
    const names = typed.columns.map(({ name }) => name)
    typed.warnings.push(...(await missingColumns(duck, files, names)))
  }
  return { ...base, dialect: null, isText: false, ...typed }
}

/** Fails where a file is not what it was when it was opened, or is no more. */
export async function checkUnchanged(source: TableSource): Promise<void> {
  for (const [index, file] of source.files.entries())
    if ((await stampOf(file).catch(() => null)) !== source.stamps[index])
      throw new GraftError(
        'invalid-data',
        `${file} changed while it was read.`,
        'Import it again when nothing writes to it.',
        { file },
      )
}

async function stampOf(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file)
  return `${size} ${mtimeMs}`
}

async function describeTyped(
  duck: Duck,
  from: string,
  files: readonly string[],
): Promise<Pick<TableSource, 'from' | 'columns' | 'warnings'>> {
  const described = await duck.all(`DESCRIBE SELECT * FROM ${from}`).catch((error: unknown) => {
    throw readError(error, files[0] ?? '')
  })
  const warnings: string[] = []
  const given = described.map((row) => String(row.column_name))
  const names = uniqueNames(given, (message) => warnings.push(`${files[0]}: ${message}`))
  const empty = await withoutValues(duck, from, described)
  const columns = described.map((row, index): RawColumn => {
    const [name, type] = [names[index] ?? '', String(row.column_type)]
    const found = rawTypeOf(type)
    if (found) return { name, ...found }
    if (empty.has(String(row.column_name))) return { name, type: 'VARCHAR', isList: type.endsWith('[]') }
    throw new GraftError(
      'unsupported-file',
      `${files[0]}, column ${name}: ${type} is nested or raw bytes, which no model takes.`,
      'Flatten it into columns of numbers, text or lists of them.',
      { file: files[0], column: name },
    )
  })
  if (names.every((name, index) => name === given[index])) return { from, columns, warnings }
  const renamed = given.map((name, index) => `${identifier(name)} AS ${identifier(names[index] ?? '')}`)
  return { from: `(SELECT ${renamed.join(', ')} FROM ${from})`, columns, warnings }
}

/** Columns of JSON lines that are null in every row, or hold lists of nothing: they have no type and are taken for text. */
async function withoutValues(
  duck: Duck,
  from: string,
  described: readonly Record<string, unknown>[],
): Promise<Set<string>> {
  const untyped = described.filter(({ column_type: type }) => type === 'JSON' || type === 'JSON[]')
  if (untyped.length === 0) return new Set()
  const counts = untyped.map(({ column_name: name, column_type: type }, i) => {
    const x = identifier(String(name))
    return type === 'JSON'
      ? `count(${x}) AS n${i}`
      : `coalesce(sum(len(list_filter(${x}, item -> item IS NOT NULL))), 0) AS n${i}`
  })
  const [found] = await duck.all(`SELECT ${counts.join(', ')} FROM ${from}`)
  const isEmpty = (i: number): boolean => Number(found?.[`n${i}`]) === 0
  return new Set(untyped.flatMap((row, i) => (isEmpty(i) ? [String(row.column_name)] : [])))
}

async function openDelimited(
  duck: Duck,
  files: readonly string[],
  formats: readonly FileFormat[],
  options: DelimitedOptions,
  scratch: string,
  pieceBytes: number,
): Promise<Pick<TableSource, 'dialect' | 'isText' | 'from' | 'columns' | 'warnings'>> {
  const warnings: string[] = []
  const pieces: string[] = []
  let dialect: Dialect | null = null
  for (const [index, file] of files.entries()) {
    const format = formats[index]
    if (format?.kind !== 'delimited') continue
    const path = format.encoding === 'utf-8' ? file : await asUtf8(file, format.encoding, scratch, index)
    const found = sniff(file, await firstText(duck, path, format.compression), {
      ...options,
      // What the first file has not said, the others do not contradict.
      delimiter: options.delimiter ?? dialect?.delimiter ?? null,
      header: options.header ?? dialect?.header ?? null,
    })
    if (!dialect) warnings.push(...found.warnings)
    dialect ??= found.dialect
    checkSameColumns(file, files[0] ?? '', dialect, found.dialect)
    pieces.push(readCsv(path, found.dialect, format.compression, pieceBytes))
  }
  if (!dialect) throw new GraftError('not-found', 'No files were given.', 'Name at least one file.')
  const names = dialect.columns.map(identifier).join(', ')
  const from = `(${pieces.map((piece) => `SELECT ${names} FROM ${piece}`).join(' UNION ALL ')})`
  await duck.expectColumns(dialect.columns.length)
  const rows = Math.max(200, Math.min(sampleRows, Math.floor(sampledCells / dialect.columns.length)))
  const columns = await probeBeginning(duck, from, dialect.columns, rows).catch((error: unknown) => {
    throw readError(error, files[0] ?? '')
  })
  return { dialect, isText: true, from, columns, warnings }
}

/** Types of the first rows, which are read once however many columns there are. */
async function probeBeginning(
  duck: Duck,
  from: string,
  names: readonly string[],
  rows: number,
): Promise<RawColumn[]> {
  await duck.run(`CREATE OR REPLACE TEMP TABLE graft_beginning AS SELECT * FROM ${from} LIMIT ${rows}`)
  const columns = await probeTypes(duck, 'graft_beginning', names)
  await duck.run('DROP TABLE graft_beginning')
  return columns
}

function checkSameColumns(file: string, first: string, wanted: Dialect, found: Dialect): void {
  const missing = wanted.columns.find((name) => !found.columns.includes(name))
  const extra = found.columns.find((name) => !wanted.columns.includes(name))
  if (missing === undefined && extra === undefined) return
  throw new GraftError(
    'invalid-file',
    missing === undefined
      ? `${file} has a column ${extra}, which ${basename(first)} has not.`
      : `${file} has no column ${missing}, which ${basename(first)} has.`,
    'Import files of the same columns together.',
    { file, column: missing ?? extra },
  )
}

function readCsv(path: string, dialect: Dialect, compression: string, pieceBytes: number): string {
  const columns = dialect.columns.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')
  return `read_csv(${literal(escapePattern(path))}, auto_detect = false, columns = {${columns}}, delim = ${literal(dialect.delimiter)}, quote = ${literal(dialect.quote)}, escape = ${literal(dialect.quote)}, header = ${dialect.header}, compression = ${literal(compression)}, max_line_size = ${pieceBytes}, buffer_size = ${pieceBytes})`
}

/** The first lines of a text, compressed or not, without one that may be cut off. */
async function firstText(duck: Duck, path: string, compression: string): Promise<string> {
  if (compression === 'none') {
    const head = await readHead(path, sniffedBytes)
    const text = head.toString('utf8')
    const end = text.lastIndexOf('\n')
    return head.length < sniffedBytes || end < 0 ? text : text.slice(0, end)
  }
  const rows = await duck
    .all(
      `SELECT line FROM read_csv(${literal(escapePattern(path))}, auto_detect = false, columns = {'line': 'VARCHAR'}, delim = '\u0001', quote = '', escape = '', header = false, compression = ${literal(compression)}, max_line_size = ${longestLine}, buffer_size = ${longestLine}) LIMIT 200`,
    )
    .catch((error: unknown) => {
      throw readError(error, path)
    })
  return rows.map((row) => String(row.line ?? '')).join('\n')
}

async function asUtf8(file: string, encoding: string, scratch: string, index: number): Promise<string> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const path = join(scratch, `utf8-${index}-${basename(file)}`)
  const decode = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        done(null, decoder.decode(chunk, { stream: true }))
      } catch {
        done(
          new GraftError('invalid-file', `${file} is not valid ${encoding}.`, 'Save it as UTF-8.', { file }),
        )
      }
    },
  })
  await pipeline(createReadStream(file), decode, createWriteStream(path))
  return path
}

/**
 * A query of the rows of a source, each column as its type.
 * @param from where they are, if they have been read already
 */
export function typedRows({ columns, isText, from: read }: TableSource, from = read): string {
  if (isText) return castTexts(columns, from)
  const selected = columns.map(({ name, type, isList }) => {
    const x = identifier(name)
    return `${x}::${type}${isList ? '[]' : ''} AS ${x}`
  })
  return `SELECT ${selected.join(', ')} FROM ${from}`
}

/** DuckDB's account of a row that cannot be read, with the file and the line and without its list of options. */
export function readError(thrown: unknown, file: string): GraftError {
  if (!(thrown instanceof GraftError)) throw thrown
  const { message } = thrown
  if (['cancelled', 'disk-full', 'out-of-memory'].includes(thrown.code)) return thrown
  const place = /file = (.*)/.exec(message)?.[1]?.trim() ?? file
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1]
  if (line !== undefined) {
    const details = { file: place, line: Number(line) }
    const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message)
    if (counts)
      return new GraftError(
        'invalid-file',
        `${place}, line ${line}: ${counts[2]} cells where the header has ${counts[1]}.`,
        'Correct the line, or say how the file is delimited.',
        details,
      )
    if (/unicode|utf-8/i.test(message))
      return new GraftError(
        'invalid-file',
        `${place}, line ${line}: not valid UTF-8; the file may mix encodings.`,
        'Save it as UTF-8.',
        details,
      )
    const what = message.split('\n').slice(2, 4).join(' ').trim()
    return new GraftError('invalid-file', `${place}, line ${line}: ${what}`, 'Correct the line.', details)
  }
  if (thrown.code !== 'internal') return thrown
  return new GraftError('invalid-file', `${place}: ${message.split('\n')[0]}`, 'Check what the file holds.', {
    file: place,
  })
}
