import { identifier, literal, parquetSource, type Duck } from '../duckdb'
import { extraTypeName } from './apply'
import { hasIds, type FittedEncoding } from './fitted'
import { namedItems } from './lists'

/** The ids that the tables of a column have rows for beyond its vocabulary. */
export interface ExtraIds {
  readonly column: string
  /** How many there are. */
  readonly rows: number
  /** A Parquet file (index, value). */
  readonly keys: string
  /** The rules of `form`. */
  readonly rules: readonly string[]
  /** Makes a raw value and a key equal, where they are not so to the letter. */
  readonly form: (text: string) => string
}

/** For each column that has any among its rows: their rows in the table, by the code of the value in its type. */
export type ExtraLookup = ReadonlyMap<string, readonly number[]>

/**
 * Finds the values of raw rows that no vocabulary has and the tables of their columns have rows for, and makes a type of
 * them for each column. What is held in memory is bounded by the values of the rows, not by the number of keys.
 * @param from a FROM clause of the raw rows
 * @param vocabulary a FROM clause of a domain's vocabulary (index, value)
 */
export async function prepareExtraIds(
  duck: Duck,
  encoding: FittedEncoding,
  wanted: readonly ExtraIds[],
  from: string,
  vocabulary: (domain: string) => string,
): Promise<ExtraLookup> {
  const lookup = new Map<string, readonly number[]>()
  for (const extra of wanted) {
    const fitted = encoding.columns.find(({ column }) => column === extra.column)
    if (!fitted || !hasIds(fitted) || fitted.hashed) continue
    const text =
      fitted.kind === 'items'
        ? `unnest(${namedItems(extra.column, fitted.separator)})`
        : `${identifier(extra.column)}::VARCHAR`
    const unknown = await duck.all(
      `SELECT v FROM (SELECT DISTINCT v FROM (SELECT ${text} AS v FROM ${from}) WHERE v IS NOT NULL) r ANTI JOIN ${vocabulary(fitted.domain)} k ON r.v = k.value ORDER BY v`,
    )
    const found = await findRows(
      duck,
      extra,
      unknown.map(({ v }) => String(v)),
    )
    if (found.size === 0) continue
    const type = extraTypeName(extra.column)
    await duck.run(`DROP TYPE IF EXISTS ${type}`)
    await duck.run(`CREATE TYPE ${type} AS ENUM (${[...found.keys()].map(literal).join(', ')})`)
    lookup.set(extra.column, [...found.values()])
  }
  return lookup
}

/** The rows of those values that are among the keys: to the letter, else as the rules make them equal. */
async function findRows(
  duck: Duck,
  { keys, form }: ExtraIds,
  values: readonly string[],
): Promise<Map<string, number>> {
  if (values.length === 0) return new Map()
  const exact = new Map<string, number>()
  const alike = new Map<string, number>()
  const written = new Set(values.flatMap((value) => [value, withoutFraction(value)]))
  const forms = new Set([...written].map(form))
  for await (const chunk of duck.chunks(
    `SELECT value, "index" FROM ${parquetSource([keys])} ORDER BY "index"`,
  )) {
    const [texts = [], rows = []] = chunk.getColumns()
    texts.forEach((value, i) => {
      const key = String(value)
      const row = Number(rows[i])
      if (written.has(key) && !exact.has(key)) exact.set(key, row)
      const alikeKey = form(key)
      if (forms.has(alikeKey) && !alike.has(alikeKey)) alike.set(alikeKey, row)
    })
  }
  const found = new Map<string, number>()
  for (const value of values) {
    const plain = withoutFraction(value)
    const row = exact.get(value) ?? exact.get(plain) ?? alike.get(form(value)) ?? alike.get(form(plain))
    if (row !== undefined) found.set(value, row)
  }
  return found
}

/** Whole numbers of a floating-point column are written 42.0; in files of vectors they are 42. */
const withoutFraction = (value: string): string => /^(-?\d+)\.0$/.exec(value)?.[1] ?? value
