import { join } from 'node:path'
import { GraftError } from '../../contract/errors'
import type { DerivedColumn, DerivedWish } from '../../contract/tables'
import { identifier, literal, parquetSource, type Duck } from '../duckdb'
import { boundsOf, exact, frameAroundZero, sumIn, sumOf, type Frame } from '../exactSums'
import { safeFileName } from '../files'
import { writeRows } from '../sources/raw'
import type { RawColumn } from '../sources/types'
import { numberOf } from './apply'
import { derivedType, isLearnt, type LearntColumn } from './fitted'

type Learnt = Exclude<DerivedColumn, { kind: 'threshold' }>
type TargetEncoding = Extract<DerivedColumn, { kind: 'targetEncoding' }>

/** The table of learnt values, a row for each row that they were computed for, with its number. */
const learntRows = 'graft_learnt'

/** Rows with their learnt values. @param rows a FROM clause with `graft_row` */
export function withLearnt(rows: string): string {
  return `(SELECT * EXCLUDE (graft_learnt_row) FROM ${rows} JOIN ${learntRows} ON graft_row = graft_learnt_row)`
}

/**
 * Names the derived columns that were asked for and checks them against the table: `TE_<columns>_<target>` and
 * `<columns>_count` as NVTabular calls them. One of a name that there is takes its place.
 * @param there the raw columns
 * @param derived the derived columns that there are
 * @param target what a target encoding that names no target takes
 * @throws GraftError `unknown-column`, `no-target`, `invalid-setting`
 */
export function settleWishes(
  wishes: readonly DerivedWish[],
  there: readonly RawColumn[],
  derived: readonly DerivedColumn[],
  target: string | null,
): DerivedColumn[] {
  const settled = [...derived]
  for (const wish of wishes) {
    const known = [...there, ...settled.filter((one) => !isLearnt(one)).map(derivedType)]
    const columns = wish.columns.map((name) => need(known, name))
    const list = columns.find(({ isList }) => isList)
    if (list) throw refused(list.name, `Column ${list.name} holds lists, which are no categories.`)
    const joined = wish.columns.join('_')
    const found: Learnt =
      wish.kind === 'count'
        ? { ...wish, name: wish.name ?? `${joined}_count` }
        : nameEncoding(wish, joined, known, target)
    const taken = known.some(({ name }) => name.toLowerCase() === found.name.toLowerCase())
    if (taken) throw refused(found.name, `A derived column cannot be called ${found.name}: a column is.`)
    const before = settled.findIndex(({ name }) => name.toLowerCase() === found.name.toLowerCase())
    if (before < 0) settled.push(found)
    else settled[before] = found
  }
  return settled
}

function nameEncoding(
  wish: Extract<DerivedWish, { kind: 'targetEncoding' }>,
  joined: string,
  known: readonly RawColumn[],
  fallback: string | null,
): TargetEncoding {
  const target = wish.target ?? fallback
  if (target === null)
    throw new GraftError(
      'no-target',
      `The target encoding of ${joined} has no target.`,
      'Name the column whose mean it takes.',
    )
  const { type, isList } = need(known, target)
  if (isList || type === 'TIMESTAMP')
    throw refused(target, `Column ${target} has no mean: it is no number and no two classes.`)
  if (wish.columns.includes(target))
    throw refused(target, `Column ${target} cannot be encoded by itself: it would give the answer away.`)
  return { ...wish, target, name: wish.name ?? `TE_${joined}_${target}` }
}

function need(known: readonly RawColumn[], name: string): RawColumn {
  const found = known.find((column) => column.name === name)
  if (found) return found
  throw new GraftError(
    'unknown-column',
    `A derived column needs ${name}, which the table does not have.`,
    `Its columns are ${known
      .map((column) => column.name)
      .slice(0, 20)
      .join(', ')}.`,
    { column: name },
  )
}

function refused(column: string, message: string): GraftError {
  return new GraftError('invalid-setting', message, 'Choose another column, or another name.', { column })
}

/** Where the learnt values of a derived column are kept. */
export function learntFile(folder: string, name: string): string {
  return join(folder, `${safeFileName(name)}.parquet`)
}

export interface LearningRows {
  /** A view of all rows with `graft_part` (0: training) and `graft_row`, which numbers them. */
  rows: string
  columns: readonly RawColumn[]
  /** Of targets that are texts: the one that counts as 1, where it was said. */
  positives: ReadonlyMap<string, string | null>
  /** Fixes the folds. */
  seed: number
  /** Where the learnt values are written. */
  folder: string
}

/**
 * Learns derived columns from the training part, writes what new rows need, and makes the table `graft_learnt` with
 * their value for each row. A training row never meets its own target: its fold's rows take no part in its value.
 *
 * The fold of a training row is the lower half of MD5(`<seed>:<row>`) modulo the number of folds, so it depends on
 * neither threads nor chunks.
 * @throws GraftError `invalid-data` where the training part knows no target, `invalid-target`
 */
export async function learnDerived(
  duck: Duck,
  wanted: readonly Learnt[],
  given: LearningRows,
): Promise<LearntColumn[]> {
  const learnt: LearntColumn[] = []
  const selected: string[] = []
  let joins = ''
  for (const [index, of] of wanted.entries()) {
    const keys = of.columns.map((name, k) => `${identifier(name)} AS key_${k + 1}`).join(', ')
    const by = of.columns.map((_, k) => `key_${k + 1}`).join(', ')
    const from = `(SELECT * FROM ${given.rows} WHERE graft_part = 0)`
    const [values, folds] = [identifier(`graft values ${index}`), identifier(`graft folds ${index}`)]
    const match = (alias: string): string =>
      of.columns
        .map((name, k) => `r.${identifier(name)} IS NOT DISTINCT FROM ${alias}.key_${k + 1}`)
        .join(' AND ')
    if (of.kind === 'count') {
      await duck.run(
        `CREATE OR REPLACE TABLE ${values} AS SELECT ${by}, count(*) AS count, count(*) AS value FROM (SELECT ${keys} FROM ${from}) GROUP BY ${by}`,
      )
      joins += ` LEFT JOIN ${values} v${index} ON ${match(`v${index}`)}`
      selected.push(`coalesce(v${index}.value, 0) AS ${identifier(of.name)}`)
      learnt.push({ name: of.name, columns: of.columns, unseen: 0 })
    } else {
      const y = await targetNumber(duck, from, of.target, given)
      // Exact sums, so that what is learnt does not depend on which thread adds first.
      const frame = frameAroundZero((await boundsOf(duck, from, y)) ?? { low: 0, high: 0 })
      const fold = (row: string): string =>
        `(md5_number_lower(${literal(`${given.seed}:`)} || ${row}) % ${of.folds})::INTEGER`
      await duck.run(
        `CREATE OR REPLACE TABLE ${folds} AS SELECT ${by}, fold, count(*) AS n, ${sumIn(frame, 'y')} AS s FROM (SELECT ${keys}, ${fold('graft_row')} AS fold, ${y} AS y FROM ${from}) WHERE y IS NOT NULL GROUP BY ${by}, fold`,
      )
      const prior = await meanTarget(duck, folds, of, frame)
      const m = exact(of.smoothing)
      await duck.run(
        `CREATE OR REPLACE TABLE ${values} AS SELECT ${by}, sum(n)::BIGINT AS count, (${sumOf(frame, 'sum(s)')} + ${m} * ${exact(prior)}) / (sum(n) + ${m}) AS value, sum(s) AS s FROM ${folds} GROUP BY ${by}`,
      )
      const [v, f] = [`v${index}`, `f${index}`]
      // Rows out of training have no fold. Said as a condition of its own, each row would be compared with every fold.
      const ownFold = `CASE WHEN r.graft_part = 0 THEN ${fold('r.graft_row')} END`
      joins += ` LEFT JOIN ${values} ${v} ON ${match(v)} LEFT JOIN ${folds} ${f} ON ${match(f)} AND ${f}.fold = ${ownFold}`
      const rest = `(coalesce(${v}.count, 0) - coalesce(${f}.n, 0))`
      const sum = sumOf(frame, `coalesce(${v}.s, 0) - coalesce(${f}.s, 0)`)
      const outOfFold = `CASE WHEN ${rest} + ${m} = 0 THEN ${exact(prior)} ELSE (${sum} + ${m} * ${exact(prior)}) / (${rest} + ${m}) END`
      selected.push(
        `CASE WHEN r.graft_part = 0 THEN ${outOfFold} ELSE coalesce(${v}.value, ${exact(prior)}) END AS ${identifier(of.name)}`,
      )
      learnt.push({ name: of.name, columns: of.columns, unseen: prior })
    }
    await writeRows(
      duck,
      `SELECT ${by}, count, value FROM ${values} ORDER BY count DESC, ${by}`,
      learntFile(given.folder, of.name),
    )
  }
  await duck.run(
    `CREATE OR REPLACE TABLE ${learntRows} AS SELECT r.graft_row AS graft_learnt_row, ${selected.join(', ')} FROM ${given.rows} r${joins}`,
  )
  return learnt
}

/**
 * The mean of the target over the training part, to which small categories are drawn. It is one number for all rows, as
 * in NVTabular: a mean of each fold's others would be the lower the higher the fold's own targets are, and tell of them.
 */
async function meanTarget(
  duck: Duck,
  folds: string,
  { name, target }: TargetEncoding,
  frame: Frame,
): Promise<number> {
  const [found] = await duck.all(`SELECT ${sumOf(frame, 'sum(s)')} / sum(n) AS mean FROM ${folds}`)
  if (typeof found?.mean === 'number') return found.mean
  throw new GraftError(
    'invalid-data',
    `${name}: no row of the training part has a ${target} to encode by.`,
    'Take the column off, or choose another split.',
    { column: name },
  )
}

/** A target as a number in SQL: truth values and two texts as 0 and 1. */
async function targetNumber(
  duck: Duck,
  from: string,
  name: string,
  { columns, positives }: LearningRows,
): Promise<string> {
  const column = need(columns, name)
  if (column.type !== 'VARCHAR') return numberOf(column)
  const x = identifier(name)
  const found = await duck.all(
    `SELECT DISTINCT ${x} AS value FROM ${from} WHERE ${x} IS NOT NULL ORDER BY 1 LIMIT 3`,
  )
  const values = found.map((row) => String(row.value))
  if (values.length > 2)
    throw new GraftError(
      'invalid-target',
      `column ${name} is text of more than two classes: it has no mean to encode by.`,
      'Name a number, or a column of two classes.',
      { column: name },
    )
  const positive = positives.get(name) ?? values[values.length - 1] ?? ''
  return `(${x} = ${literal(positive)})::INTEGER::DOUBLE`
}

/**
 * Gives new rows their learnt columns, from what the whole training part taught: the table `graft_learnt`.
 * @param rows a FROM clause with `graft_row`, which numbers the rows
 */
export async function applyDerived(
  duck: Duck,
  rows: string,
  learnt: readonly LearntColumn[],
  folder: string,
): Promise<void> {
  const joins = learnt.map(({ name, columns }, index) => {
    const match = columns.map(
      (column, k) => `r.${identifier(column)} IS NOT DISTINCT FROM v${index}.key_${k + 1}`,
    )
    return ` LEFT JOIN ${parquetSource([learntFile(folder, name)])} v${index} ON ${match.join(' AND ')}`
  })
  const selected = learnt.map(
    ({ name, unseen }, index) => `coalesce(v${index}.value, ${exact(unseen)}) AS ${identifier(name)}`,
  )
  await duck.run(
    `CREATE OR REPLACE TABLE ${learntRows} AS SELECT r.graft_row AS graft_learnt_row, ${selected.join(', ')} FROM ${rows} r${joins.join('')}`,
  )
}
