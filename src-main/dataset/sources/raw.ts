import { join } from 'node:path'
import { readdir, rm } from 'node:fs/promises'
import { GraftError } from '../../contract/errors'
import type { DelimitedOptions, JoinSource, TablesSource } from '../../contract/tables'
import { describeFile } from '../check'
import { identifier, literal, parquetSource, withDuck, type Duck } from '../duckdb'
import { partNames, type PartName } from '../files'
import { parquetOptions, rawOptions } from '../write'
import { agreeOnTypes } from './agree'
import { expandTables } from './expand'
import { checkUnchanged, longestLine, openTable, readError, typedRows, type TableSource } from './table'
import { misfit, probeTypes, rawTypeOf, type RawColumn } from './types'

export function rawFolder(project: string): string {
  return join(project, 'dataset', 'raw')
}

/** A joined table of a project, by its place among the joins. */
export function lookupFile(project: string, index: number): string {
  return join(rawFolder(project), lookupName(index))
}

const lookupName = (index: number): string => `lookup-${index + 1}.parquet`

export type ReportRows = (progress: {
  phase: string
  done: number
  total: number | null
  unit: string
}) => void

export interface RawRequest {
  files: TablesSource['files']
  joins: readonly JoinSource[]
  options: DelimitedOptions
  report: ReportRows
  signal: AbortSignal
}

/** The raw rows of a project: one file where they are split, one a part where the parts are given. */
export interface RawRows {
  files: { part: PartName | null; path: string; rows: number }[]
  columns: RawColumn[]
  rows: number
}

/**
 * Writes tables as typed Parquet into `folder`: `table.parquet`, or a file a part, and `lookup-<i>.parquet` for each
 * joined table.
 * @throws GraftError naming file, line and column
 */
export async function writeRaw(
  duck: Duck,
  request: RawRequest,
  folder: string,
  scratch: string,
): Promise<string[]> {
  const warnings: string[] = []
  const lookups: { path: string; join: JoinSource }[] = []
  for (const [index, joined] of request.joins.entries()) {
    const path = join(folder, lookupName(index))
    await copyTable(duck, [joined.path], path, request, scratch, warnings)
    await checkKey(duck, path, joined)
    lookups.push({ path, join: joined })
  }
  const written: { path: string; file: string; name: string }[] = []
  for (const part of [null, ...partNames]) {
    const paths = request.files.filter((file) => file.part === part).map((file) => file.path)
    if (paths.length === 0) continue
    const name = `${part ?? 'table'}.parquet`
    const path = join(lookups.length === 0 ? folder : scratch, name)
    await copyTable(duck, paths, path, request, scratch, warnings)
    written.push({ path, file: paths[0] ?? '', name })
  }
  await agreeOnTypes(duck, written)
  if (lookups.length > 0)
    for (const { path: unjoined, name } of written) {
      const path = join(folder, name)
      request.report({ phase: 'Joining', done: 0, total: null, unit: 'rows' })
      const from = parquetSource([unjoined], 'file_row_number = true')
      const { sql, unmatched } = await joinedRows(duck, from, unjoined, lookups)
      await writeRows(duck, sql, path, rawOptions)
      warnings.push(...unmatched)
      await rm(unjoined)
    }
  return warnings
}

/** Size of the pieces that text is read in unless a line is longer: much larger ones do not stay in the processor's cache. */
const pieceBytes = 8 * 2 ** 20

async function copyTable(
  duck: Duck,
  paths: readonly string[],
  path: string,
  request: RawRequest,
  scratch: string,
  warnings: string[],
): Promise<void> {
  const files = await expandTables(duck, paths)
  request.report({ phase: 'Looking at files', done: 0, total: null, unit: 'files' })
  const onRows = (done: number, total: number | null): void =>
    request.report({ phase: 'Reading Arrow', done, total, unit: 'rows' })
  const copy = (of: TableSource): Promise<void> =>
    watched(duck, request, `Reading ${files.length === 1 ? 'the table' : `${files.length} files`}`, () =>
      writeRows(duck, typedRows(of), path, rawOptions),
    )
  const openAndCopy = async (bytes: number): Promise<TableSource> => {
    const source = await openTable(duck, files, request.options, scratch, { onRows }, bytes)
    await copy(source).catch(async (error: unknown) => {
      if (!(error instanceof GraftError) || !error.message.includes(misfit)) throw error
      // The beginning of the table misled us: now every value is looked at.
      const names = source.columns.map((column) => column.name)
      source.columns = await probeTypes(duck, source.from, names)
      await copy(source)
    })
    return source
  }
  let source: TableSource
  try {
    source = await openAndCopy(pieceBytes).catch((error: unknown) => {
      if (!isFaultyText(error)) throw error
      return openAndCopy(longestLine)
    })
  } catch (error) {
    if (request.signal.aborted) throw new GraftError('cancelled', 'The import was cancelled.')
    throw readError(error, files[0] ?? '')
  }
  warnings.push(...source.warnings)
  await checkUnchanged(source)
  const [counted] = await duck.all(`SELECT count(*)::DOUBLE AS n FROM ${parquetSource([path])}`)
  if (Number(counted?.n ?? 0) === 0)
    throw new GraftError(
      'invalid-data',
      `${files[0]} has a header and no rows.`,
      'Choose a file with rows.',
      {
        file: files[0],
      },
    )
}

/**
 * Whether DuckDB could not read delimited text. A line longer than a piece looks like any other fault: where it is quoted,
 * like a quote that is never closed.
 */
function isFaultyText(error: unknown): boolean {
  if (!(error instanceof GraftError)) return false
  return /CSV Error/.test(error.message) || typeof error.details.line === 'number'
}

/** Tells how far DuckDB is with a statement. */
async function watched(
  duck: Duck,
  { report }: RawRequest,
  phase: string,
  work: () => Promise<void>,
): Promise<void> {
  report({ phase, done: 0, total: null, unit: 'rows' })
  const timer = setInterval(() => {
    const { rows_processed: done, total_rows_to_process: total } = duck.connection.progress
    const [seen, all] = [Number(done), Number(total)]
    report({ phase, done: seen, total: all > 0 && seen <= all ? all : null, unit: 'rows' })
  }, 250)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
}

/** Writes rows as Parquet. Who wants them to last through a power cut has them flushed ({@link flushFolder}). */
export async function writeRows(
  duck: Duck,
  sql: string,
  path: string,
  options = parquetOptions,
): Promise<void> {
  await duck.run(`COPY (${sql}) TO ${literal(path)} (${options})`)
}

export async function checkKey(duck: Duck, path: string, { key, path: file }: JoinSource): Promise<void> {
  const types = await describeFile(duck, path)
  if (!types.has(key))
    throw new GraftError(
      'unknown-column',
      `${file} has no column ${key} to join on.`,
      `Its columns are ${[...types.keys()].slice(0, 12).join(', ')}.`,
      { file, column: key },
    )
  const [twice] = await duck.all(
    `SELECT ${identifier(key)}::VARCHAR AS value, count(*) AS n FROM ${parquetSource([path])} WHERE ${identifier(key)} IS NOT NULL GROUP BY 1 HAVING count(*) > 1 ORDER BY n DESC, value LIMIT 1`,
  )
  if (twice)
    throw new GraftError(
      'invalid-data',
      `${file}: ${key} ${String(twice.value)} is in ${Number(twice.n)} rows; a joined table has one row for each key.`,
      'Remove the duplicates, or join on another column.',
      { file, column: key },
    )
}

/** Rows with the columns of their lookups, in their own order. */
export async function joinedRows(
  duck: Duck,
  from: string,
  described: string,
  lookups: readonly { path: string; join: JoinSource }[],
): Promise<{ sql: string; unmatched: string[] }> {
  const types = await describeFile(duck, described)
  const taken = new Set([...types.keys()].map((name) => name.toLowerCase()))
  const selected = [...types.keys()].map((name) => `b.${identifier(name)}`)
  const unmatched: string[] = []
  let joins = ''
  for (const [index, { path, join: joined }] of lookups.entries()) {
    const found = await describeFile(duck, path)
    const { on, key } = joined
    if (!types.has(on))
      throw new GraftError(
        'unknown-column',
        `The rows have no column ${on} to join ${joined.path} on.`,
        `Their columns are ${[...types.keys()].slice(0, 12).join(', ')}.`,
        { column: on },
      )
    const alias = `l${index}`
    const same = types.get(on) === found.get(key)
    const text = same ? '' : '::VARCHAR'
    joins += ` LEFT JOIN ${parquetSource([path])} ${alias} ON b.${identifier(on)}${text} = ${alias}.${identifier(key)}${text}`
    for (const name of found.keys()) {
      if (name === key) continue
      let shown = name
      for (let suffix = 2; taken.has(shown.toLowerCase()); suffix++) shown = `${name}_${suffix}`
      taken.add(shown.toLowerCase())
      selected.push(`${alias}.${identifier(name)} AS ${identifier(shown)}`)
    }
    const [lost] = await duck.all(
      `SELECT count(*)::DOUBLE AS n FROM ${from} b WHERE b.${identifier(on)} IS NOT NULL AND b.${identifier(on)}${text} NOT IN (SELECT ${identifier(key)}${text} FROM ${parquetSource([path])} WHERE ${identifier(key)} IS NOT NULL)`,
    )
    const count = Number(lost?.n ?? 0)
    if (count > 0)
      unmatched.push(
        `${count} ${count === 1 ? 'row has' : 'rows have'} a ${on} that ${joined.path} does not have`,
      )
  }
  return {
    sql: `SELECT ${selected.join(', ')} FROM ${from} b${joins} ORDER BY b.file_row_number`,
    unmatched,
  }
}

/** The raw rows in a folder. @throws GraftError `not-found` where there are none */
export async function findRaw(duck: Duck, folder: string): Promise<RawRows> {
  const names = await readdir(folder).catch((): string[] => [])
  const files: RawRows['files'] = []
  for (const part of [null, ...partNames])
    if (names.includes(`${part ?? 'table'}.parquet`))
      files.push({ part, ...(await countFile(duck, join(folder, `${part ?? 'table'}.parquet`))) })
  if (files.length === 0)
    throw new GraftError('not-found', 'The project has no raw rows.', 'Import a table first.')
  const paths = files.map(({ path }) => path)
  const columns = await rawColumns(duck, parquetSource(paths, 'union_by_name = true'))
  return { files, columns, rows: files.reduce((sum, { rows }) => sum + rows, 0) }
}

async function countFile(duck: Duck, path: string): Promise<{ path: string; rows: number }> {
  const [counted] = await duck.all(`SELECT count(*)::DOUBLE AS n FROM ${parquetSource([path])}`)
  return { path, rows: Number(counted?.n ?? 0) }
}

/** Names and types of a project's raw columns. @throws GraftError `not-found` where it has no raw rows */
export async function rawColumnsOf(project: string): Promise<RawColumn[]> {
  return withDuck(async (duck) => (await findRaw(duck, rawFolder(project))).columns)
}

export async function rawColumns(duck: Duck, source: string): Promise<RawColumn[]> {
  const described = await duck.all(`DESCRIBE SELECT * FROM ${source}`)
  return described.map((row) => {
    const found = rawTypeOf(String(row.column_type)) ?? { type: 'VARCHAR' as const, isList: false }
    return { name: String(row.column_name), ...found }
  })
}
