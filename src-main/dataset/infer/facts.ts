import { describeFile } from '../check'
import { escapePattern, identifier, literal, parquetSource, type Duck } from '../duckdb'
import { exactMean } from '../exactSums'
import type { RawColumn } from '../sources/types'
import { groupRows } from '../write'

/** What the rules of inference look at. Counts are of rows, but `distinct`, which is an estimate within a few percent. */
export interface ColumnFacts {
  column: RawColumn
  rows: number
  missing: number
  distinct: number
  /** Of numbers (truth values as 0 and 1); null for text. */
  min: number | null
  max: number | null
  mean: number | null
  median: number | null
  /** Of text: mean number of words, and the share of values with each separator. */
  words: number
  separators: Record<Separator, number>
  /** Of lists: the items of the shortest and of the longest. */
  lengths: { min: number; max: number } | null
  /** Of text with a separator: how many different items there are, for the separator that is in most values. */
  items: number | null
}

export const separators = ['|', ';', ','] as const
export type Separator = (typeof separators)[number]

const probed = 100

/**
 * Facts of a table that is in memory or small.
 * @param from a FROM clause with these columns
 * @param shaped which rows tell what texts look like, as SQL
 */
export async function gatherFacts(
  duck: Duck,
  from: string,
  rows: number,
  columns: readonly RawColumn[],
  shaped = 'true',
): Promise<ColumnFacts[]> {
  const facts: ColumnFacts[] = []
  const ofShaped = (sql: string): string => `avg(CASE WHEN ${shaped} THEN ${sql} END)::DOUBLE`
  for (let first = 0; first < columns.length; first += probed) {
    const slice = columns.slice(first, first + probed)
    const select = slice.flatMap(({ name, type, isList }, i) => {
      const x = identifier(name)
      const base = [`count(${x})::DOUBLE AS n${i}`, `approx_count_distinct(${x})::DOUBLE AS d${i}`]
      if (isList) return [...base, `min(len(${x}))::DOUBLE AS l${i}`, `max(len(${x}))::DOUBLE AS g${i}`]
      if (type === 'TIMESTAMP') return base
      if (type === 'VARCHAR')
        return [
          ...base,
          `${ofShaped(`len(string_split(trim(${x}), ' '))`)} AS w${i}`,
          ...separators.map((mark, s) => `${ofShaped(`contains(${x}, '${mark}')::INT`)} AS s${i}_${s}`),
        ]
      const number = finite(x)
      return [
        ...base,
        `min(${number}) AS a${i}`,
        `max(${number}) AS z${i}`,
        `avg(${number}) AS m${i}`,
        `median(${number}) AS q${i}`,
      ]
    })
    const [found = {}] = await duck.all(`SELECT ${select.join(', ')} FROM ${from}`)
    for (const [i, column] of slice.entries()) {
      const number = (key: string): number | null => asNumber(found[`${key}${i}`])
      const share = (s: number): number => Number(found[`s${i}_${s}`] ?? 0)
      const shares = { '|': share(0), ';': share(1), ',': share(2) }
      const [best] = [...separators].sort((a, b) => shares[b] - shares[a])
      facts.push({
        column,
        rows,
        missing: rows - (number('n') ?? 0),
        distinct: number('d') ?? 0,
        min: number('a'),
        max: number('z'),
        mean: await settledMean(duck, from, column.name, number('m'), number('q')),
        median: number('q'),
        words: number('w') ?? 0,
        separators: shares,
        lengths: column.isList ? { min: number('l') ?? 0, max: number('g') ?? 0 } : null,
        items: best && shares[best] > 0.05 ? await countItems(duck, from, column.name, best) : null,
      })
    }
  }
  return facts
}

/** A mean so many times the median is of a skewed column. */
export const skewedMean = 3

/** The last digits of a mean depend on how threads share the rows; where they would tell the verdict, they are made sure of. */
async function settledMean(
  duck: Duck,
  from: string,
  name: string,
  mean: number | null,
  median: number | null,
): Promise<number | null> {
  if (mean === null || median === null) return mean
  const limit = skewedMean * median
  return Math.abs(mean - limit) > 1e-9 * Math.abs(limit)
    ? mean
    : exactMean(duck, from, finite(identifier(name)))
}

/** Row groups that a large table is judged by. */
const sampledGroups = 4
/** Which of the sampled rows tell what texts look like: enough for means, and texts are slow to take apart. */
const shapedRows = 'file_row_number % 8 = 0'
/** Where so large a share of the sampled values differ, all of the table is asked how many there are. */
const manyValues = 0.25

/**
 * Facts of a table of any size: smallest, largest and missing values are exact; what texts look like, means and the
 * number of different values come from half a million rows spread over its first file, the last counted in all rows where
 * there are many.
 * @param paths Parquet files of ours
 */
export async function gatherTableFacts(
  duck: Duck,
  paths: readonly string[],
  rows: number,
  columns: readonly RawColumn[],
): Promise<ColumnFacts[]> {
  const all = parquetSource(paths, 'union_by_name = true')
  const numbered = parquetSource(paths.slice(0, 1), 'file_row_number = true')
  const [counted] = await duck.all(`SELECT count(*)::DOUBLE AS n FROM ${numbered}`)
  const groups = Math.ceil((asNumber(counted?.n) ?? 0) / groupRows)
  if (groups <= sampledGroups) return gatherFacts(duck, all, rows, columns)
  const ranges = Array.from({ length: sampledGroups }, (_, i) => {
    // The last group may be a short one.
    const first = Math.floor((i * (groups - 1)) / sampledGroups) * groupRows
    return `file_row_number BETWEEN ${first} AND ${first + groupRows - 1}`
  })
  const sampled = sampledGroups * groupRows
  const sample = `(SELECT * FROM ${numbered} WHERE ${ranges.join(' OR ')})`
  const facts = await gatherFacts(duck, sample, sampled, columns, shapedRows)
  const bounds = await readBounds(duck, paths)
  for (let first = 0; first < facts.length; first += probed) {
    const slice = facts.slice(first, first + probed)
    const select = slice.flatMap(({ column, distinct, missing }, i) => {
      const x = identifier(column.name)
      const known = bounds.get(column.name)
      const many = distinct > manyValues * (sampled - missing) && column.type !== 'DOUBLE'
      return [
        ...(known ? [] : [`count(${x})::DOUBLE AS n${i}`]),
        // That all values are the same is said of all.
        ...(many || distinct <= 1 ? [`approx_count_distinct(${x})::DOUBLE AS d${i}`] : []),
        ...(isNumber(column) && known?.min === undefined
          ? [`min(${finite(x)}) AS a${i}`, `max(${finite(x)}) AS z${i}`]
          : []),
      ]
    })
    const [found = {}] = select.length === 0 ? [] : await duck.all(`SELECT ${select.join(', ')} FROM ${all}`)
    for (const [i, of] of slice.entries()) {
      const known = bounds.get(of.column.name)
      of.rows = rows
      of.missing = known?.missing ?? rows - (asNumber(found[`n${i}`]) ?? 0)
      of.distinct = asNumber(found[`d${i}`]) ?? of.distinct
      if (!isNumber(of.column)) continue
      of.min = known?.min ?? asNumber(found[`a${i}`])
      of.max = known?.max ?? asNumber(found[`z${i}`])
    }
  }
  return facts
}

/** What files say of a column in all of their rows. */
export interface KnownValues {
  missing: number
  /** Undefined where the file does not say, or what it says is not finite. */
  min: number | undefined
  max: number | undefined
}

/** What Parquet files say of their columns without being read. Columns that only some of them have are left out. */
export async function readBounds(duck: Duck, paths: readonly string[]): Promise<Map<string, KnownValues>> {
  const found = new Map<string, KnownValues[]>()
  for (const path of paths) {
    // A column of ours has one leaf, so leaves are numbered as columns are; their names would not tell `a, b` from `a`.
    const names = [...(await describeFile(duck, path)).keys()]
    const number = (stat: string): string =>
      `CASE ${stat} WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 ELSE TRY_CAST(${stat} AS DOUBLE) END`
    const leaves = await duck.all(
      `SELECT column_id AS id, count(*) AS groups, count(stats_null_count) AS told, sum(stats_null_count)::DOUBLE AS missing, count(stats_min_value) AS bounded, count(*) FILTER (WHERE stats_null_count = num_values) AS empty, min(${number('stats_min_value')}) AS low, max(${number('stats_max_value')}) AS high FROM parquet_metadata(${literal(escapePattern(path))}) GROUP BY column_id`,
    )
    for (const leaf of leaves) {
      const name = names[Number(leaf.id)]
      if (name === undefined || Number(leaf.told) !== Number(leaf.groups)) continue
      const whole = Number(leaf.bounded) + Number(leaf.empty) >= Number(leaf.groups)
      const bound = (value: unknown): number | undefined =>
        whole && typeof value === 'number' && Number.isFinite(value) ? value : undefined
      const one = { missing: Number(leaf.missing), min: bound(leaf.low), max: bound(leaf.high) }
      found.set(name, [...(found.get(name) ?? []), one])
    }
  }
  const bounds = new Map<string, KnownValues>()
  for (const [name, all] of found) {
    if (all.length < paths.length) continue
    const lows = all.flatMap(({ min }) => (min === undefined ? [] : [min]))
    const highs = all.flatMap(({ max }) => (max === undefined ? [] : [max]))
    bounds.set(name, {
      missing: all.reduce((sum, { missing }) => sum + missing, 0),
      min: lows.length === all.length ? Math.min(...lows) : undefined,
      max: highs.length === all.length ? Math.max(...highs) : undefined,
    })
  }
  return bounds
}

const isNumber = ({ isList, type }: RawColumn): boolean => !isList && /^(BOOLEAN|BIGINT|DOUBLE)$/.test(type)

const finite = (x: string): string => `CASE WHEN isfinite(${x}::DOUBLE) THEN ${x}::DOUBLE END`

function asNumber(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value)
}

async function countItems(duck: Duck, from: string, name: string, separator: string): Promise<number> {
  const [found] = await duck.all(
    `SELECT approx_count_distinct(item)::DOUBLE AS n FROM (SELECT trim(unnest(string_split(${identifier(name)}, '${separator}'))) AS item FROM ${from})`,
  )
  return Number(found?.n ?? 0)
}
