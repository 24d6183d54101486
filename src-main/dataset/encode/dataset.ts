import { access, link, mkdir, copyFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GraftError } from '../../contract/errors'
import type { TablesReport, TablesSource } from '../../contract/tables'
import { roleOf, type Schema } from '../../schema'
import { identifier, parquetSource, type Duck } from '../duckdb'
import { partNames, type PartName } from '../files'
import { gatherFacts } from '../infer/facts'
import { infer, type TargetWish } from '../infer/rules'
import { findRaw, writeRows, type RawRows, type ReportRows } from '../sources/raw'
import { labelParts, labels } from '../split/label'
import { parseSplit } from '../split/spec'
import { derivedSelection, encodedColumns, prepareDomains } from './apply'
import { allColumns, fittedSchema, guessedSchema, planEncodings } from './columns'
import { fitColumns, vocabularyTable } from './fit'
import type { FittedEncoding } from './fitted'

export interface BuildRequest {
  source: TablesSource
  /** What is known of the columns; for a first import what the person said before. */
  schema: Schema
  /** Given where types, roles and settings are to be guessed. */
  guess: { target: TargetWish | null } | null
  report: ReportRows
  signal: AbortSignal
  /** The vocabularies that there were, to tell which ones changed. */
  vocabulariesBefore: string
}

export interface BuiltDataset {
  /** With the settings in force. */
  source: TablesSource
  schema: Schema
  target: string | null
  report: TablesReport
}

/**
 * Splits and encodes the raw rows in `folder/raw`, everything learnt from the training part, and writes
 * `encoded/<part>/`, `vocabularies/<domain>.parquet` and `encoding.json` beside them.
 * @throws GraftError naming the column that does not bear its setting
 */
export async function buildDataset(duck: Duck, request: BuildRequest, folder: string): Promise<BuiltDataset> {
  const { report } = request
  report({ phase: 'Looking at columns', done: 0, total: null, unit: 'columns' })
  const raw = await findRaw(duck, join(folder, 'raw'))
  const { source, schema, target, reasons, warnings } = await settle(duck, request, raw)
  stopIfAborted(request.signal)
  report({ phase: 'Splitting', done: 0, total: null, unit: 'rows' })
  await viewRows(duck, raw, source)
  const plans = planEncodings(allColumns(raw.columns, source.derived), schema, source.encoding)
  report({ phase: 'Fitting on the training part', done: 0, total: null, unit: 'columns' })
  const train = '(SELECT * FROM graft_rows WHERE graft_part = 0)'
  const [counted] = await duck.all(`SELECT count(*)::DOUBLE AS n FROM ${train}`)
  if (Number(counted?.n ?? 0) === 0)
    throw new GraftError('invalid-data', 'The split leaves no rows to train on.', 'Choose another split.')
  const encoding: FittedEncoding = {
    version: 1,
    raw: raw.columns,
    derived: source.derived,
    columns: await fitColumns(duck, train, plans),
  }
  const fitted = fittedSchema(schema, encoding)
  await writeVocabularies(duck, encoding, join(folder, 'vocabularies'))
  const changedDomains = await findChanged(duck, encoding, request.vocabulariesBefore)
  await prepareDomains(duck, encoding.columns, vocabularyTable)
  const rows = await writeParts(duck, encoding, folder, request, warnings)
  await writeFile(join(folder, 'encoding.json'), `${JSON.stringify(encoding, null, 2)}\n`)
  const unseen = await findUnseen(duck, encoding, folder, rows)
  const columns = fitted.columns.map((column) => ({
    name: column.name,
    dtype: column.dtype,
    role: roleOf(column),
    tags: [...column.tags],
    reason: reasons.get(column.name) ?? '',
  }))
  return { source, schema: fitted, target, report: { rows, columns, unseen, changedDomains, warnings } }
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new GraftError('cancelled', 'The import was cancelled.')
}

interface Settled {
  source: TablesSource
  schema: Schema
  target: string | null
  reasons: Map<string, string>
  warnings: string[]
}

/** The settings in force: those of the project, or guesses where there are none. */
async function settle(duck: Duck, request: BuildRequest, raw: RawRows): Promise<Settled> {
  const { source, schema, guess } = request
  const reasons = new Map<string, string>()
  if (!guess) {
    const target = schema.columns.find((column) => roleOf(column) === 'target')?.name ?? null
    return { source, schema, target, reasons, warnings: [] }
  }
  const wish = guess.target
  if (wish && !raw.columns.some(({ name }) => name === wish.column))
    throw new GraftError(
      'unknown-column',
      `The table has no column ${wish.column} to predict.`,
      `Its columns are ${raw.columns
        .map(({ name }) => name)
        .slice(0, 20)
        .join(', ')}.`,
      { column: wish.column },
    )
  const from = parquetSource(
    raw.files.map(({ path }) => path),
    'union_by_name = true',
  )
  const facts = await gatherFacts(duck, from, raw.rows, raw.columns)
  const guessed = infer(facts, wish)
  const encoding: TablesSource['encoding'] = { ...source.encoding }
  for (const { column, encoding: chosen, reason } of guessed.guesses) {
    reasons.set(column, reason)
    if (chosen && !(column in encoding)) encoding[column] = chosen
  }
  for (const { name, column, above } of guessed.derived)
    reasons.set(name, `1 where ${column} is above ${above}`)
  const columns = allColumns(raw.columns, guessed.derived)
  return {
    source: { ...source, derived: guessed.derived, encoding },
    schema: guessedSchema(columns, guessed.guesses, schema),
    target: guessed.target,
    reasons,
    warnings: guessed.warnings,
  }
}

/** The view `graft_rows`: raw and derived columns, and `graft_part`. */
async function viewRows(duck: Duck, raw: RawRows, source: TablesSource): Promise<void> {
  const derived = derivedSelection(source.derived)
    .map((sql) => `, ${sql}`)
    .join('')
  const [only] = raw.files
  if (only?.part === null) {
    const names = raw.columns.map(({ name }) => name)
    const numbered = parquetSource([only.path], 'file_row_number = true')
    const spec = parseSplit(source.split)
    await labelParts(duck, numbered, raw.rows, names, spec, source.seed)
    await duck.run(
      `CREATE OR REPLACE VIEW graft_rows AS SELECT *${derived} FROM ${parquetSource([only.path])} POSITIONAL JOIN ${labels}`,
    )
    return
  }
  if (source.split !== null)
    throw new GraftError(
      'invalid-setting',
      'The parts were imported as files of their own, so they are not split.',
      'Import the files together to split them.',
    )
  const parts = raw.files.map(
    ({ part, path }) =>
      `SELECT *${derived}, ${part === null ? 0 : partNames.indexOf(part)} AS graft_part FROM ${parquetSource([path])}`,
  )
  await duck.run(`CREATE OR REPLACE VIEW graft_rows AS ${parts.join(' UNION ALL BY NAME ')}`)
}

async function writeVocabularies(duck: Duck, encoding: FittedEncoding, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const domain of vocabularyDomains(encoding))
    await writeRows(duck, `SELECT * FROM ${vocabularyTable(domain)}`, vocabularyFile(folder, domain))
}

async function findChanged(duck: Duck, encoding: FittedEncoding, before: string): Promise<string[]> {
  const changed: string[] = []
  for (const domain of vocabularyDomains(encoding)) {
    const path = vocabularyFile(before, domain)
    const there = await access(path).then(
      () => true,
      () => false,
    )
    const [old, now] = [
      `SELECT index, value FROM ${parquetSource([path])}`,
      `SELECT index, value FROM ${vocabularyTable(domain)}`,
    ]
    const [differs] = there
      ? await duck.all(`(${old} EXCEPT ${now}) UNION ALL (${now} EXCEPT ${old}) LIMIT 1`)
      : [{}]
    if (differs) changed.push(domain)
  }
  return changed
}

function vocabularyDomains(encoding: FittedEncoding): Set<string> {
  return new Set(
    encoding.columns.flatMap((column) =>
      column.kind === 'categorical' && !column.hashed ? [column.domain] : [],
    ),
  )
}

/** Names of domains may hold what file names may not. */
export function vocabularyFile(folder: string, domain: string): string {
  const safe = domain.replace(
    /[<>:"/\\|?*%\u0000-\u001f]|^\./g,
    (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return join(folder, `${safe}.parquet`)
}

async function writeParts(
  duck: Duck,
  encoding: FittedEncoding,
  folder: string,
  request: BuildRequest,
  warnings: string[],
): Promise<Record<PartName, number>> {
  const columns = encodedColumns(encoding)
  const select = columns.map(({ name, sql }) => `${sql} AS ${identifier(name)}`).join(', ')
  const targets = encoding.columns.filter((column) => column.kind === 'target').map(({ column }) => column)
  const known = targets.map((name) => `${identifier(name)} IS NOT NULL`)
  const counts = await duck.all(
    `SELECT graft_part AS part, count(*)::DOUBLE AS n, (count(*) FILTER (WHERE ${known.join(' AND ') || 'true'}))::DOUBLE AS kept FROM graft_rows GROUP BY 1`,
  )
  const rows: Record<PartName, number> = { train: 0, validation: 0, test: 0 }
  let dropped = 0
  for (const { part, n, kept } of counts) {
    const name = partNames[Number(part)]
    if (name) rows[name] = Number(kept)
    dropped += Number(n) - Number(kept)
  }
  if (dropped > 0)
    warnings.push(
      `${dropped} ${dropped === 1 ? 'row has' : 'rows have'} no ${targets.join(' or ')} and ${dropped === 1 ? 'was' : 'were'} left out`,
    )
  if (columns.length === 0) warnings.push('no column is a feature or a target yet: set roles in the schema')
  for (const [index, part] of partNames.entries()) {
    stopIfAborted(request.signal)
    request.report({ phase: 'Encoding', done: index, total: partNames.length, unit: 'parts' })
    if (rows[part] === 0 || columns.length === 0) continue
    const place = join(folder, 'encoded', part)
    await mkdir(place, { recursive: true })
    const where = [`graft_part = ${index}`, ...known].join(' AND ')
    await writeRows(
      duck,
      `SELECT ${select} FROM graft_rows WHERE ${where}`,
      join(place, 'part-00000.parquet'),
    )
  }
  return rows
}

async function findUnseen(
  duck: Duck,
  encoding: FittedEncoding,
  folder: string,
  rows: Record<PartName, number>,
): Promise<TablesReport['unseen']> {
  const ids = encoding.columns.filter((column) => column.kind === 'categorical').map(({ column }) => column)
  const unseen: TablesReport['unseen'] = []
  if (ids.length === 0) return unseen
  for (const part of ['validation', 'test'] as const) {
    if (rows[part] === 0) continue
    const select = ids.map((name, i) => `avg((${identifier(name)} = 0)::INT) AS s${i}`).join(', ')
    const from = parquetSource([join(folder, 'encoded', part, 'part-00000.parquet')])
    const [found] = await duck.all(`SELECT ${select} FROM ${from}`)
    ids.forEach((column, i) => {
      const share = Number(found?.[`s${i}`] ?? 0)
      if (share > 0) unseen.push({ column, part, share })
    })
  }
  return unseen
}

/** Puts the raw files of a project into a folder that is being made: as links, for they stay as they are. */
export async function takeRaw(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const name of await readdir(from)) {
    if (!name.endsWith('.parquet')) continue
    await link(join(from, name), join(to, name)).catch(() => copyFile(join(from, name), join(to, name)))
  }
}
