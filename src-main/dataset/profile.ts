import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { columnProfile, type ColumnProfile } from '../contract/views'
import { identifier, parquetSource, type Duck } from './duckdb'
import { writeAtomically, type PartName } from './files'
import { toJsonCell } from './json'
import type { DataColumn, DatasetStore } from './store'

/** Bars of a histogram, and values of a list of the most frequent. */
const bars = 20

/** Past this many rows distinct values are estimated (HyperLogLog, about 2 %), for counting them needs their memory. */
const exactRows = 2_000_000

const numeric = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/

const profileCache = z.record(z.string(), z.object({ version: z.string(), columns: z.array(columnProfile) }))

/**
 * Profiles every column of a part: rows, missing, distinct, smallest, largest, mean, a histogram of 20 bars of equal
 * width for numbers, the 20 most frequent values for all but fractions. Of lists the items are profiled; missing counts
 * the lists. NaN and infinity take no part in mean and histogram. Computed once for a state of the files.
 * @throws GraftError `not-found` where the part has no rows
 */
export async function profilePart(store: DatasetStore, part: PartName): Promise<ColumnProfile[]> {
  const path = join(store.project, 'dataset', '.profiles.json')
  const version = await store.version(part)
  const cache = await readCache(path)
  const known = cache[part]
  if (known?.version === version) return known.columns
  const duck = await store.duck()
  const source = parquetSource(await store.files(part))
  const columns: ColumnProfile[] = []
  for (const column of await store.columns(part)) columns.push(await profileColumn(duck, source, column))
  cache[part] = { version, columns }
  // What cannot be kept (a read-only project) is computed again next time.
  await writeAtomically(path, (temporary) => writeFile(temporary, JSON.stringify(cache))).catch(
    () => undefined,
  )
  return columns
}

async function readCache(path: string): Promise<z.infer<typeof profileCache>> {
  try {
    const parsed = profileCache.safeParse(JSON.parse(await readFile(path, 'utf8')))
    return parsed.success ? parsed.data : {}
  } catch {
    return {}
  }
}

async function profileColumn(duck: Duck, source: string, column: DataColumn): Promise<ColumnProfile> {
  const name = identifier(column.name)
  const element = column.type.replace(/\[[0-9]*\]$/, '')
  const isNumber = numeric.test(element)
  const isFraction = /^(FLOAT|DOUBLE)$/.test(element)
  const items =
    element === column.type
      ? `SELECT ${name} AS x FROM ${source}`
      : `SELECT unnest(${name}) AS x FROM ${source}`
  const [whole] = await duck.all(
    `SELECT count(*) AS rows, count(*) - count(${name}) AS missing FROM ${source}`,
  )
  const rows = Number(whole?.rows ?? 0)
  const distinct = rows > exactRows ? 'approx_count_distinct(x)' : 'count(DISTINCT x)'
  const finite = isFraction ? 'FILTER (WHERE isfinite(x))' : ''
  const mean = isNumber ? `avg(x::DOUBLE) ${finite}` : 'NULL'
  const [facts] = await duck.all(
    `SELECT ${distinct} AS n, min(x) ${finite} AS low, max(x) ${finite} AS high, ${mean} AS mean FROM (${items})`,
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
    histogram: isRange ? await histogramOf(duck, items, low, high, isFraction) : null,
    top: isFraction ? null : await topOf(duck, items),
  }
}

function asBound(value: ReturnType<typeof toJsonCell>): number | string | null {
  if (value === null || typeof value === 'number' || typeof value === 'string') return value
  return typeof value === 'boolean' ? String(value) : JSON.stringify(value)
}

/** Bars of equal width from the smallest to the largest value; integers of a small range get a bar each. */
async function histogramOf(
  duck: Duck,
  items: string,
  low: number,
  high: number,
  isFraction: boolean,
): Promise<ColumnProfile['histogram']> {
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
    // A text of megabytes is a value too, and no plot needs all of it.
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return { value: text.length > 200 ? `${text.slice(0, 199)}…` : text, count: Number(n) }
  })
}
