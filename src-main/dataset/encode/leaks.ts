import type { Leak } from '../../contract/tables'
import { hasTag, roleOf, type Schema } from '../../schema'
import { identifier, parquetSource, type Duck } from '../duckdb'
import { encodedColumns } from './apply'
import type { FittedEncoding } from './fitted'
import { vocabularyTable } from './vocabularies'

/** Training rows that single columns are measured on, spread evenly; fewer where there are thousands of columns. */
const measuredRows = 100_000
const measuredCells = 5_000_000
/** Columns of one statement. */
const atOnce = 100
/** Above this AUC a column tells the target almost alone. */
export const tellingAuc = 0.95
/** Above this share of different values among the rows an id is no group of rows. */
const uniqueShare = 0.95
/** Below so many rows everything looks like a pattern. */
const fewRows = 100

export interface TrainingPart {
  /** Encoded files. */
  readonly files: readonly string[]
  readonly rows: number
  /** Values that raw columns lack in all rows, of those of which it is known. */
  readonly missing: ReadonlyMap<string, number>
}

/**
 * Features that promise more than they can keep on new rows, from the training part alone: those that tell the target
 * almost by themselves, ids of their own in nearly every row, raw times.
 */
export async function findLeaks(
  duck: Duck,
  encoding: FittedEncoding,
  schema: Schema,
  train: TrainingPart,
): Promise<Leak[]> {
  const { files, rows } = train
  const features = new Set(
    schema.columns.filter((column) => roleOf(column) === 'feature').map(({ name }) => name),
  )
  if (rows <= fewRows) return findTimes(encoding, schema, features)
  const unique = await findUnique(duck, encoding, features, train)
  const times = findTimes(encoding, schema, features)
  const known = new Set([...unique, ...times].map(({ column }) => column))
  const telling = (await findTelling(duck, encoding, features, files, rows)).filter(
    ({ column }) => !known.has(column),
  )
  return [...telling, ...unique, ...times]
}

function findTimes(encoding: FittedEncoding, schema: Schema, features: ReadonlySet<string>): Leak[] {
  return schema.columns.flatMap(({ name, tags }): Leak[] => {
    const raw = encoding.raw.find((column) => column.name === name)
    if (!features.has(name) || !raw || !(raw.type === 'TIMESTAMP' || hasTag(tags, 'time'))) return []
    return [
      {
        column: name,
        kind: 'time',
        target: null,
        auc: null,
        message: `Column ${name} is a raw time and a feature: rows to predict come later than all that is learnt.`,
        hint: 'Split by it instead, and set its role to ignored.',
      },
    ]
  })
}

async function findUnique(
  duck: Duck,
  encoding: FittedEncoding,
  features: ReadonlySet<string>,
  { rows: trained, missing }: TrainingPart,
): Promise<Leak[]> {
  const leaks: Leak[] = []
  for (const of of encoding.columns) {
    if (of.kind !== 'categorical' || !features.has(of.column)) continue
    const x = identifier(of.column)
    // The vocabulary bounds the number of different values, so that most columns need no look at their rows.
    const bound = of.hashed ? Number.MAX_SAFE_INTEGER : await countValues(duck, of.domain)
    const fewest = trained - (missing.get(of.column) ?? trained)
    if (bound <= uniqueShare * fewest) continue
    const [present] = await duck.all(`SELECT count(${x})::DOUBLE AS n FROM graft_rows WHERE graft_part = 0`)
    const rows = Number(present?.n ?? 0)
    if (rows <= fewRows || bound <= uniqueShare * rows) continue
    // Hashed values are millions: they are estimated, within some percent.
    const [distinct, share] = of.hashed
      ? [`approx_count_distinct(${x})`, uniqueShare - 0.05]
      : [`count(DISTINCT ${x})`, uniqueShare]
    const [found] = await duck.all(`SELECT ${distinct}::DOUBLE AS n FROM graft_rows WHERE graft_part = 0`)
    if (Number(found?.n ?? 0) <= share * rows) continue
    leaks.push({
      column: of.column,
      kind: 'unique',
      target: null,
      auc: null,
      message: `Column ${of.column} is different in nearly every training row: what is learnt of one id applies to no other row.`,
      hint: 'Set its role to ignored.',
    })
  }
  return leaks
}

async function countValues(duck: Duck, domain: string): Promise<number> {
  const [found] = await duck.all(`SELECT count(*)::DOUBLE AS n FROM ${vocabularyTable(domain)}`)
  return Number(found?.n ?? 0)
}

async function findTelling(
  duck: Duck,
  encoding: FittedEncoding,
  features: ReadonlySet<string>,
  train: readonly string[],
  rows: number,
): Promise<Leak[]> {
  const target = encoding.columns.find((column) => column.kind === 'target')
  if (target?.kind !== 'target' || !target.binary) return []
  const ids = new Set(
    encoding.columns.flatMap((column) => (column.kind === 'categorical' ? [column.column] : [])),
  )
  const lists = new Set(
    encoding.columns.flatMap(({ kind, column }) =>
      kind === 'items' || kind === 'numbers' || kind === 'vector' ? [column] : [],
    ),
  )
  // One number a row is what can be ordered, or stand for a category.
  const names = encodedColumns(encoding, false)
    .map(({ name }) => name)
    .filter((name) => features.has(name) && !lists.has(name))
  const measured = Math.max(
    fewRows,
    Math.min(measuredRows, Math.floor(measuredCells / Math.max(1, names.length))),
  )
  const step = Math.max(1, Math.ceil(rows / measured))
  const source = parquetSource(train, 'file_row_number = true')
  await duck.run(
    `CREATE OR REPLACE TEMP TABLE graft_measured AS SELECT ${identifier(target.column)} AS graft_target, (md5_number_lower(file_row_number::VARCHAR) % 5)::INTEGER AS graft_fold, ${names.map((name, i) => `${identifier(name)}::DOUBLE AS x${i}`).join(', ') || '0 AS x0'} FROM ${source} WHERE file_row_number % ${step} = 0`,
  )
  const leaks: Leak[] = []
  for (const kind of ['categories', 'numbers'] as const) {
    const chosen = names.flatMap((name, i) => (ids.has(name) === (kind === 'categories') ? [i] : []))
    for (let first = 0; first < chosen.length; first += atOnce) {
      const slice = chosen.slice(first, first + atOnce)
      for (const { column, auc } of await measure(duck, slice, kind)) {
        const name = names[column]
        const strength = Math.max(auc, 1 - auc)
        if (name === undefined || strength < tellingAuc) continue
        leaks.push({
          column: name,
          kind: 'target',
          target: target.column,
          auc: strength,
          message: `Column ${name} tells ${target.column} almost alone: AUC ${strength.toFixed(3)} by itself on training rows.`,
          hint: 'Such a column often is made from the target, or known only after it. Set its role to ignored unless it is known when rows are predicted.',
        })
      }
    }
  }
  await duck.run('DROP TABLE graft_measured')
  return leaks.sort((a, b) => (b.auc ?? 0) - (a.auc ?? 0))
}

/** The AUC of each column alone: the share of pairs of a one and a zero that it ranks rightly, ties half. */
async function measure(
  duck: Duck,
  columns: readonly number[],
  kind: 'categories' | 'numbers',
): Promise<{ column: number; auc: number }[]> {
  const list = columns.map((i) => `x${i}`).join(', ')
  const long = `SELECT c, v, graft_target AS y, graft_fold AS fold FROM (UNPIVOT graft_measured ON ${list} INTO NAME c VALUE v)`
  const numbers = `SELECT c, v, sum(y) AS p, sum(1 - y) AS n FROM (${long}) GROUP BY c, v`
  // A category's rate over the other folds, drawn to the mean by one row, so that a rare one does not tell of itself.
  const rates = `SELECT c, (s - own + mean) / (rows_all - rows_own + 1) AS v, sum(own) AS p, sum(rows_own - own) AS n FROM (SELECT c, v, own, rows_own, mean, sum(own) OVER w AS s, sum(rows_own) OVER w AS rows_all FROM (SELECT c, v, fold, sum(y) AS own, count(*) AS rows_own FROM (${long}) GROUP BY c, v, fold) CROSS JOIN (SELECT avg(graft_target) AS mean FROM graft_measured) WINDOW w AS (PARTITION BY c, v)) GROUP BY 1, 2`
  const found = await duck.all(
    `SELECT c, sum(p * (below + n / 2)) / (sum(p) * sum(n)) AS auc FROM (SELECT c, p::DOUBLE AS p, n::DOUBLE AS n, (sum(n) OVER (PARTITION BY c ORDER BY v) - n)::DOUBLE AS below FROM (${kind === 'numbers' ? numbers : rates})) GROUP BY c`,
  )
  return found.flatMap(({ c, auc }) =>
    typeof auc === 'number' && Number.isFinite(auc) ? [{ column: Number(String(c).slice(1)), auc }] : [],
  )
}
