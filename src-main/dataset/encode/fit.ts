import { GraftError } from '../../contract/errors'
import type { ColumnEncoding } from '../../contract/tables'
import { identifier, literal, type Duck } from '../duckdb'
import type { RawColumn } from '../sources/types'
import type { FittedColumn } from './fitted'
import { itemsOf, numberOf } from './apply'

export interface EncodingPlan {
  column: RawColumn
  encoding: ColumnEncoding
  /** Of a target: whether it is of two classes. */
  binary: boolean
}

/** Where a domain's vocabulary is while the data are fitted and encoded. */
export const vocabularyTable = (domain: string): string => identifier(`graft vocabulary ${domain}`)

/**
 * Learns every encoding from the training rows, and makes a table (index, value, count) for each vocabulary.
 * @param from a FROM clause of the training rows
 * @throws GraftError `invalid-data` where a column does not bear its encoding
 */
export async function fitColumns(
  duck: Duck,
  from: string,
  plans: readonly EncodingPlan[],
): Promise<FittedColumn[]> {
  const domains = new Map<
    string,
    { columns: RawColumn[]; encoding: Extract<ColumnEncoding, { kind: 'categorical' }> }
  >()
  for (const { column, encoding } of plans) {
    if (encoding.kind !== 'categorical') continue
    const name = encoding.domain ?? column.name
    const known = domains.get(name)
    if (known) known.columns.push(column)
    else domains.set(name, { columns: [column], encoding })
  }
  const sizes = new Map<string, Extract<FittedColumn, { kind: 'categorical' }>>()
  for (const [domain, { columns, encoding }] of domains) {
    const count =
      encoding.buckets ??
      (await fitVocabulary(duck, from, domain, columns, encoding.minCount, encoding.maxSize))
    const own = encoding.nulls === 'own' ? 1 : 0
    const size = Math.max(1, count + own)
    sizes.set(domain, {
      kind: 'categorical',
      column: '',
      domain,
      size,
      hashed: encoding.buckets !== null,
      nullId: own ? size : 0,
    })
  }
  const fitted: FittedColumn[] = []
  for (const { column, encoding, binary } of plans) {
    if (encoding.kind === 'categorical') {
      const domain = sizes.get(encoding.domain ?? column.name)
      if (domain) fitted.push({ ...domain, column: column.name })
    } else if (encoding.kind === 'continuous') fitted.push(await fitContinuous(duck, from, column, encoding))
    else if (encoding.kind === 'list') fitted.push(await fitList(duck, from, column, encoding))
    else fitted.push(await fitTarget(duck, from, column, encoding, binary))
  }
  return fitted
}

/** Values by their number of rows, ties by value; columns that share the domain are counted together. */
async function fitVocabulary(
  duck: Duck,
  from: string,
  domain: string,
  columns: readonly RawColumn[],
  minCount: number,
  maxSize: number | null,
): Promise<number> {
  const same = columns.every((column) => column.type === columns[0]?.type)
  const values = columns
    .map(({ name }) => `SELECT ${identifier(name)}${same ? '' : '::VARCHAR'} AS v FROM ${from}`)
    .join(' UNION ALL ')
  const limit = maxSize === null ? '' : ` LIMIT ${maxSize}`
  const table = vocabularyTable(domain)
  await duck.run(
    `CREATE OR REPLACE TABLE ${table} AS SELECT row_number() OVER (ORDER BY n DESC, v)::INTEGER AS index, v::VARCHAR AS value, n AS count FROM (SELECT v, count(*) AS n FROM (${values}) WHERE v IS NOT NULL GROUP BY v HAVING count(*) >= ${minCount} ORDER BY n DESC, v${limit}) ORDER BY index`,
  )
  const [found] = await duck.all(`SELECT count(*)::INTEGER AS n FROM ${table}`)
  return Number(found?.n ?? 0)
}

async function fitContinuous(
  duck: Duck,
  from: string,
  column: RawColumn,
  encoding: Extract<ColumnEncoding, { kind: 'continuous' }>,
): Promise<FittedColumn> {
  const x = numberOf(column)
  const [first] = await duck.all(
    `SELECT avg(x) AS mean, median(x) AS median, min(x) AS low FROM (SELECT ${x} AS x FROM ${from})`,
  )
  const of = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
  const { transform, indicator } = encoding
  const fill =
    typeof encoding.fill === 'number'
      ? encoding.fill
      : encoding.fill === 'zero'
        ? 0
        : of(encoding.fill === 'mean' ? first?.mean : first?.median)
  if (transform === 'log1p' && (of(first?.low) <= -1 || fill <= -1))
    throw new GraftError(
      'invalid-data',
      `column ${column.name} has values down to ${of(first?.low)}: ln(1 + x) needs values above −1.`,
      'Choose another transform.',
      { column: column.name },
    )
  const base = { kind: 'continuous' as const, column: column.name, transform, fill, edges: [], indicator }
  // The fill takes part, as it will when rows are encoded: the column then has mean 0 and deviation 1.
  const filled = `coalesce(${x}, ${fill}::DOUBLE)`
  const seen = transform === 'log1p' ? `ln(1 + ${filled})` : filled
  if (transform === 'none') return { ...base, shift: 0, scale: 1 }
  if (transform === 'quantile') {
    const shares = Array.from({ length: encoding.bins - 1 }, (_, i) => (i + 1) / encoding.bins)
    const [found] = await duck.all(
      `SELECT quantile_cont(${filled}, [${shares.join(', ')}])::VARCHAR AS edges FROM ${from}`,
    )
    const edges = parseNumbers(String(found?.edges ?? '[]'))
    return { ...base, edges: [...new Set(edges)], shift: 0, scale: 1 }
  }
  const [second] = await duck.all(
    `SELECT avg(x) AS mean, stddev_pop(x) AS deviation, min(x) AS low, max(x) AS high FROM (SELECT ${seen} AS x FROM ${from})`,
  )
  const [shift, scale] =
    transform === 'minmax'
      ? [of(second?.low), of(second?.high) - of(second?.low)]
      : [of(second?.mean), of(second?.deviation)]
  // A column of one value becomes 0 whatever it is.
  return { ...base, shift, scale: scale > 0 ? scale : 1 }
}

function parseNumbers(text: string): number[] {
  return text
    .slice(1, -1)
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number)
}

async function fitList(
  duck: Duck,
  from: string,
  column: RawColumn,
  { separator, maxSize }: Extract<ColumnEncoding, { kind: 'list' }>,
): Promise<FittedColumn> {
  const found = await duck.all(
    `SELECT item, count(*) AS n FROM (SELECT unnest(list_distinct(${itemsOf(column.name, separator)})) AS item FROM ${from}) WHERE item IS NOT NULL AND item <> '' GROUP BY item ORDER BY n DESC, item LIMIT ${maxSize}`,
  )
  return { kind: 'list', column: column.name, separator, items: found.map((row) => String(row.item)) }
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
