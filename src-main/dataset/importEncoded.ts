import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { GraftError } from '../contract/errors'
import { syncFolder } from '../project/files'
import { inputKind, roleOf, type Column, type Dtype, type Role, type Schema } from '../schema'
import { checkEncodedFile, describeFile, neededColumns } from './check'
import { duckType } from './columnData'
import { identifier, literal, parquetSource, stopIfAborted, withDuck, type Duck } from './duckdb'
import { noteChecked } from './checkedFiles'
import { flushFile, partFiles, partNames, replaceFolder, type PartName } from './files'
import { expandFiles } from './sources/expand'
import { labelRandomly } from './split/label'
import { parquetOptions } from './write'

/** Where the rows come from: files for each part, or files that are split at random. Folders and patterns are expanded. */
export type EncodedSources =
  | { kind: 'parts'; train: readonly string[]; validation?: readonly string[]; test?: readonly string[] }
  | { kind: 'random'; files: readonly string[]; shares: readonly [number, number, number]; seed: number }

export interface ImportEncodedRequest {
  project: string
  schema: Schema
  sources: EncodedSources
  /** Told how far it has come: files checked, parts written. */
  onProgress?: (progress: { phase: 'checking' | 'writing'; done: number; total: number }) => void
  signal?: AbortSignal
  /** Writes into the new `dataset/` what comes with the rows; gives what is to be told of it. */
  beside?: (duck: Duck, folder: string) => Promise<string[]>
  /** Keeps what the new rows are described by; where it fails the rows that there were come back. */
  keep?: (report: ImportReport) => Promise<void>
}

export interface ImportReport {
  rows: Record<PartName, number>
  columns: { name: string; dtype: Dtype; role: Role; tags: string[] }[]
  warnings: string[]
}

const largestInt32 = 2 ** 31 - 1

/** The files of each part; for a random split all of them, and the part is chosen row by row. */
type PartFiles = Partial<Record<PartName, string[]>>

/**
 * Brings in Parquet files whose categorical columns hold ids of the schema's domains already. All files are checked
 * first; then a new `dataset/` is written beside the old one and put in its place, so a failure or a cancel changes nothing.
 * @throws GraftError naming file, column and row where the data do not fit the schema
 */
export async function importEncoded(request: ImportEncodedRequest): Promise<ImportReport> {
  const { sources, schema, signal } = request
  if (sources.kind === 'random') checkShares(sources.shares)
  checkNames(schema)
  const read = async (duck: Duck): Promise<ImportReport> => {
    const files = await filesOf(duck, sources)
    const all = [...new Set(Object.values(files).flat())]
    const unknown = new Set<string>()
    for (const [index, file] of all.entries()) {
      request.onProgress?.({ phase: 'checking', done: index, total: all.length })
      for (const name of await checkEncodedFile(duck, file, schema)) unknown.add(name)
    }
    const columns = neededColumns(schema).map((column) => ({
      name: column.name,
      dtype: column.dtype,
      role: roleOf(column),
      tags: [...column.tags],
    }))
    const rows: Record<PartName, number> = { train: 0, validation: 0, test: 0 }
    const report = { rows, columns, warnings: warningsOf(unknown) }
    return replaceFolder(
      join(request.project, 'dataset'),
      async (folder) => {
        await writeParts(duck, request, files, join(folder, 'encoded'), rows)
        report.warnings.push(...((await request.beside?.(duck, folder)) ?? []))
        stopIfAborted(signal)
        return report
      },
      request.keep,
    )
  }
  const report = await withDuck(read, { signal })
  for (const part of partNames)
    await noteChecked(request.project, part, await partFiles(request.project, part), schema)
  return report
}

function warningsOf(unknown: ReadonlySet<string>): string[] {
  return [...unknown].map((name) => `column ${name} is not in the schema and was left out`)
}

/** DuckDB does not tell upper from lower case in names, so two columns that differ in nothing else cannot be stored. */
function checkNames(schema: Schema): void {
  const seen = new Map<string, string>()
  for (const { name } of schema.columns) {
    const before = seen.get(name.toLowerCase())
    if (before !== undefined)
      throw new GraftError(
        'invalid-schema',
        `columns ${before} and ${name} differ only in case`,
        'Rename one of them.',
      )
    seen.set(name.toLowerCase(), name)
  }
}

function checkShares(shares: readonly [number, number, number]): void {
  const sum = shares[0] + shares[1] + shares[2]
  if (shares.some((share) => !(share >= 0)) || shares[0] === 0 || Math.abs(sum - 1) > 1e-6)
    throw new GraftError(
      'invalid-setting',
      `a split of ${shares.join(', ')}`,
      'Give three shares that add up to 1, that of training above 0, such as 0.8,0.1,0.1.',
    )
}

async function filesOf(duck: Duck, sources: EncodedSources): Promise<PartFiles> {
  if (sources.kind === 'random') return { train: await expandFiles(duck, sources.files) }
  const files: PartFiles = {}
  for (const part of partNames) {
    const paths = sources[part] ?? []
    if (paths.length > 0 || part === 'train') files[part] = await expandFiles(duck, paths)
  }
  return files
}

async function writeParts(
  duck: Duck,
  request: ImportEncodedRequest,
  files: PartFiles,
  folder: string,
  rows: Record<PartName, number>,
): Promise<void> {
  const { sources, schema } = request
  const types = await typesOf(duck, new Set(Object.values(files).flat()))
  const columns = neededColumns(schema)
  const select = columns.map((column) => selection(column, types.get(column.name) ?? [])).join(', ')
  const train = files.train ?? []
  const total = await countRows(duck, train)
  if (total === 0)
    throw new GraftError('invalid-data', 'there are no rows to train on', 'Choose files with rows.')
  const dealt =
    sources.kind === 'random' ? await labelRandomly(duck, total, sources.shares, sources.seed) : null
  const numbered = dealt ? await numberRows(duck, train) : ''
  for (const [index, part] of partNames.entries()) {
    request.onProgress?.({ phase: 'writing', done: index, total: partNames.length })
    rows[part] = dealt ? (dealt.counts[index] ?? 0) : await countRows(duck, files[part] ?? [])
    if (rows[part] === 0) continue
    await mkdir(join(folder, part), { recursive: true })
    // Files stay files of their own: what reads them draws on all of them at once.
    const sources = dealt
      ? [`${numbered} WHERE ${dealt.part('graft_row')} = ${index}`]
      : await nonEmpty(duck, files[part] ?? [])
    for (const [number, from] of sources.entries()) {
      const path = join(folder, part, `part-${String(number).padStart(5, '0')}.parquet`)
      await duck.run(`COPY (SELECT ${select} FROM ${from}) TO ${literal(path)} (${parquetOptions})`)
      await flushFile(path)
    }
    await syncFolder(join(folder, part))
  }
}

/** Sources of the files that have rows. */
async function nonEmpty(duck: Duck, files: readonly string[]): Promise<string[]> {
  const sources: string[] = []
  for (const file of files) if ((await countRows(duck, [file])) > 0) sources.push(parquetSource([file]))
  return sources
}

/** The rows of files one after the other, numbered from 0 as `graft_row`. */
async function numberRows(duck: Duck, files: readonly string[]): Promise<string> {
  const pieces: string[] = []
  let before = 0
  for (const file of files) {
    const from = parquetSource([file], 'file_row_number = true')
    pieces.push(
      `SELECT * EXCLUDE (file_row_number), ${before}::BIGINT + file_row_number AS graft_row FROM ${from}`,
    )
    before += await countRows(duck, [file])
  }
  return `(${pieces.join(' UNION ALL BY NAME ')})`
}

/** The types that each column has in the files, those of its items where it is one of lists. */
async function typesOf(duck: Duck, files: Iterable<string>): Promise<Map<string, string[]>> {
  const types = new Map<string, string[]>()
  for (const file of files)
    for (const [name, type] of await describeFile(duck, file)) {
      const known = types.get(name) ?? []
      const element = type.replace(/\[[0-9]*\]$/, '')
      types.set(name, known.includes(element) ? known : [...known, element])
    }
  return types
}

function selection(column: Column, found: readonly string[]): string {
  const type = String(duckType(storedType(column, found), column.isList))
  return `${identifier(column.name)}::${type} AS ${identifier(column.name)}`
}

/**
 * Ids are stored as integers of the schema's type; numbers too, but that a fraction in the file is never rounded away. Both
 * in fewer bytes where their values fit in these for certain: what is read again for every epoch should be small.
 */
function storedType(column: Column, found: readonly string[]): Dtype {
  const { dtype, domain } = column
  if (inputKind(column) === 'categorical') {
    const isWide = /^(u?int64|uint32)$/.test(dtype) && (domain?.max ?? Infinity) <= largestInt32
    return isWide || !/^u?int/.test(dtype) ? 'int32' : dtype
  }
  const hasFractions = found.some((type) => /^(FLOAT|DOUBLE|DECIMAL)/.test(type))
  const isFloat = dtype.startsWith('float')
  const told = /^(u?int|float|bool)/.test(dtype) && (isFloat || !hasFractions) ? dtype : 'float64'
  const [only, ...others] = found
  if (others.length > 0) return told
  if (told === 'float64' && only === 'FLOAT') return 'float32'
  return told === 'int64' && only === 'INTEGER' ? 'int32' : told
}

async function countRows(duck: Duck, files: readonly string[]): Promise<number> {
  if (files.length === 0) return 0
  const [counted] = await duck.all(`SELECT count(*)::DOUBLE AS n FROM ${parquetSource(files)}`)
  return Number(counted?.n ?? 0)
}
