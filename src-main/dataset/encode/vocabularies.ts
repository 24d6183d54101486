import { GraftError } from '../../contract/errors'
import type { ColumnEncoding } from '../../contract/tables'
import { identifier, type Duck } from '../duckdb'
import type { RawColumn } from '../sources/types'
import type { EncodingPlan } from './fit'
import type { FittedColumn } from './fitted'
import { namedItems } from './lists'

/** Where a domain's vocabulary is while the data are fitted and encoded. */
export const vocabularyTable = (domain: string): string => identifier(`graft vocabulary ${domain}`)

/** How a column's values, or the items of its lists, become ids. */
type IdEncoding =
  | Extract<ColumnEncoding, { kind: 'categorical' }>
  | (Extract<ColumnEncoding, { kind: 'list' }> & { readonly as: 'ids' })

export function idEncoding(encoding: ColumnEncoding): IdEncoding | null {
  if (encoding.kind === 'categorical') return encoding
  return encoding.kind === 'list' && encoding.as === 'ids' ? { ...encoding, as: 'ids' } : null
}

interface Domain {
  readonly plans: { column: RawColumn; encoding: IdEncoding }[]
}

type FittedDomain = Omit<Extract<FittedColumn, { kind: 'categorical' }>, 'kind' | 'column' | 'unknownId'>

/** What a column's values in a held-out part are: different ones, those of them that training has, and rows of the others. */
export interface HeldOutValues {
  readonly distinct: number
  readonly known: number
  readonly unseenRows: number
}

/** By column, of validation and test. */
export type HeldOutIds = ReadonlyMap<string, Readonly<Record<'validation' | 'test', HeldOutValues>>>

/** Makes the vocabularies. @param kept which held-out rows are evaluated on, as SQL */
export async function fitDomains(
  duck: Duck,
  rows: string,
  plans: readonly EncodingPlan[],
  kept: string,
): Promise<{ domains: Map<string, FittedDomain>; heldOut: HeldOutIds }> {
  const domains = domainsOf(plans)
  const { sizes: counts, heldOut } = await fitVocabularies(duck, rows, domains, kept)
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
  return { domains: fitted, heldOut }
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
/** More of them where the rows are few: planning a statement is then what takes the time. */
const fewRows = 100_000
const countedOfFew = 32

/**
 * Makes a vocabulary for each domain: values by how often the training rows have them, ties by value; columns that share
 * the domain are counted together, lists by item.
 * @returns the number of values of each; and what the held-out parts have of them, of columns with a domain of their own
 */
async function fitVocabularies(
  duck: Duck,
  rows: string,
  domains: ReadonlyMap<string, Domain>,
  kept: string,
): Promise<{ sizes: Map<string, number>; heldOut: HeldOutIds }> {
  const sizes = new Map<string, number>()
  const heldOut = new Map<string, Readonly<Record<'validation' | 'test', HeldOutValues>>>()
  const alone: { domain: string; column: RawColumn; encoding: IdEncoding }[] = []
  for (const [domain, { plans }] of domains) {
    const [first] = plans
    if (!first || first.encoding.buckets !== null) continue
    if (plans.length === 1 && first.encoding.kind === 'categorical') alone.push({ domain, ...first })
    else sizes.set(domain, await rankValues(duck, domain, countTogether(rows, plans), first.encoding))
  }
  const atOnce = alone.length > countedAtOnce ? await countedTogether(duck, rows) : countedAtOnce
  for (let first = 0; first < alone.length; first += atOnce) {
    const slice = alone.slice(first, first + atOnce)
    const keys = slice.map(({ column }, k) => `${identifier(column.name)} AS v${k}`)
    const names = slice.map((_, k) => `v${k}`)
    // Counting under a filter leaves a Parquet file's dictionaries as they are, which are grouped much faster than rows.
    await duck.run(
      `CREATE OR REPLACE TEMP TABLE graft_counts AS SELECT ${names.join(', ')}, grouping_id(${names.join(', ')}) AS g, count(*) FILTER (WHERE counted = 0) AS n, count(*) FILTER (WHERE counted = 1) AS n1, count(*) FILTER (WHERE counted = 2) AS n2 FROM (SELECT ${keys.join(', ')}, CASE WHEN graft_part = 0 OR ${kept} THEN graft_part ELSE 3 END AS counted FROM ${rows}) GROUP BY GROUPING SETS (${names.map((name) => `(${name})`).join(', ')})`,
    )
    for (const [k, { domain, column, encoding }] of slice.entries()) {
      // A bit for each column, the first one's the highest, set where it is not grouped by.
      const grouping = 2 ** slice.length - 1 - 2 ** (slice.length - 1 - k)
      const values = `SELECT v${k} AS v, n, n1, n2 FROM graft_counts WHERE g = ${grouping}`
      sizes.set(domain, await rankValues(duck, domain, values, encoding))
      heldOut.set(column.name, await compareParts(duck, values))
    }
    await duck.run('DROP TABLE graft_counts')
  }
  return { sizes, heldOut }
}

async function countedTogether(duck: Duck, rows: string): Promise<number> {
  const [found] = await duck.all(`SELECT count(*)::DOUBLE AS n FROM ${rows}`)
  return Number(found?.n ?? 0) <= fewRows ? countedOfFew : countedAtOnce
}

/** @param values a query of values and how many rows of each part have them (v, n, n1, n2) */
async function compareParts(
  duck: Duck,
  values: string,
): Promise<Record<'validation' | 'test', HeldOutValues>> {
  const select = [1, 2].flatMap((part) => [
    `(count(*) FILTER (WHERE n${part} > 0))::DOUBLE AS distinct_${part}`,
    `(count(*) FILTER (WHERE n${part} > 0 AND n > 0))::DOUBLE AS known_${part}`,
    `coalesce(sum(n${part}) FILTER (WHERE n = 0), 0)::DOUBLE AS unseen_${part}`,
  ])
  const [found] = await duck.all(`SELECT ${select.join(', ')} FROM (${values}) WHERE v IS NOT NULL`)
  const of = (part: number): HeldOutValues => ({
    distinct: Number(found?.[`distinct_${part}`] ?? 0),
    known: Number(found?.[`known_${part}`] ?? 0),
    unseenRows: Number(found?.[`unseen_${part}`] ?? 0),
  })
  return { validation: of(1), test: of(2) }
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
