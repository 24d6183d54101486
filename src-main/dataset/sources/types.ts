import { identifier, literal, type Duck } from '../duckdb'

/** The few types that raw data are stored in. */
export type RawType = 'BOOLEAN' | 'BIGINT' | 'DOUBLE' | 'TIMESTAMP' | 'VARCHAR'

export interface RawColumn {
  name: string
  type: RawType
  isList: boolean
}

/** How missing numbers, times and truth values are spelled in text, beside the empty cell. In text they are text. */
const missing = ['', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None', '\\N']

/** The texts that stand for a missing value in a column of the type. */
export function missingSpellings(type: RawType): readonly string[] {
  return type === 'VARCHAR' ? [''] : missing
}

/**
 * Whether a text, or nothing, stands for a missing value. Not `IN`: DuckDB plans a list of so many constants as a join,
 * which takes minutes with thousands of columns.
 */
const isMissing = (x: string): string =>
  `(${x} IS NULL OR ${missing.map((spelling) => `${x} = ${literal(spelling)}`).join(' OR ')})`

const value = (name: string): string =>
  `(CASE WHEN ${isMissing(identifier(name))} THEN NULL ELSE ${identifier(name)} END)`

/**
 * A text as a value of the type, or null. A time with a zone or an offset becomes that instant in UTC (DuckDB's plain
 * TIMESTAMP passes over the offset); without one it is taken as it stands. None with an offset is shorter than 20.
 */
function castOf(type: RawType, x: string): string {
  const cast = `TRY_CAST(${x} AS ${type})`
  if (type !== 'TIMESTAMP') return cast
  const hasZone = `strlen(${x}) > 19 AND regexp_matches(${x}, '[^0-9T :./-]|:.*-')`
  return `(CASE WHEN ${hasZone} THEN TRY_CAST(${x} AS TIMESTAMPTZ)::TIMESTAMP ELSE ${cast} END)`
}

/**
 * Whether a text x, which is n as the type, is a value of it and loses nothing by being stored so: an integer reads back as
 * it was written, so `007` and `+1` stay text; so do codes of more digits than a double holds, and `12_34`, which DuckDB takes
 * for 1234.
 */
const fits: Record<Exclude<RawType, 'VARCHAR'>, (x: string, n: string) => string> = {
  BOOLEAN: (x) => `lower(${x}) IN ('true', 'false')`,
  BIGINT: (x, n) => `coalesce(${n}::VARCHAR = ${x}, false)`,
  DOUBLE: (x, n) =>
    `(${n} IS NOT NULL AND NOT regexp_matches(${x}, '^\\s*[+-]?0[0-9]|^\\s*[+-]?[0-9]{19,}\\s*$|_'))`,
  TIMESTAMP: (x, n) => `(${n} IS NOT NULL AND regexp_matches(${x}, '^[0-9]{4}[-/][0-9]'))`,
}

/**
 * A quick test that nearly all values of a type pass, and none that {@link fits} would refuse or that is missing. Texts
 * between `00` and `0:` begin with a zero and another digit; one shorter than 19 has no 19 digits. Most begin with another
 * digit, which the first comparison tells.
 */
const surelyFits: Record<Exclude<RawType, 'VARCHAR'>, (x: string, n: string) => string> = {
  ...fits,
  BIGINT: (x, n) => `${n}::VARCHAR = ${x}`,
  DOUBLE: (x, n) =>
    `${n} < 'infinity'::DOUBLE AND strlen(${x}) < 19 AND NOT contains(${x}, '_') AND (${x} >= '0:' OR (${x} >= '.' AND ${x} < '00') OR (${x} >= '-0:' AND ${x} < '.') OR (${x} >= '-.' AND ${x} < '-00'))`,
}

/** Rows that types are first guessed from; the whole file is checked while it is written. */
export const sampleRows = 20_000

/**
 * The narrowest type that all values of each text column fit. All columns go through one set of expressions, a row for each
 * value: with thousands of columns, a set for each takes longer to plan than to compute.
 */
export async function probeTypes(duck: Duck, source: string, names: readonly string[]): Promise<RawColumn[]> {
  const candidates = ['BOOLEAN', 'BIGINT', 'DOUBLE', 'TIMESTAMP'] as const
  const counts = candidates.map(
    (type) => `count(*) FILTER (WHERE ${fits[type]('x', castOf(type, 'x'))}) AS ${type}`,
  )
  const long = `SELECT unnest(range(${names.length})) AS c, unnest([${names.map(identifier).join(', ')}]) AS x FROM ${source}`
  const found = await duck.all(
    `SELECT c, count(*) AS present, ${counts.join(', ')} FROM (${long}) WHERE NOT ${isMissing('x')} GROUP BY c`,
  )
  const types = new Map<number, RawType>(
    found.map((row) => [
      Number(row.c),
      candidates.find((type) => Number(row[type]) === Number(row.present)) ?? 'VARCHAR',
    ]),
  )
  return names.map((name, i) => ({ name, type: types.get(i) ?? 'VARCHAR', isList: false }))
}

/** Marks the error of a value that does not fit the guessed type. */
export const misfit = 'graft-misfit'

/**
 * A query of text columns as their types; a value that does not fit stops it with `graft-misfit`. What is cast is computed
 * once, below the tests that look at it: DuckDB computes what stands in several branches for each of them.
 * @param from a FROM clause of the texts
 */
export function castTexts(columns: readonly RawColumn[], from: string): string {
  // Empty cells, quoted or not, are null as they are read.
  const inner = columns.flatMap(({ name, type }, i) => {
    const x = identifier(name)
    return [`${x} AS x${i}`, ...(type === 'VARCHAR' ? [] : [`${castOf(type, x)} AS n${i}`])]
  })
  const outer = columns.map(({ name, type }, i) => {
    const [x, n] = [`x${i}`, `n${i}`]
    const typed =
      type === 'VARCHAR'
        ? x
        : `CASE WHEN ${surelyFits[type](x, n)} THEN ${n} WHEN ${isMissing(x)} THEN NULL WHEN ${fits[type](x, n)} THEN ${n} ELSE error('${misfit} ' || ${x}) END`
    return `${typed} AS ${identifier(name)}`
  })
  return `SELECT ${outer.join(', ')} FROM (SELECT ${inner.join(', ')} FROM ${from})`
}

/** A column of new rows as the type that it had when it was learnt from; what does not fit is missing. */
export function castLeniently(column: RawColumn, isText: boolean): string {
  return `${leniently(column, isText).cast} AS ${identifier(column.name)}`
}

/** A value of new rows as it came (missing ones null), and as the type that its column had; null where it does not fit. */
export function leniently(
  { name, type, isList }: RawColumn,
  isText: boolean,
): { given: string; cast: string } {
  const x =
    isText && type !== 'VARCHAR' ? value(name) : isText ? `nullif(${identifier(name)}, '')` : identifier(name)
  const cast = isText ? castOf(type, x) : `TRY_CAST(${x} AS ${type}${isList ? '[]' : ''})`
  if (type !== 'BIGINT' || isList) return { given: x, cast }
  // A cast would round 3.5 to another id.
  const whole = `(${cast}::VARCHAR = ${x}::VARCHAR OR coalesce(TRY_CAST(${x} AS DOUBLE) = ${cast}::DOUBLE, true))`
  return { given: x, cast: `(CASE WHEN ${whole} THEN ${cast} END)` }
}

/** DuckDB's type of a typed source as one of ours; null where it is nested or bytes. */
export function rawTypeOf(found: string): { type: RawType; isList: boolean } | null {
  const isList = /\[[0-9]*\]$/.test(found)
  const element = isList ? found.replace(/\[[0-9]*\]$/, '') : found
  if (/\[|^(STRUCT|MAP|UNION|JSON|BLOB|BIT)/.test(element)) return null
  if (element === 'BOOLEAN') return { type: 'BOOLEAN', isList }
  if (/^U?(TINYINT|SMALLINT|INTEGER|BIGINT)$/.test(element) && element !== 'UBIGINT')
    return { type: 'BIGINT', isList }
  if (/^(FLOAT|DOUBLE|DECIMAL|HUGEINT|UHUGEINT|UBIGINT)/.test(element)) return { type: 'DOUBLE', isList }
  if (/^(TIMESTAMP|DATE)/.test(element)) return { type: 'TIMESTAMP', isList }
  return { type: 'VARCHAR', isList }
}
