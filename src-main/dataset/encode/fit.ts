import { GraftError } from '../../contract/errors'
import type { ColumnEncoding } from '../../contract/tables'
import { identifier, literal, type Duck } from '../duckdb'
import type { Bounds } from '../exactSums'
import type { RawColumn } from '../sources/types'
import type { FittedColumn } from './fitted'
import { numberOf } from './apply'
import { countItems, fitIndicators, fitVector } from './lists'
import { moments, type Moments } from './moments'
import { fitDomains, idEncoding, type HeldOutIds } from './vocabularies'

export interface EncodingPlan {
  column: RawColumn
  encoding: ColumnEncoding
  /** As it was asked for: an indicator whose name is taken is left out. */
  chosen: ColumnEncoding
  /** Of a target: whether it is of two classes. */
  binary: boolean
}

export interface FittedColumns {
  readonly columns: FittedColumn[]
  /** By column: of those whose values were counted one by one anyway. */
  readonly heldOut: HeldOutIds
}

/**
 * Learns every encoding from the training rows, and makes a table (index, value, count) for each vocabulary. Room is made
 * for the longest list of all rows.
 * @param rows a view of all rows with `graft_part` (0: training)
 * @param kept which held-out rows are evaluated on, as SQL
 * @param bounds by column, those of all rows, where they are known
 * @throws GraftError `invalid-data` where a column does not bear its encoding, `invalid-setting` where columns that share
 *   a domain disagree
 */
export async function fitColumns(
  duck: Duck,
  rows: string,
  plans: readonly EncodingPlan[],
  kept: string,
  bounds: ReadonlyMap<string, Bounds>,
): Promise<FittedColumns> {
  const train = `(SELECT * FROM ${rows} WHERE graft_part = 0)`
  const { domains: sizes, heldOut } = await fitDomains(duck, rows, plans, kept)
  const numbers = await fitContinuous(duck, train, plans, bounds)
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
  return { columns: fitted, heldOut }
}

type Continuous = Extract<FittedColumn, { kind: 'continuous' }>

/** Statistics of so many columns at a time: one pass over the rows instead of one a column. */
const fittedAtOnce = 100

async function fitContinuous(
  duck: Duck,
  from: string,
  plans: readonly EncodingPlan[],
  bounds: ReadonlyMap<string, Bounds>,
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
      slice.map(({ column, x, encoding }) => ({
        x,
        integer: column.type === 'BIGINT' ? identifier(column.name) : null,
        isLogarithm: encoding.transform === 'log1p',
        within: bounds.get(column.name) ?? null,
        // Exact medians need all values in memory at once.
        median: encoding.fill === 'median',
        bounds: encoding.transform !== 'none' && encoding.transform !== 'standardise',
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
      const spread = transform === 'quantile' ? scaling('minmax', of, fill).scale : 0
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
