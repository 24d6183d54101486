import { link, mkdir, copyFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GraftError } from '../../contract/errors'
import type { ColumnUse, DatasetReport, DerivedWish, TablesReport, TablesSource } from '../../contract/tables'
import { roleOf, type Schema } from '../../schema'
import { identifier, parquetSource, stopIfAborted, type Duck } from '../duckdb'
import { flushFile, parquetFiles, partNames, safeFileName, type PartName } from '../files'
import { gatherTableFacts, readBounds } from '../infer/facts'
import { overrule } from '../infer/overrule'
import { infer, type Guess, type TargetWish } from '../infer/rules'
import { groupRows } from '../write'
import { findRaw, writeRows, type RawRows, type ReportRows } from '../sources/raw'
import { parseSplit } from '../split/spec'
import { encodedColumns, lookupJoins, prepareDomains } from './apply'
import {
  allColumns,
  describeDerived,
  fittedSchema,
  guessedSchema,
  planEncodings,
  tagChosen,
  reasonOf,
} from './columns'
import { settleWishes } from './derived'
import { fitColumns } from './fit'
import { hasIds, isLearnt, type FittedEncoding } from './fitted'
import { findLeaks } from './leaks'
import { firstRow, viewRows } from './rowView'
import { reportSplit, unseenShares } from './splitReport'
import { exists } from '../../project/files'
import { vocabularyTable } from './vocabularies'

export interface BuildRequest {
  source: TablesSource
  /** What is known of the columns; for a first import what the person said before. */
  schema: Schema
  /** Given where types, roles and settings are to be guessed. */
  guess: {
    target: TargetWish | null
    derived?: readonly DerivedWish[]
    /** What the person said of columns. */
    uses?: Readonly<Record<string, ColumnUse>>
  } | null
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
  await duck.expectColumns(raw.columns.length)
  const { source, schema, target, reasons, warnings } = await settle(duck, request, raw)
  stopIfAborted(request.signal)
  report({ phase: 'Splitting', done: 0, total: null, unit: 'rows' })
  const { learnt, counts } = await viewRows(duck, raw, source, join(folder, 'derived'))
  const plans = planEncodings(allColumns(raw.columns, source.derived), schema, source.encoding)
  report({ phase: 'Fitting on the training part', done: 0, total: null, unit: 'columns' })
  const targets = targetsOf(
    plans.map(({ column, encoding }) => ({ column: column.name, kind: encoding.kind })),
  )
  const known = await readBounds(
    duck,
    raw.files.map(({ path }) => path),
  )
  const isComplete = targets.every((name) => known.get(name)?.missing === 0)
  const rows = await countParts(duck, targets, isComplete ? counts : null, warnings)
  const bounds = new Map(
    [...known].flatMap(([name, { min: low, max: high }]) =>
      low === undefined || high === undefined ? [] : [[name, { low, high }]],
    ),
  )
  const { columns: learntColumns, heldOut } = await fitColumns(
    duck,
    'graft_rows',
    plans,
    isKnown(targets),
    bounds,
  )
  const encoding: FittedEncoding = {
    version: 1,
    raw: raw.columns,
    derived: source.derived,
    learnt,
    columns: learntColumns,
    settings: Object.fromEntries(plans.map(({ column, chosen }) => [column.name, chosen])),
  }
  const fitted = fittedSchema(schema, encoding)
  await writeVocabularies(duck, encoding, join(folder, 'vocabularies'))
  const changedDomains = await findChanged(duck, encoding, request.vocabulariesBefore)
  await prepareDomains(duck, encoding.columns, vocabularyTable)
  await writeParts(duck, encoding, raw, folder, request, warnings)
  await writeFile(join(folder, 'encoding.json'), `${JSON.stringify(encoding, null, 2)}\n`)
  report({ phase: 'Comparing the parts', done: 0, total: null, unit: 'columns' })
  const missing = new Map([...known].map(([name, of]) => [name, of.missing]))
  const complete = new Set([...missing].flatMap(([name, count]) => (count === 0 ? [name] : [])))
  const facts = { encoding, settings: source.encoding, schema: fitted, folder, rows, heldOut, complete }
  const split = await reportSplit(duck, facts)
  const train = await parquetFiles(join(folder, 'encoded', 'train'))
  const leaks =
    rows.train > 0 ? await findLeaks(duck, encoding, fitted, { files: train, rows: rows.train, missing }) : []
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
  const paths = raw.files.map(({ path }) => path)
  const facts = await gatherTableFacts(duck, paths, raw.rows, raw.columns)
  const guessed = infer(facts, wish)
  setAsideParts(guessed.guesses, source.split)
  const said = guess.uses ?? {}
  const guesses = overrule(guessed.guesses, said, raw.columns)
  const known = { ...schema, columns: schema.columns.filter(({ name }) => !Object.hasOwn(said, name)) }
  const encoding: TablesSource['encoding'] = { ...source.encoding }
  for (const { column, encoding: chosen, reason } of guesses) {
    reasons.set(column, reason)
    if (chosen && !(column in encoding)) encoding[column] = chosen
  }
  for (const { name, column, above } of guessed.derived)
    reasons.set(name, `1 where ${column} is above ${above}`)
  const derived = settleWishes(guess.derived ?? [], raw.columns, guessed.derived, guessed.target)
  for (const of of derived.filter(isLearnt)) reasons.set(of.name, reasonOf(of))
  const columns = allColumns(raw.columns, guessed.derived)
  const described = tagChosen(guessedSchema(columns, guesses, known), source.encoding)
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

async function writeVocabularies(duck: Duck, encoding: FittedEncoding, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const domain of vocabularyDomains(encoding))
    await writeRows(duck, `SELECT * FROM ${vocabularyTable(domain)}`, vocabularyFile(folder, domain))
}

async function findChanged(duck: Duck, encoding: FittedEncoding, before: string): Promise<string[]> {
  const changed: string[] = []
  for (const domain of vocabularyDomains(encoding)) {
    const path = vocabularyFile(before, domain)
    const there = await exists(path)
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
  return `graft_part = ${part} AND ${isKnown(targetsOf(encoding.columns))}`
}

/**
 * Counts the rows that each part will have: those that say what is to be predicted.
 * @param known the rows of each part, where all of them are kept
 * @throws GraftError `invalid-data` where none are left to train on
 */
async function countParts(
  duck: Duck,
  targets: readonly string[],
  known: readonly [number, number, number] | null,
  warnings: string[],
): Promise<Record<PartName, number>> {
  if (known && known[0] > 0) return { train: known[0], validation: known[1], test: known[2] }
  const counts = await duck.all(
    `SELECT graft_part AS part, count(*)::DOUBLE AS n, (count(*) FILTER (WHERE ${isKnown(targets)}))::DOUBLE AS kept FROM graft_rows GROUP BY 1`,
  )
  const rows: Record<PartName, number> = { train: 0, validation: 0, test: 0 }
  let [dropped, training] = [0, 0]
  for (const { part, n, kept } of counts) {
    const name = partNames[Number(part)]
    if (name) rows[name] = Number(kept)
    if (name === 'train') training = Number(n)
    dropped += Number(n) - Number(kept)
  }
  if (training === 0)
    throw new GraftError('invalid-data', 'The split leaves no rows to train on.', 'Choose another split.')
  if (dropped > 0)
    warnings.push(
      `${dropped} ${dropped === 1 ? 'row has' : 'rows have'} no ${targets.join(' or ')} and ${dropped === 1 ? 'was' : 'were'} left out`,
    )
  return rows
}

function targetsOf(columns: readonly { column: string; kind: string }[]): string[] {
  return columns.flatMap(({ column, kind }) => (kind === 'target' ? [column] : []))
}

const isKnown = (targets: readonly string[]): string =>
  targets.map((name) => `${identifier(name)} IS NOT NULL`).join(' AND ') || 'true'

/** Bytes of encoded rows that are held at a time. */
const heldBytes = 512 * 2 ** 20

/** Writes `encoded/<part>/part-<i>.parquet`, range by range of the raw rows, so that memory does not grow with them. */
async function writeParts(
  duck: Duck,
  encoding: FittedEncoding,
  raw: RawRows,
  folder: string,
  request: BuildRequest,
  warnings: string[],
): Promise<void> {
  const columns = encodedColumns(encoding)
  if (columns.length === 0) {
    warnings.push('no column is a feature or a target yet: set roles in the schema')
    return
  }
  const select = columns.map(({ name, sql }) => `${sql} AS ${identifier(name)}`).join(', ')
  const lookups = lookupJoins(encoding.columns, vocabularyTable)
  const known = isKnown(targetsOf(encoding.columns))
  const held = identifier('graft encoded rows')
  const files: Record<PartName, number> = { train: 0, validation: 0, test: 0 }
  const most = Math.ceil(heldBytes / (8 * columns.length + 16))
  const flushed: Promise<void>[] = []
  for (const { first, last, before } of rangesOf(raw, most)) {
    stopIfAborted(request.signal)
    request.report({ phase: 'Encoding', done: before, total: raw.rows, unit: 'rows' })
    const own = `(SELECT * FROM graft_rows WHERE graft_row BETWEEN ${first} AND ${last} AND ${known})`
    await duck.run(
      `CREATE OR REPLACE TEMP TABLE ${held} AS SELECT ${select}, graft_part FROM ${own}${lookups} ORDER BY graft_part, graft_row`,
    )
    const counts = await duck.all(`SELECT DISTINCT graft_part AS part FROM ${held} ORDER BY 1`)
    for (const { part: index } of counts) {
      const part = partNames[Number(index)]
      if (!part) continue
      const place = join(folder, 'encoded', part)
      await mkdir(place, { recursive: true })
      const name = `part-${String(files[part]++).padStart(5, '0')}.parquet`
      const path = join(place, name)
      await writeRows(
        duck,
        `SELECT * EXCLUDE (graft_part) FROM ${held} WHERE graft_part = ${Number(index)}`,
        path,
      )
      // The disk takes it in meanwhile; where that fails, so does the flush of all at the end, which tells it.
      flushed.push(flushFile(path).catch(() => undefined))
    }
  }
  await Promise.all(flushed)
  await duck.run(`DROP TABLE IF EXISTS ${held}`)
}

/** Ranges of rows of at most so many, whole row groups where there are several. */
function rangesOf(raw: RawRows, most: number): { first: number; last: number; before: number }[] {
  const step = Math.max(1, Math.floor(most / groupRows)) * groupRows
  const ranges: { first: number; last: number; before: number }[] = []
  let before = 0
  for (const { part, rows } of raw.files) {
    const start = firstRow(part === null ? 0 : partNames.indexOf(part))
    for (let done = 0; done < rows; done += step) {
      ranges.push({ first: start + done, last: start + Math.min(rows, done + step) - 1, before })
      before += Math.min(step, rows - done)
    }
  }
  return ranges
}

/** Puts the raw files of a project into a folder that is being made: as links, for they stay as they are. */
export async function takeRaw(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const name of await readdir(from)) {
    if (!name.endsWith('.parquet')) continue
    await link(join(from, name), join(to, name)).catch(() => copyFile(join(from, name), join(to, name)))
  }
}
