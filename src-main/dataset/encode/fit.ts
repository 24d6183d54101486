import { GraftError } from '../../contract/errors'
import type { ColumnEncoding } from '../../contract/tables'
import { identifier, literal, type Duck } from '../duckdb'
import type { RawColumn } from '../sources/types'
import type { FittedColumn } from './fitted'
import { numberOf } from './apply'
import { countItems, fitIndicators, fitVector, namedItems } from './lists'

export interface EncodingPlan {
  column: RawColumn
  encoding: ColumnEncoding
  /** Of a target: whether it is of two classes. */
  binary: boolean
}

/** Where a domain's vocabulary is while the data are fitted and encoded. */
export const vocabularyTable = (domain: string): string => identifier(`graft vocabulary ${domain}`)

/** How a column's values, or the items of its lists, become ids. */
type IdEncoding =
  | Extract<ColumnEncoding, { kind: 'categorical' }>
  | (Extract<ColumnEncoding, { kind: 'list' }> & { readonly as: 'ids' })

function idEncoding(encoding: ColumnEncoding): IdEncoding | null {
  if (encoding.kind === 'categorical') return encoding
  return encoding.kind === 'list' && encoding.as === 'ids' ? { ...encoding, as: 'ids' } : null
}

interface Domain {
  readonly plans: { column: RawColumn; encoding: IdEncoding }[]
}

/**
 * Learns every encoding from the training rows, and makes a table (index, value, count) for each vocabulary. Room is made
 * for the longest list of all rows.
 * @param rows a view of all rows with `graft_part` (0: training)
 * @throws GraftError `invalid-data` where a column does not bear its encoding, `invalid-setting` where columns that share
 *   a domain disagree
 */
export async function fitColumns(
  duck: Duck,
  rows: string,
  plans: readonly EncodingPlan[],
): Promise<FittedColumn[]> {
  const train = `(SELECT * FROM ${rows} WHERE graft_part = 0)`
  const sizes = await fitDomains(duck, rows, plans)
  const numbers = await fitContinuous(duck, train, plans)
  const fitted: FittedColumn[] = []
  for (const { column, encoding, binary } of plans) {
    const { name } = column
    const ids = idEncoding(encoding)
    const domain = ids && sizes.get(ids.domain ?? name)
    if (ids && domain) {
      const own = { column: name, ...domain, unknownId: 0 }
      if (ids.kind === 'categorical') fitted.push({ kind: 'categorical', ...own })
      else {
        const counts = await countItems(duck, rows, column, ids.separator)
        fitted.push({ kind: 'items', ...own, separator: ids.separator, firstId: 1, counts })
      }
    } else if (encoding.kind === 'continuous') {
      const found = numbers.get(name)
      if (found) fitted.push(found)
    } else if (encoding.kind === 'list') {
      const { separator, as } = encoding
      if (as === 'indicators') fitted.push(await fitIndicators(duck, train, column, encoding))
      else {
        const counts = await countItems(duck, rows, column, separator)
        fitted.push({ kind: 'numbers', column: name, separator, counts })
      }
    } else if (encoding.kind === 'vector')
      fitted.push(await fitVector(duck, rows, column, encoding.separator))
    else if (encoding.kind === 'target') fitted.push(await fitTarget(duck, train, column, encoding, binary))
  }
  return fitted
}

type FittedDomain = Omit<Extract<FittedColumn, { kind: 'categorical' }>, 'kind' | 'column' | 'unknownId'>

async function fitDomains(
  duck: Duck,
  rows: string,
  plans: readonly EncodingPlan[],
): Promise<Map<string, FittedDomain>> {
  const domains = domainsOf(plans)
  const counts = await fitVocabularies(duck, rows, domains)
  const fitted = new Map<string, FittedDomain>()
  for (const [domain, { plans: sharers }] of domains) {
    const [first] = sharers
    if (!first) continue
    const count = first.encoding.buckets ?? counts.get(domain) ?? 0
    const nullable = sharers.some(
      ({ encoding }) => encoding.kind === 'categorical' && encoding.nulls === 'own',
    )
    const own = nullable ? 1 : 0
    const size = Math.max(1, count + own)
    fitted.set(domain, {
      domain,
      size,
      hashed: first.encoding.buckets !== null,
      nullId: own ? size : 0,
    })
  }
  return fitted
}

/** The domains and whose they are. @throws GraftError where the settings of two columns of one disagree */
function domainsOf(plans: readonly EncodingPlan[]): Map<string, Domain> {
  const domains = new Map<string, Domain>()
  for (const { column, encoding } of plans) {
    const ids = idEncoding(encoding)
    if (!ids) continue
    const name = ids.domain ?? column.name
    const known = domains.get(name)
    if (known) {
      for (const other of known.plans) checkAgreement(name, other, { column, encoding: ids })
      known.plans.push({ column, encoding: ids })
    } else domains.set(name, { plans: [{ column, encoding: ids }] })
  }
  return domains
}

/** One vocabulary has one set of settings. Lists have no word in what missing values are. */
function checkAgreement(domain: string, a: Domain['plans'][number], b: Domain['plans'][number]): void {
  const nulls = ({ encoding }: Domain['plans'][number]): string | null =>
    encoding.kind === 'categorical' ? encoding.nulls : null
  const pairs: [string, number | string | null, number | string | null][] = [
    ['the minimum count', a.encoding.minCount, b.encoding.minCount],
    ['the largest size', a.encoding.maxSize, b.encoding.maxSize],
    ['the number of buckets', a.encoding.buckets, b.encoding.buckets],
    ['the id of missing values', nulls(a) ?? nulls(b), nulls(b) ?? nulls(a)],
  ]
  const differing = pairs.find(([, first, second]) => first !== second)
  if (!differing) return
  const [what, first, second] = differing
  throw new GraftError(
    'invalid-setting',
    `Columns ${a.column.name} and ${b.column.name} share the domain ${domain}, but ${what} is ${first ?? 'not set'} for the one and ${second ?? 'not set'} for the other.`,
    'Give both columns the same settings, or domains of their own.',
    { column: b.column.name, domain },
  )
}

/** Columns whose values are counted in one pass over the rows: each has a hash table of its own in memory. */
const countedAtOnce = 8

/**
 * Makes a vocabulary for each domain: values by how often the training rows have them, ties by value; columns that share
 * the domain are counted together, lists by item.
 * @returns the number of values of each
 */
async function fitVocabularies(
  duck: Duck,
  rows: string,
  domains: ReadonlyMap<string, Domain>,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  const alone: { domain: string; column: RawColumn; encoding: IdEncoding }[] = []
  for (const [domain, { plans }] of domains) {
    const [first] = plans
    if (!first || first.encoding.buckets !== null) continue
    if (plans.length === 1 && first.encoding.kind === 'categorical') alone.push({ domain, ...first })
    else sizes.set(domain, await rankValues(duck, domain, countTogether(rows, plans), first.encoding))
  }
  for (let first = 0; first < alone.length; first += countedAtOnce) {
    const slice = alone.slice(first, first + countedAtOnce)
    const keys = slice.map(({ column }, k) => `${identifier(column.name)} AS v${k}`)
    const names = slice.map((_, k) => `v${k}`)
    // Counting under a filter leaves a Parquet file's dictionaries as they are, which are grouped much faster than rows.
    await duck.run(
      `CREATE OR REPLACE TEMP TABLE graft_counts AS SELECT ${names.join(', ')}, grouping_id(${names.join(', ')}) AS g, count(*) FILTER (WHERE graft_part = 0) AS n FROM (SELECT ${keys.join(', ')}, graft_part FROM ${rows}) GROUP BY GROUPING SETS (${names.map((name) => `(${name})`).join(', ')})`,
    )
    for (const [k, { domain, encoding }] of slice.entries()) {
      // A bit for each column, the first one's the highest, set where it is not grouped by.
      const grouping = 2 ** slice.length - 1 - 2 ** (slice.length - 1 - k)
      const values = `SELECT v${k} AS v, n FROM graft_counts WHERE g = ${grouping}`
      sizes.set(domain, await rankValues(duck, domain, values, encoding))
    }
    await duck.run('DROP TABLE graft_counts')
  }
  return sizes
}

/** A query of the values (v, n) that columns have together. */
function countTogether(rows: string, plans: Domain['plans']): string {
  const [first] = plans
  const same = plans.every(
    ({ column, encoding }) => encoding.kind === 'categorical' && column.type === first?.column.type,
  )
  const values = plans.map(({ column: { name }, encoding }) =>
    encoding.kind === 'list'
      ? `SELECT unnest(${namedItems(name, encoding.separator)}) AS v, graft_part FROM ${rows}`
      : `SELECT ${identifier(name)}${same ? '' : '::VARCHAR'} AS v, graft_part FROM ${rows}`,
  )
  return `SELECT v, count(*) FILTER (WHERE graft_part = 0) AS n FROM (${values.join(' UNION ALL ')}) GROUP BY v`
}

/** @param values a query of values and their counts (v, n) */
async function rankValues(
  duck: Duck,
  domain: string,
  values: string,
  { minCount, maxSize }: IdEncoding,
): Promise<number> {
  const ranked = `SELECT row_number() OVER (ORDER BY n DESC, v)::INTEGER AS index, v::VARCHAR AS value, n AS count FROM (${values}) WHERE v IS NOT NULL AND n >= ${minCount}`
  const limit = maxSize === null ? '' : ` WHERE index <= ${maxSize}`
  const table = vocabularyTable(domain)
  await duck.run(`CREATE OR REPLACE TABLE ${table} AS SELECT * FROM (${ranked})${limit} ORDER BY index`)
  const [found] = await duck.all(`SELECT count(*)::INTEGER AS n FROM ${table}`)
  return Number(found?.n ?? 0)
}

type Continuous = Extract<FittedColumn, { kind: 'continuous' }>

/** Statistics of so many columns at a time: one pass over the rows instead of one a column. */
const fittedAtOnce = 100

/** What is learnt of a number: of its finite values, and of their transform. */
interface Moments {
  rows: number
  present: number
  mean: number
  median: number
  low: number
  high: number
  /** Mean and variance (of the whole population) of the transformed values. */
  center: number
  variance: number
}

async function fitContinuous(
  duck: Duck,
  from: string,
  plans: readonly EncodingPlan[],
): Promise<Map<string, Continuous>> {
  const fitted = new Map<string, Continuous>()
  const wanted = plans.flatMap(({ column, encoding }) =>
    encoding.kind === 'continuous' ? [{ column, encoding, x: numberOf(column) }] : [],
  )
  for (let begin = 0; begin < wanted.length; begin += fittedAtOnce) {
    const slice = wanted.slice(begin, begin + fittedAtOnce)
    const found = await moments(
      duck,
      from,
      slice.map(({ x, encoding }) => ({
        x,
        t: encoding.transform === 'log1p' ? `CASE WHEN ${x} > -1 THEN ln(1 + ${x}) END` : null,
        // Exact medians need all values in memory at once.
        median: encoding.fill === 'median',
        moments: encoding.transform === 'standardise' || encoding.transform === 'log1p',
      })),
    )
    for (const [i, { column, encoding, x }] of slice.entries()) {
      const of = found[i]
      if (!of) continue
      const { transform, indicator } = encoding
      const fill =
        typeof encoding.fill === 'number'
          ? encoding.fill
          : { zero: 0, mean: of.mean, median: of.median }[encoding.fill]
      if (transform === 'log1p' && (of.low <= -1 || fill <= -1))
        throw noLogarithm(column.name, Math.min(of.low, fill))
      const { shift, scale } = scaling(transform, of, fill)
      const spread = scaling('minmax', of, fill).scale
      fitted.set(column.name, {
        kind: 'continuous',
        column: column.name,
        transform,
        fill,
        shift,
        // A column of one value becomes 0 whatever it is.
        scale: scale > 0 ? scale : 1,
        edges:
          transform === 'quantile' && spread > 0
            ? await quantiles(duck, from, `coalesce(${x}, ${fill}::DOUBLE)`, encoding.bins)
            : [],
        indicator,
      })
    }
  }
  return fitted
}

/** The fill takes part, as it will when rows are encoded: a standardised column then has mean 0 and deviation 1. */
function scaling(
  transform: Continuous['transform'],
  of: Moments,
  fill: number,
): { shift: number; scale: number } {
  if (transform === 'none' || transform === 'quantile') return { shift: 0, scale: 1 }
  const missing = of.rows - of.present
  if (transform === 'minmax') {
    const low = of.present === 0 ? fill : missing > 0 ? Math.min(of.low, fill) : of.low
    const high = of.present === 0 ? fill : missing > 0 ? Math.max(of.high, fill) : of.high
    return { shift: low, scale: high - low }
  }
  const value = transform === 'log1p' ? Math.log1p(fill) : fill
  // Moments of two groups make those of both (Chan, Golub and LeVeque, 1979); all of the missing ones have one value.
  const [known, filled] = [of.present / of.rows, missing / of.rows]
  const mean = known * of.center + filled * value
  const variance = known * (of.variance + (of.center - mean) ** 2) + filled * (value - mean) ** 2
  return { shift: mean, scale: Math.sqrt(variance) }
}

/** Aggregates of several columns in one pass; what is not finite, or of no rows, is 0. */
async function moments(
  duck: Duck,
  from: string,
  wanted: readonly { x: string; t: string | null; median: boolean; moments: boolean }[],
): Promise<Moments[]> {
  const inner = wanted.flatMap(({ x, t }, i) => [`${x} AS x${i}`, ...(t === null ? [] : [`${t} AS t${i}`])])
  const outer = wanted.flatMap(({ t, median, moments }, i) => {
    const transformed = t === null ? `x${i}` : `t${i}`
    return [
      `count(x${i})::DOUBLE AS present_${i}`,
      `avg(x${i}) AS mean_${i}`,
      `min(x${i}) AS low_${i}`,
      `max(x${i}) AS high_${i}`,
      ...(moments ? [`avg(${transformed}) AS center_${i}`, `var_pop(${transformed}) AS variance_${i}`] : []),
      ...(median ? [`median(x${i}) AS median_${i}`] : []),
    ]
  })
  const [found = {}] = await duck.all(
    `SELECT count(*)::DOUBLE AS rows, ${outer.join(', ')} FROM (SELECT ${inner.join(', ')} FROM ${from})`,
  )
  const number = (name: string): number => {
    const value = found[name]
    return typeof value === 'number' && Number.isFinite(value) ? value : 0
  }
  return wanted.map((_, i) => ({
    rows: number('rows'),
    present: number(`present_${i}`),
    mean: number(`mean_${i}`),
    median: number(`median_${i}`),
    low: number(`low_${i}`),
    high: number(`high_${i}`),
    center: number(`center_${i}`),
    variance: number(`variance_${i}`),
  }))
}

/** Inner edges of the bins; none where all values are the same, which then are 0 as with every other transform. */
async function quantiles(duck: Duck, from: string, value: string, bins: number): Promise<number[]> {
  const shares = Array.from({ length: bins - 1 }, (_, i) => (i + 1) / bins)
  const [found] = await duck.all(
    `SELECT quantile_cont(${value}, [${shares.join(', ')}])::VARCHAR AS edges FROM ${from}`,
  )
  return [...new Set(parseNumbers(String(found?.edges ?? '[]')))]
}

function noLogarithm(column: string, low: number): GraftError {
  return new GraftError(
    'invalid-data',
    `column ${column} has values down to ${low}: ln(1 + x) needs values above −1.`,
    'Choose another transform.',
    { column },
  )
}

function parseNumbers(text: string): number[] {
  return text
    .slice(1, -1)
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number)
}

async function fitTarget(
  duck: Duck,
  from: string,
  column: RawColumn,
  { positive }: Extract<ColumnEncoding, { kind: 'target' }>,
  binary: boolean,
): Promise<FittedColumn> {
  const name = identifier(column.name)
  if (column.type !== 'VARCHAR') return { kind: 'target', column: column.name, positive: null, binary }
  const found = await duck.all(
    `SELECT DISTINCT ${name} AS value FROM ${from} WHERE ${name} IS NOT NULL ORDER BY 1 LIMIT 3`,
  )
  const values = found.map((row) => String(row.value))
  if (values.length > 2)
    throw new GraftError(
      'invalid-target',
      `column ${column.name} is text of more than two classes: ${values.join(', ')}, …`,
      'Choose a target of two classes.',
      { column: column.name },
    )
  if (positive !== null && !values.includes(positive))
    throw new GraftError(
      'invalid-target',
      `column ${column.name} never is ${literal(positive)}.`,
      `Its values are ${values.join(' and ')}.`,
      { column: column.name },
    )
  return {
    kind: 'target',
    column: column.name,
    positive: positive ?? values[values.length - 1] ?? '',
    binary: true,
  }
}
