import { extname, join } from 'node:path'
import { GraftError } from '../contract/errors'
import type { WrongTypes } from '../contract/runs'
import type { DerivedColumn, TablesSource } from '../contract/tables'
import { describeFile } from './check'
import { identifier, literal, parquetSource, withDuck, type Duck } from './duckdb'
import { derivedSelection, encodedColumns, lookupJoins, prepareDomains } from './encode/apply'
import { vocabularyFile } from './encode/dataset'
import { applyDerived, withLearnt } from './encode/derived'
import { prepareExtraIds, type ExtraIds } from './encode/extraIds'
import { hasIds, isUnknown, readEncoding, type FittedEncoding } from './encode/fitted'
import { writeAtomically } from './files'
import { expandTables } from './sources/expand'
import { joinedRows, lookupFile, writeRows } from './sources/raw'
import { openTable, readError } from './sources/table'
import { castLeniently, leniently, type RawColumn } from './sources/types'

export interface NewRowsRequest {
  project: string
  source: Pick<TablesSource, 'options' | 'joins'>
  files: readonly string[]
  target: string
  /** Whether the target is among the columns and wanted: rows without it are left out. */
  labelled: boolean
  /** What the model's tables have rows for beyond the vocabularies. */
  extra?: readonly ExtraIds[]
  /** A folder for what is made on the way; `input.parquet` holds the rows as they came. */
  scratch: string
}

/** New raw rows, encoded as the training part taught. */
export interface NewRows {
  /** Encoded Parquet; with `labelled` off the target is 0 in every row. */
  file: string
  /** The rows as they came. */
  input: string
  rows: number
  dropped: number
  unknown: { column: string; share: number }[]
  /** Values that are not of their column's type, and were taken as missing. */
  wrongTypes: WrongTypes[]
}

/**
 * Encodes raw rows that were not in the data: by the vocabularies and statistics of the training part, joined with the
 * project's own tables where columns of them are missing. Values never seen are unknown.
 * @throws GraftError `unknown-column` naming the column that the model needs and the files lack
 */
export async function encodeNewRows(request: NewRowsRequest): Promise<NewRows> {
  const encoding = await readEncoding(request.project)
  return withDuck(async (duck) => {
    const { scratch } = request
    const files = await expandTables(duck, request.files)
    const opened = await openTable(duck, files, request.source.options, scratch)
    const input = join(scratch, 'input.parquet')
    const names = opened.columns.map(({ name }) => identifier(name)).join(', ')
    await writeRows(duck, `SELECT ${names} FROM ${opened.from}`, input).catch((error: unknown) => {
      throw readError(error, files[0] ?? '')
    })
    const { path: rows, wrongTypes } = await asRaw(
      duck,
      request,
      encoding,
      new Set(opened.columns.map(({ name }) => name)),
      opened.isText,
      input,
    )
    const derived = derivedSelection(encoding.derived)
      .map((sql) => `, ${sql}`)
      .join('')
    const plain = `(SELECT * EXCLUDE (file_row_number), file_row_number AS graft_row${derived} FROM ${parquetSource([rows], 'file_row_number = true')})`
    const learnt = encoding.learnt.length > 0
    if (learnt) await applyDerived(duck, plain, encoding.learnt, join(request.project, 'dataset', 'derived'))
    await duck.run(`CREATE OR REPLACE VIEW new_rows AS SELECT * FROM ${learnt ? withLearnt(plain) : plain}`)
    const vocabularies = join(request.project, 'dataset', 'vocabularies')
    const vocabulary = (domain: string): string => parquetSource([vocabularyFile(vocabularies, domain)])
    const extra = await prepareExtraIds(duck, encoding, request.extra ?? [], 'new_rows', vocabulary)
    await prepareDomains(duck, encoding.columns, vocabulary)
    const lookups = lookupJoins(encoding.columns, vocabulary)
    const select = encodedColumns(encoding, request.labelled, extra).map(
      ({ name, sql }) => `${sql} AS ${identifier(name)}`,
    )
    if (!request.labelled) select.push(`0::TINYINT AS ${identifier(request.target)}`)
    const file = join(scratch, 'encoded.parquet')
    const known = request.labelled ? `${identifier(request.target)} IS NOT NULL` : 'true'
    await writeRows(
      duck,
      `SELECT ${select.join(', ')} FROM new_rows${lookups} WHERE ${known} ORDER BY graft_row`,
      file,
    )
    const all = await count(duck, input)
    const kept = await count(duck, file)
    if (kept === 0)
      throw new GraftError(
        'invalid-data',
        `${files[0]} has no rows${all > 0 ? ` with a ${request.target}` : ''}.`,
        'Choose a file with rows.',
      )
    return {
      file,
      input,
      rows: kept,
      dropped: all - kept,
      unknown: await unknownShares(duck, encoding, file),
      wrongTypes,
    }
  })
}

/** Writes the rows as the raw columns of the project, with their types, in their order. */
async function asRaw(
  duck: Duck,
  request: NewRowsRequest,
  encoding: FittedEncoding,
  present: ReadonlySet<string>,
  isText: boolean,
  input: string,
): Promise<{ path: string; wrongTypes: WrongTypes[] }> {
  const { joins } = request.source
  const lookups = joins.map((joined, index) => ({
    join: joined,
    path: lookupFile(request.project, index),
  }))
  let fromLookups = 0
  for (const { path } of lookups) fromLookups += (await describeFile(duck, path)).size - 1
  // A project's raw columns are those of its rows, then those of the joined tables.
  const own = encoding.raw.slice(0, encoding.raw.length - fromLookups)
  const joined = encoding.raw.slice(own.length)
  const complete = joined.every(({ name }) => present.has(name))
  const selected = complete ? encoding.raw : own
  const needed = checkPresent(request, encoding, selected, present)
  const used = selected.filter(({ name }) => needed.has(name) && present.has(name))
  const wrongTypes = await findWrongTypes(duck, parquetSource([input]), used, isText)
  const select = selected.map((column) =>
    present.has(column.name)
      ? castLeniently(column, isText)
      : `NULL::${column.type}${column.isList ? '[]' : ''} AS ${identifier(column.name)}`,
  )
  const plain = join(request.scratch, 'rows.parquet')
  await writeRows(duck, `SELECT ${select.join(', ')} FROM ${parquetSource([input])}`, plain)
  if (complete) return { path: plain, wrongTypes }
  const numbered = parquetSource([plain], 'file_row_number = true')
  const { sql } = await joinedRows(duck, numbered, plain, lookups)
  const whole = join(request.scratch, 'joined.parquet')
  await writeRows(duck, sql, whole)
  return { path: whole, wrongTypes }
}

/**
 * Counts the values that do not fit the type that their column had in training.
 * @throws GraftError `invalid-data` where none of a column's values does
 */
async function findWrongTypes(
  duck: Duck,
  from: string,
  columns: readonly RawColumn[],
  isText: boolean,
): Promise<WrongTypes[]> {
  const typed = columns.filter(({ type }) => type !== 'VARCHAR')
  if (typed.length === 0) return []
  const select = typed.flatMap((column, i) => {
    const { given, cast } = leniently(column, isText)
    const wrong = `FILTER (WHERE ${given} IS NOT NULL AND ${cast} IS NULL)`
    return [
      `count(${given})::DOUBLE AS n${i}`,
      `(count(*) ${wrong})::DOUBLE AS w${i}`,
      `(min(${given}) ${wrong})::VARCHAR AS e${i}`,
    ]
  })
  const [found] = await duck.all(`SELECT ${select.join(', ')} FROM ${from}`)
  return typed.flatMap(({ name, type }, i): WrongTypes[] => {
    const rows = Number(found?.[`w${i}`] ?? 0)
    if (rows === 0) return []
    const text = String(found?.[`e${i}`] ?? '')
    const example = text.length > 60 ? `${text.slice(0, 59)}…` : text
    if (rows === Number(found?.[`n${i}`] ?? 0))
      throw new GraftError(
        'invalid-data',
        `Column ${name} held values of type ${type} in training; none of its ${rows} values here is one, such as "${example}".`,
        'Correct the column; leave its cells empty where the values are not known.',
        { column: name, type, example },
      )
    return [{ column: name, type, rows, example }]
  })
}

function checkPresent(
  request: NewRowsRequest,
  encoding: FittedEncoding,
  selected: readonly RawColumn[],
  present: ReadonlySet<string>,
): ReadonlySet<string> {
  const needed = new Set(encoding.columns.filter(({ kind }) => kind !== 'target').map(({ column }) => column))
  for (const { on } of request.source.joins) needed.add(on)
  if (request.labelled) needed.add(request.target)
  // What is computed needs what it is computed from; the later ones are made of the earlier.
  for (const of of [...encoding.derived].reverse())
    if (needed.delete(of.name)) for (const name of sourcesOf(of)) needed.add(name)
  const missing = selected.find(({ name }) => needed.has(name) && !present.has(name))
  if (!missing) return needed
  throw new GraftError(
    'unknown-column',
    `${request.files[0]} has no column ${missing.name}, which the ${request.labelled ? 'evaluation' : 'model'} needs.`,
    'Add the column; it may be empty where its values are not known.',
    { column: missing.name },
  )
}

function sourcesOf(of: DerivedColumn): readonly string[] {
  return of.kind === 'threshold' ? [of.column] : of.columns
}

async function count(duck: Duck, path: string): Promise<number> {
  const [found] = await duck.all(`SELECT count(*)::DOUBLE AS n FROM ${parquetSource([path])}`)
  return Number(found?.n ?? 0)
}

async function unknownShares(
  duck: Duck,
  encoding: FittedEncoding,
  file: string,
): Promise<NewRows['unknown']> {
  const ids = encoding.columns.filter(hasIds)
  if (ids.length === 0) return []
  const select = ids.map((column, i) => `avg((${isUnknown(column)})::INT) AS s${i}`).join(', ')
  const [found] = await duck.all(`SELECT ${select} FROM ${parquetSource([file])}`)
  return ids
    .map(({ column }, i) => ({ column, share: Number(found?.[`s${i}`] ?? 0) }))
    .filter(({ share }) => share > 0)
}

/**
 * Writes rows as they came with a column `prediction`, as CSV, TSV or Parquet by the name of the file.
 * @throws GraftError `unsupported-file` for another name
 */
export async function joinPredictions(input: string, predictions: string, out: string): Promise<void> {
  const formats: Record<string, string> = {
    '.csv': 'FORMAT csv, HEADER true',
    '.tsv': "FORMAT csv, HEADER true, DELIMITER '\t'",
    '.parquet': 'FORMAT parquet, COMPRESSION zstd',
  }
  const format = formats[extname(out).toLowerCase()]
  if (format === undefined)
    throw new GraftError(
      'unsupported-file',
      `${out}: predictions are written as CSV, TSV or Parquet.`,
      'Name it .csv, .tsv or .parquet.',
    )
  await withDuck(async (duck) => {
    const taken = [...(await describeFile(duck, input)).keys()].map((name) => name.toLowerCase())
    let name = 'prediction'
    for (let suffix = 2; taken.includes(name); suffix++) name = `prediction_${suffix}`
    await writeAtomically(out, (temporary) =>
      duck.run(
        `COPY (SELECT i.*, p.prediction AS ${identifier(name)} FROM ${parquetSource([input])} i POSITIONAL JOIN ${parquetSource([predictions])} p) TO ${literal(temporary)} (${format})`,
      ),
    )
  })
}
