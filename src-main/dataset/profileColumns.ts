import { type ColumnProfile } from '../contract/views'
import { identifier, type Duck } from './duckdb'
import { toJsonCell } from './json'
import type { DataColumn } from './store'

/** Bars of a histogram, and values of a list of the most frequent. */
const bars = 20

/** Past this many rows distinct values (HyperLogLog, about 2 %) and quantiles (t-digest) are estimated, for exact ones need their memory. */
const exactRows = 2_000_000

/** Cells that are held in memory at once, so that a wide table is not opened anew for every column. */
const cellsAtOnce = 8_000_000
const columnsAtOnce = 64

const numeric = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/
const listEnd = /\[[0-9]*\]$/

/**
 * Profiles columns of a table: rows, missing, distinct, smallest, largest, mean, quantiles, a histogram of 20 bars of
 * equal width for numbers, the 20 most frequent values for all but fractions. Of lists the items are profiled, and how
 * many the rows hold; missing counts the lists. NaN and infinity take no part in mean, quantiles and histogram.
 * @param source what stands after FROM: a table, or a `read_parquet(…)`
 * @param rows how many rows it has
 */
export async function profileColumns(
  duck: Duck,
  source: string,
  rows: number,
  columns: readonly DataColumn[],
): Promise<ColumnProfile[]> {
  const size = Math.min(columnsAtOnce, Math.floor(cellsAtOnce / Math.max(rows, 1)))
  const profiles: ColumnProfile[] = []
  if (size < 2) {
    for (const column of columns) profiles.push(await profileColumn(duck, source, rows, column))
    return profiles
  }
  for (let from = 0; from < columns.length; from += size) {
    const piece = columns.slice(from, from + size)
    const held = identifier(`profiled ${from} ${Math.random()}`)
    const names = piece.map(({ name }) => identifier(name)).join(', ')
    await duck.run(`CREATE TEMP TABLE ${held} AS SELECT ${names} FROM ${source}`)
    try {
      for (const column of piece) profiles.push(await profileColumn(duck, held, rows, column))
    } finally {
      await duck.run(`DROP TABLE ${held}`)
    }
  }
  return profiles
}

async function profileColumn(
  duck: Duck,
  source: string,
  rows: number,
  column: DataColumn,
): Promise<ColumnProfile> {
  const name = identifier(column.name)
  const element = column.type.replace(listEnd, '')
  const isList = element !== column.type
  const isNumber = numeric.test(element)
  const isFraction = /^(FLOAT|DOUBLE)$/.test(element)
  const items = isList ? `SELECT unnest(${name}) AS x FROM ${source}` : `SELECT ${name} AS x FROM ${source}`
  const [whole] = await duck.all(`SELECT count(*) - count(${name}) AS missing FROM ${source}`)
  const finite = isFraction ? 'FILTER (WHERE isfinite(x))' : ''
  const exact = rows <= exactRows
  const distinct = exact ? 'count(DISTINCT x)' : 'approx_count_distinct(x)'
  const quantile = exact ? 'quantile_cont' : 'approx_quantile'
  const numbers = isNumber
    ? `avg(x::DOUBLE) ${finite} AS mean, ${quantile}(x::DOUBLE, [0.05, 0.25, 0.5, 0.75, 0.95]) ${finite} AS quantiles`
    : 'NULL AS mean, NULL AS quantiles'
  const [facts] = await duck.all(
    `SELECT ${distinct} AS n, min(x) ${finite} AS low, max(x) ${finite} AS high, ${numbers} FROM (${items})`,
  )
  const low = toJsonCell(facts?.low ?? null)
  const high = toJsonCell(facts?.high ?? null)
  const isRange = isNumber && typeof low === 'number' && typeof high === 'number'
  return {
    column: column.name,
    type: column.type,
    rows,
    missing: Number(whole?.missing ?? 0),
    distinct: Number(facts?.n ?? 0),
    min: asBound(low),
    max: asBound(high),
    mean: typeof facts?.mean === 'number' ? facts.mean : null,
    quantiles: asQuantiles(toJsonCell(facts?.quantiles ?? null)),
    histogram: isRange ? await histogramOf(duck, items, low, high, isFraction) : null,
    top: isFraction ? null : await topOf(duck, items),
    lengths: isList ? await lengthsOf(duck, source, name) : null,
  }
}

function asBound(value: ReturnType<typeof toJsonCell>): number | string | null {
  if (value === null || typeof value === 'number') return value
  if (typeof value === 'string') return short(value)
  return typeof value === 'boolean' ? String(value) : short(JSON.stringify(value))
}

/** A text of megabytes is a value too, and no plot needs all of it. */
function short(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

function asQuantiles(value: ReturnType<typeof toJsonCell>): ColumnProfile['quantiles'] {
  if (!Array.isArray(value)) return null
  const [p5, p25, p50, p75, p95] = value.map(Number)
  const isWhole = [p5, p25, p50, p75, p95].every((one) => one !== undefined && Number.isFinite(one))
  if (!isWhole) return null
  return { p5: p5 ?? 0, p25: p25 ?? 0, p50: p50 ?? 0, p75: p75 ?? 0, p95: p95 ?? 0 }
}

/** How many items the lists hold; null where there is no list. */
async function lengthsOf(duck: Duck, source: string, name: string): Promise<ColumnProfile['lengths']> {
  const lengths = `SELECT len(${name}) AS x FROM ${source} WHERE ${name} IS NOT NULL`
  const [facts] = await duck.all(
    `SELECT min(x) AS low, max(x) AS high, avg(x::DOUBLE) AS mean FROM (${lengths})`,
  )
  if (!facts || facts.low === null || facts.low === undefined) return null
  const [min, max] = [Number(facts.low), Number(facts.high)]
  const histogram = await histogramOf(duck, lengths, min, max, false)
  return { min, max, mean: Number(facts.mean), histogram }
}

/** Bars of equal width from the smallest to the largest value; integers of a small range get a bar each. */
async function histogramOf(
  duck: Duck,
  items: string,
  low: number,
  high: number,
  isFraction: boolean,
): Promise<NonNullable<ColumnProfile['histogram']>> {
  const small = !isFraction && high - low < bars
  const count = low === high ? 1 : small ? high - low + 1 : bars
  const width = low === high ? 1 : small ? 1 : (high - low) / bars
  const finite = isFraction ? 'isfinite(x)' : 'x IS NOT NULL'
  const bar = `least(${count - 1}, greatest(0, floor((x::DOUBLE - ${low}) / ${width})))::INTEGER`
  const found = await duck.all(
    `SELECT ${bar} AS bar, count(*) AS n FROM (${items}) WHERE ${finite} GROUP BY 1`,
  )
  const counts = new Array<number>(count).fill(0)
  for (const { bar: index, n } of found) counts[Number(index)] = Number(n)
  return {
    edges: Array.from({ length: count + 1 }, (_, i) =>
      i === count && !small && low !== high ? high : low + i * width,
    ),
    counts,
  }
}

async function topOf(duck: Duck, items: string): Promise<ColumnProfile['top']> {
  const found = await duck.all(
    `SELECT x, count(*) AS n FROM (${items}) WHERE x IS NOT NULL GROUP BY 1 ORDER BY n DESC, x LIMIT ${bars}`,
  )
  return found.map(({ x, n }) => {
    const value = toJsonCell(x ?? null)
    return { value: short(typeof value === 'string' ? value : JSON.stringify(value)), count: Number(n) }
  })
}
