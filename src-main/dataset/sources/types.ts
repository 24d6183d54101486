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
 * Whether a text is a value of the type and loses nothing by being stored so: an integer reads back as it was written, so
 * `007` and `+1` stay text; so do codes of more digits than a double holds.
 */
const fits: Record<Exclude<RawType, 'VARCHAR'>, (x: string) => string> = {
  BOOLEAN: (x) => `lower(${x}) IN ('true', 'false')`,
  BIGINT: (x) => `coalesce(TRY_CAST(${x} AS BIGINT)::VARCHAR = ${x}, false)`,
  DOUBLE: (x) =>
    `(TRY_CAST(${x} AS DOUBLE) IS NOT NULL AND NOT regexp_matches(${x}, '^[+-]?0[0-9]|^[+-]?[0-9]{19,}$'))`,
  TIMESTAMP: (x) => `(${castOf('TIMESTAMP', x)} IS NOT NULL AND regexp_matches(${x}, '^[0-9]{4}[-/][0-9]'))`,
}

/**
 * A quick test that nearly all values of a type pass, and none that {@link fits} would refuse or that is missing. Texts
 * between `00` and `0:` begin with a zero and another digit; one shorter than 19 has no 19 digits.
 */
const surelyFits: Record<Exclude<RawType, 'VARCHAR'>, (x: string) => string> = {
  ...fits,
  BIGINT: (x) => `TRY_CAST(${x} AS BIGINT)::VARCHAR = ${x}`,
  DOUBLE: (x) =>
    `TRY_CAST(${x} AS DOUBLE) < 'infinity'::DOUBLE AND strlen(${x}) < 19 AND ${['', '-', '+'].map((sign) => `(${x} < '${sign}00' OR ${x} >= '${sign}0:')`).join(' AND ')}`,
}

/** Columns probed in one statement: thousands of them at once make a plan that takes longer than the work. */
const probeColumns = 100
/** Rows that types are first guessed from; the whole file is checked while it is written. */
export const sampleRows = 20_000

/** The narrowest type that all values of each text column fit. @param rows how many rows to look at; null for all */
export async function probeTypes(
  duck: Duck,
  source: string,
  names: readonly string[],
  rows: number | null,
): Promise<RawColumn[]> {
  const columns: RawColumn[] = []
  const candidates = ['BOOLEAN', 'BIGINT', 'DOUBLE', 'TIMESTAMP'] as const
  for (let first = 0; first < names.length; first += probeColumns) {
    const slice = names.slice(first, first + probeColumns)
    const selected = slice.map((name, i) => `${value(name)} AS x${i}`).join(', ')
    const counts = slice.flatMap((_, i) => [
      `count(x${i}) AS n${i}`,
      ...candidates.map((type, t) => `count(*) FILTER (WHERE ${fits[type](`x${i}`)}) AS c${i}_${t}`),
    ])
    const limit = rows === null ? '' : ` LIMIT ${rows}`
    const [found] = await duck.all(
      `SELECT ${counts.join(', ')} FROM (SELECT ${selected} FROM ${source}${limit})`,
    )
    slice.forEach((name, i) => {
      const present = Number(found?.[`n${i}`] ?? 0)
      const type =
        present === 0 ? undefined : candidates.find((_, t) => Number(found?.[`c${i}_${t}`] ?? 0) === present)
      columns.push({ name, type: type ?? 'VARCHAR', isList: false })
    })
  }
  return columns
}

/** Marks the error of a value that does not fit the guessed type. */
export const misfit = 'graft-misfit'

/** A text column as its type; a value that does not fit stops the statement with `graft-misfit`. */
export function castText({ name, type }: RawColumn): string {
  // Empty cells, quoted or not, are null as they are read.
  if (type === 'VARCHAR') return identifier(name)
  const x = identifier(name)
  const cast = castOf(type, x)
  return `CASE WHEN ${surelyFits[type](x)} THEN ${cast} WHEN ${isMissing(x)} THEN NULL WHEN ${fits[type](x)} THEN ${cast} ELSE error('${misfit} ' || ${x}) END AS ${x}`
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
