import { DuckDBDataChunk, UTINYINT } from '@duckdb/node-api'
import { GraftError } from '../../contract/errors'
import { identifier, literal, type Duck } from '../duckdb'
import { Random } from '../random'
import type { Shares, SplitSpec } from './spec'

/** The table that {@link labelParts} makes: one column `graft_part` (0, 1, 2), a row for each row of the source, in its order. */
export const labels = 'graft_labels'

/**
 * Chooses the part of every row and keeps it in the table `graft_labels`.
 *
 * random: shares met exactly. time: the earliest rows train; rows of one instant stay together, rows without a time
 * train. group: all rows of a value go to one part, values in the order of a hash by the seed. leave-last-out: of each
 * user's rows the last is for the test and the one before it for validation; users with fewer than three rows train.
 * column: the column says it.
 * @param from a FROM clause that has `file_row_number`
 * @throws GraftError `unknown-column`, `invalid-data`
 */
export async function labelParts(
  duck: Duck,
  from: string,
  rows: number,
  columns: readonly string[],
  spec: SplitSpec,
  seed: number,
): Promise<void> {
  const need = (name: string): string => {
    if (columns.includes(name)) return identifier(name)
    throw new GraftError(
      'unknown-column',
      `The split names a column ${name}, which the table does not have.`,
      `Its columns are ${columns.slice(0, 12).join(', ')}.`,
      { column: name },
    )
  }
  await duck.run(`DROP TABLE IF EXISTS ${labels}`)
  const make = (part: string, source = from): Promise<void> =>
    duck.run(
      `CREATE TABLE ${labels} AS SELECT graft_part FROM (SELECT (${part})::UTINYINT AS graft_part, file_row_number AS r FROM ${source}) ORDER BY r`,
    )
  switch (spec.kind) {
    case 'all':
      return make('0')
    case 'random':
      await labelRandomly(duck, rows, spec.shares, seed)
      return
    case 'time':
      return make(await byTime(duck, from, need(spec.column), spec.shares))
    case 'group':
      return labelGroups(from, rows, need(spec.column), spec.shares, seed, make)
    case 'leave-last-out': {
      const user = need(spec.user)
      const order = spec.time === null ? '' : `${need(spec.time)} DESC NULLS LAST, `
      return make(
        `CASE WHEN n < 3 THEN 0 WHEN back = 1 THEN 2 WHEN back = 2 THEN 1 ELSE 0 END`,
        `(SELECT file_row_number, CASE WHEN ${user} IS NULL THEN 0 ELSE count(*) OVER (PARTITION BY ${user}) END AS n, row_number() OVER (PARTITION BY ${user} ORDER BY ${order}file_row_number DESC) AS back FROM ${from})`,
      )
    }
    case 'column':
      return labelByColumn(duck, from, spec.column, need(spec.column), make)
  }
}

/** The two instants that part the rows; ties stay together, so the shares are met as nearly as the clock allows. */
async function byTime(duck: Duck, from: string, column: string, shares: Shares): Promise<string> {
  const [counted] = await duck.all(`SELECT count(${column})::DOUBLE AS n FROM ${from}`)
  const n = Number(counted?.n ?? 0)
  const cut = async (share: number): Promise<string | null> => {
    const place = Math.round(n * share)
    if (place >= n) return null
    const [row] = await duck.all(
      `SELECT ${column}::VARCHAR AS t, typeof(${column}) AS type FROM ${from} WHERE ${column} IS NOT NULL ORDER BY ${column} LIMIT 1 OFFSET ${place}`,
    )
    return row ? `${literal(String(row.t))}::${String(row.type)}` : null
  }
  const first = await cut(shares[0])
  const second = await cut(shares[0] + shares[1])
  const test = second === null ? '' : ` WHEN ${column} >= ${second} THEN 2`
  const validation = first === null ? '' : ` WHEN ${column} >= ${first} THEN 1`
  return test + validation === '' ? '0' : `CASE${test}${validation} ELSE 0 END`
}

async function labelGroups(
  from: string,
  rows: number,
  column: string,
  shares: Shares,
  seed: number,
  make: (part: string, source: string) => Promise<void>,
): Promise<void> {
  // A group belongs where its middle row falls, when groups lie one after the other in the order of their hashes.
  const text = `coalesce(${column}::VARCHAR, '')`
  const groups = `SELECT ${text} AS g, count(*) AS n FROM ${from} GROUP BY 1`
  const placed = `SELECT g, (sum(n) OVER (ORDER BY md5(${literal(`${seed}:`)} || g), g) - n / 2.0) / ${rows} AS middle FROM (${groups})`
  const part = `CASE WHEN middle < ${shares[0]} THEN 0 WHEN middle < ${shares[0] + shares[1]} THEN 1 ELSE 2 END`
  await make(
    part,
    `(SELECT s.file_row_number, p.middle FROM ${from} s JOIN (${placed}) p ON ${text.replace(column, `s.${column}`)} = p.g)`,
  )
}

async function labelByColumn(
  duck: Duck,
  from: string,
  name: string,
  column: string,
  make: (part: string) => Promise<void>,
): Promise<void> {
  const text = `lower(trim(${column}::VARCHAR))`
  const part = `CASE WHEN ${text} IN ('train', 'training', '0') THEN 0 WHEN ${text} IN ('validation', 'valid', 'val', 'dev', '1') THEN 1 WHEN ${text} IN ('test', 'testing', 'eval', '2') THEN 2 END`
  const [other] = await duck.all(
    `SELECT ${column}::VARCHAR AS value, file_row_number AS r FROM ${from} WHERE (${part}) IS NULL ORDER BY r LIMIT 1`,
  )
  if (other)
    throw new GraftError(
      'invalid-data',
      `column ${name}, row ${Number(other.r)}: ${other.value === null ? 'no value' : String(other.value)} names no part.`,
      'The column says train, validation or test.',
      { column: name, row: Number(other.r) },
    )
  await make(part)
}

/**
 * Fills the table of labels with the part of each row: shares are met exactly (to the nearest row), each row in order
 * drawing its part with the chances that the places left give it.
 * @returns rows of each part
 */
export async function labelRandomly(
  duck: Duck,
  rows: number,
  shares: Shares,
  seed: number,
): Promise<[number, number, number]> {
  const train = Math.round(rows * shares[0])
  const validation = Math.min(rows - train, Math.round(rows * shares[1]))
  const counts: [number, number, number] = [train, validation, rows - train - validation]
  const left: [number, number, number] = [...counts]
  const random = new Random(seed, 'split')
  await duck.run(`CREATE TABLE ${labels} (graft_part UTINYINT)`)
  const appender = await duck.connection.createAppender(labels)
  try {
    for (let first = 0; first < rows; first += 2048) {
      const count = Math.min(2048, rows - first)
      const chunk = DuckDBDataChunk.create([UTINYINT], count)
      const vector = chunk.getColumnVector(0)
      for (let i = 0; i < count; i++) {
        const place = random.uniform() * (left[0] + left[1] + left[2])
        const part = place < left[0] ? 0 : place < left[0] + left[1] ? 1 : 2
        left[part] -= 1
        vector.setItem(i, part)
      }
      vector.flush()
      appender.appendDataChunk(chunk)
    }
  } finally {
    appender.closeSync()
  }
  return counts
}
