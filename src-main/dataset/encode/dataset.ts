import { access, link, mkdir, copyFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GraftError } from '../../contract/errors'
import type { DatasetReport, DerivedWish, TablesReport, TablesSource } from '../../contract/tables'
import { roleOf, type Schema } from '../../schema'
import { identifier, parquetSource, type Duck } from '../duckdb'
import { partNames, safeFileName, type PartName } from '../files'
import { gatherFacts } from '../infer/facts'
import { infer, type Guess, type TargetWish } from '../infer/rules'
import { findRaw, writeRows, type RawRows, type ReportRows } from '../sources/raw'
import { labelParts, labels } from '../split/label'
import { parseSplit } from '../split/spec'
import { derivedSelection, encodedColumns, prepareDomains } from './apply'
import {
  allColumns,
  describeDerived,
  fittedSchema,
  guessedSchema,
  planEncodings,
  tagChosen,
  reasonOf,
} from './columns'
import { learnDerived, learntRows, settleWishes } from './derived'
import { fitColumns, vocabularyTable } from './fit'
import { hasIds, isLearnt, type FittedEncoding, type LearntColumn } from './fitted'
import { findLeaks } from './leaks'
import { reportSplit, unseenShares } from './splitReport'

export interface BuildRequest {
  source: TablesSource
  /** What is known of the columns; for a first import what the person said before. */
  schema: Schema
  /** Given where types, roles and settings are to be guessed. */
  guess: { target: TargetWish | null; derived?: readonly DerivedWish[] } | null
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
  const learnt = await viewRows(duck, raw, source, join(folder, 'derived'))
  const plans = planEncodings(allColumns(raw.columns, source.derived), schema, source.encoding)
  report({ phase: 'Fitting on the training part', done: 0, total: null, unit: 'columns' })
  const trained = '(SELECT * FROM graft_rows WHERE graft_part = 0)'
  const [counted] = await duck.all(`SELECT count(*)::DOUBLE AS n FROM ${trained}`)
  if (Number(counted?.n ?? 0) === 0)
    throw new GraftError('invalid-data', 'The split leaves no rows to train on.', 'Choose another split.')
  const encoding: FittedEncoding = {
    version: 1,
    raw: raw.columns,
    derived: source.derived,
    learnt,
    columns: await fitColumns(duck, trained, 'graft_rows', plans),
  }
  const fitted = fittedSchema(schema, encoding)
  await writeVocabularies(duck, encoding, join(folder, 'vocabularies'))
  const changedDomains = await findChanged(duck, encoding, request.vocabulariesBefore)
  await prepareDomains(duck, encoding.columns, vocabularyTable)
  const rows = await writeParts(duck, encoding, folder, request, warnings)
  await writeFile(join(folder, 'encoding.json'), `${JSON.stringify(encoding, null, 2)}\n`)
  report({ phase: 'Comparing the parts', done: 0, total: null, unit: 'columns' })
  const facts = { encoding, settings: source.encoding, schema: fitted, folder, rows }
  const split = await reportSplit(duck, facts)
  const train = join(folder, 'encoded', 'train', 'part-00000.parquet')
  const leaks = rows.train > 0 ? await findLeaks(duck, encoding, fitted, train, rows.train) : []
  const kept: DatasetReport = { split, leaks }
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(kept, null, 2)}\n`)
  const columns = fitted.columns.map((column) => ({
    name: column.name,
    dtype: column.dtype,
    role: roleOf(column),
    tags: [...column.tags],
    reason: reasons.get(column.name) ?? '',
  }))
  const told = [...warnings, ...leaks.map(({ message, hint }) => `${message} ${hint}`)]
  return {
    source,
    schema: fitted,
    target,
    report: { rows, columns, unseen: unseenShares(split), ...kept, changedDomains, warnings: told },
  }
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
    return { ...describeDerived(source, schema), target, reasons, warnings: [] }
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
  setAsideParts(guessed.guesses, source.split)
  const encoding: TablesSource['encoding'] = { ...source.encoding }
  for (const { column, encoding: chosen, reason } of guessed.guesses) {
    reasons.set(column, reason)
    if (chosen && !(column in encoding)) encoding[column] = chosen
  }
  for (const { name, column, above } of guessed.derived)
    reasons.set(name, `1 where ${column} is above ${above}`)
  const derived = settleWishes(guess.derived ?? [], raw.columns, guessed.derived, guessed.target)
  for (const of of derived.filter(isLearnt)) reasons.set(of.name, reasonOf(of))
  const columns = allColumns(raw.columns, guessed.derived)
  const described = tagChosen(guessedSchema(columns, guessed.guesses, schema), source.encoding)
  return {
    ...describeDerived({ ...source, derived, encoding }, described),
    target: guessed.target,
    reasons,
    warnings: guessed.warnings,
  }
}

/** A column that says the part of each row is no feature: training sees one value of it alone. */
export function setAsideParts(guesses: Guess[], split: string | null): void {
  const spec = parseSplit(split)
  const at = guesses.findIndex(({ column }) => spec.kind === 'column' && column === spec.column)
  const found = guesses[at]
  if (found)
    guesses[at] = {
      ...found,
      tags: [],
      ignored: true,
      encoding: null,
      reason: 'it says which part a row belongs to',
    }
}

/**
 * The view `graft_rows`: raw and derived columns, and `graft_part`.
 * @param folder where the values of learnt columns are written
 */
export async function viewRows(
  duck: Duck,
  raw: RawRows,
  source: TablesSource,
  folder: string,
): Promise<LearntColumn[]> {
  const wanted = source.derived.filter(isLearnt)
  const view = wanted.length === 0 ? 'graft_rows' : 'graft_plain_rows'
  const derived = derivedSelection(source.derived)
    .map((sql) => `, ${sql}`)
    .join('')
  const files = (path: string): string =>
    parquetSource([path], wanted.length === 0 ? '' : 'file_row_number = true')
  // Rows are numbered where learnt columns need an order to come back to; later parts start above any row of earlier ones.
  const all = (part: number): string =>
    wanted.length === 0
      ? '*'
      : `* EXCLUDE (file_row_number), ${part * 2 ** 40} + file_row_number AS graft_row`
  const [only] = raw.files
  if (only?.part === null) {
    const names = raw.columns.map(({ name }) => name)
    const numbered = parquetSource([only.path], 'file_row_number = true')
    const spec = parseSplit(source.split)
    await labelParts(duck, numbered, raw.rows, names, spec, source.seed)
    await duck.run(
      `CREATE OR REPLACE VIEW ${view} AS SELECT ${all(0)}${derived} FROM ${files(only.path)} POSITIONAL JOIN ${labels}`,
    )
  } else {
    if (source.split !== null)
      throw new GraftError(
        'invalid-setting',
        'The parts were imported as files of their own, so they are not split.',
        'Import the files together to split them.',
      )
    const parts = raw.files.map(({ part, path }) => {
      const index = part === null ? 0 : partNames.indexOf(part)
      return `SELECT ${all(index)}${derived}, ${index} AS graft_part FROM ${files(path)}`
    })
    await duck.run(`CREATE OR REPLACE VIEW ${view} AS ${parts.join(' UNION ALL BY NAME ')}`)
  }
  if (wanted.length === 0) return []
  await mkdir(folder, { recursive: true })
  const learnt = await learnDerived(duck, wanted, {
    rows: view,
    columns: allColumns(raw.columns, source.derived),
    positives: positivesOf(source.encoding),
    seed: source.seed,
    folder,
  })
  await duck.run(
    `CREATE OR REPLACE VIEW graft_rows AS SELECT * EXCLUDE (graft_row) FROM ${view} POSITIONAL JOIN ${learntRows}`,
  )
  return learnt
}

function positivesOf(encoding: TablesSource['encoding']): Map<string, string | null> {
  return new Map(
    Object.entries(encoding).flatMap(([name, of]) => (of.kind === 'target' ? [[name, of.positive]] : [])),
  )
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
    encoding.columns.flatMap((column) => (hasIds(column) && !column.hashed ? [column.domain] : [])),
  )
}

export function vocabularyFile(folder: string, domain: string): string {
  return join(folder, `${safeFileName(domain)}.parquet`)
}

/** A WHERE clause over `graft_rows`: the rows of a part, without those that lack a target. */
export function keptRows(encoding: FittedEncoding, part: number): string {
  const known = encoding.columns
    .filter(({ kind }) => kind === 'target')
    .map(({ column }) => `${identifier(column)} IS NOT NULL`)
  return [`graft_part = ${part}`, ...known].join(' AND ')
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
    await writeRows(
      duck,
      `SELECT ${select} FROM graft_rows WHERE ${keptRows(encoding, index)}`,
      join(place, 'part-00000.parquet'),
    )
  }
  return rows
}

/** Puts the raw files of a project into a folder that is being made: as links, for they stay as they are. */
export async function takeRaw(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const name of await readdir(from)) {
    if (!name.endsWith('.parquet')) continue
    await link(join(from, name), join(to, name)).catch(() => copyFile(join(from, name), join(to, name)))
  }
}
