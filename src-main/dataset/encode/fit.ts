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
 * Learns every encoding from the training rows, and makes a table (index, value, count) for each vocabulary.
 * @param from a FROM clause of the training rows
 * @param all a FROM clause of all rows, for what is not learnt but only made room for: the longest list
 * @throws GraftError `invalid-data` where a column does not bear its encoding
 */
export async function fitColumns(
  duck: Duck,
  from: string,
  all: string,
  plans: readonly EncodingPlan[],
): Promise<FittedColumn[]> {
  const domains = new Map<string, Domain>()
  for (const { column, encoding } of plans) {
    const ids = idEncoding(encoding)
    if (!ids) continue
    const name = ids.domain ?? column.name
    const known = domains.get(name)
    if (known) known.plans.push({ column, encoding: ids })
    else domains.set(name, { plans: [{ column, encoding: ids }] })
  }
  const sizes = new Map<string, FittedDomain>()
  for (const [name, domain] of domains) sizes.set(name, await fitDomain(duck, from, name, domain))
  const numbers = await fitContinuous(duck, from, plans)
  const fitted: FittedColumn[] = []
  for (const { column, encoding, binary } of plans) {
    const { name } = column
    const ids = idEncoding(encoding)
    const domain = ids && sizes.get(ids.domain ?? name)
    if (ids && domain) {
      if (ids.kind === 'categorical') fitted.push({ kind: 'categorical', column: name, ...domain })
      else {
        const { separator } = ids
        const counts = await countItems(duck, all, column, separator)
        fitted.push({ kind: 'items', column: name, separator, ...domain, counts })
      }
    } else if (encoding.kind === 'continuous') {
      const found = numbers.get(name)
      if (found) fitted.push(found)
    } else if (encoding.kind === 'list') {
      const { separator, as } = encoding
      if (as === 'indicators') fitted.push(await fitIndicators(duck, from, column, encoding))
      else {
        const counts = await countItems(duck, all, column, separator)
        fitted.push({ kind: 'numbers', column: name, separator, counts })
      }
    } else if (encoding.kind === 'vector') fitted.push(await fitVector(duck, all, column, encoding.separator))
    else if (encoding.kind === 'target') fitted.push(await fitTarget(duck, from, column, encoding, binary))
  }
  return fitted
}

type FittedDomain = Omit<Extract<FittedColumn, { kind: 'categorical' }>, 'kind' | 'column'>

/** Columns that share a domain are of one vocabulary, by the settings of the first. */
async function fitDomain(duck: Duck, from: string, name: string, { plans }: Domain): Promise<FittedDomain> {
  const [first] = plans
  if (!first) throw new GraftError('internal', `Domain ${name} has no column.`)
  const { encoding } = first
  const count = encoding.buckets ?? (await fitVocabulary(duck, from, name, plans, encoding))
  const own = encoding.kind === 'categorical' && encoding.nulls === 'own' ? 1 : 0
  const size = Math.max(1, count + own)
  return { domain: name, size, hashed: encoding.buckets !== null, nullId: own ? size : 0 }
}

/** Values by how often they occur, ties by value; columns that share the domain are counted together, lists by item. */
async function fitVocabulary(
  duck: Duck,
  from: string,
  domain: string,
  plans: Domain['plans'],
  { minCount, maxSize }: IdEncoding,
): Promise<number> {
  const [first] = plans
  const same = plans.every(
    ({ column, encoding }) => encoding.kind === 'categorical' && column.type === first?.column.type,
  )
  const values = plans
    .map(({ column: { name }, encoding }) =>
      encoding.kind === 'list'
        ? `SELECT unnest(${namedItems(name, encoding.separator)}) AS v FROM ${from}`
        : `SELECT ${identifier(name)}${same ? '' : '::VARCHAR'} AS v FROM ${from}`,
    )
    .join(' UNION ALL ')
  const limit = maxSize === null ? '' : ` LIMIT ${maxSize}`
  const table = vocabularyTable(domain)
  await duck.run(
    `CREATE OR REPLACE TABLE ${table} AS SELECT row_number() OVER (ORDER BY n DESC, v)::INTEGER AS index, v::VARCHAR AS value, n AS count FROM (SELECT v, count(*) AS n FROM (${values}) WHERE v IS NOT NULL GROUP BY v HAVING count(*) >= ${minCount} ORDER BY n DESC, v${limit}) ORDER BY index`,
  )
  const [found] = await duck.all(`SELECT count(*)::INTEGER AS n FROM ${table}`)
  return Number(found?.n ?? 0)
}

type Continuous = Extract<FittedColumn, { kind: 'continuous' }>

/** Statistics of so many columns at a time: one pass over the rows instead of one a column. */
const fittedAtOnce = 100

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
    const first = await statistics(
      duck,
      from,
      slice.map(({ x }) => ({ x, of: { mean: 'avg(x)', median: 'median(x)', low: 'min(x)' } })),
    )
    const filled = slice.map(({ column, encoding, x }, i) => {
      const { mean = 0, median = 0, low = 0 } = first[i] ?? {}
      const { transform } = encoding
      const fill =
        typeof encoding.fill === 'number' ? encoding.fill : { zero: 0, mean, median }[encoding.fill]
      if (transform === 'log1p' && (low <= -1 || fill <= -1))
        throw noLogarithm(column.name, Math.min(low, fill))
      // The fill takes part, as it will when rows are encoded: the column then has mean 0 and deviation 1.
      const value = `coalesce(${x}, ${fill}::DOUBLE)`
      return { column, encoding, fill, value: transform === 'log1p' ? `ln(1 + ${value})` : value }
    })
    const second = await statistics(
      duck,
      from,
      filled.map(({ value }) => ({
        x: value,
        of: { mean: 'avg(x)', deviation: 'stddev_pop(x)', low: 'min(x)', high: 'max(x)' },
      })),
    )
    for (const [i, { column, encoding, fill, value }] of filled.entries()) {
      const { transform, indicator } = encoding
      const { mean = 0, deviation = 0, low = 0, high = 0 } = second[i] ?? {}
      const plain = transform === 'none' || transform === 'quantile'
      const [shift, scale] = plain ? [0, 1] : transform === 'minmax' ? [low, high - low] : [mean, deviation]
      fitted.set(column.name, {
        kind: 'continuous',
        column: column.name,
        transform,
        fill,
        shift,
        // A column of one value becomes 0 whatever it is.
        scale: scale > 0 ? scale : 1,
        edges: transform === 'quantile' ? await quantiles(duck, from, value, encoding.bins) : [],
        indicator,
      })
    }
  }
  return fitted
}

/** Aggregates of several expressions in one statement; what is not finite, or of no rows, is 0. */
async function statistics(
  duck: Duck,
  from: string,
  wanted: readonly { x: string; of: Record<string, string> }[],
): Promise<Record<string, number>[]> {
  const inner = wanted.map(({ x }, i) => `${x} AS x${i}`).join(', ')
  const outer = wanted.flatMap(({ of }, i) =>
    Object.entries(of).map(([name, sql]) => `${sql.replace('(x)', `(x${i})`)} AS ${name}_${i}`),
  )
  const [found = {}] = await duck.all(`SELECT ${outer.join(', ')} FROM (SELECT ${inner} FROM ${from})`)
  return wanted.map(({ of }, i) =>
    Object.fromEntries(
      Object.keys(of).map((name) => {
        const value = found[`${name}_${i}`]
        return [name, typeof value === 'number' && Number.isFinite(value) ? value : 0]
      }),
    ),
  )
}

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
