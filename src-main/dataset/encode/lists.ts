import { GraftError } from '../../contract/errors'
import type { ColumnEncoding } from '../../contract/tables'
import { identifier, literal, type Duck } from '../duckdb'
import type { RawColumn } from '../sources/types'
import type { FittedColumn } from './fitted'

type ListEncoding = Extract<ColumnEncoding, { kind: 'list' }>
type Fitted<K extends FittedColumn['kind']> = Extract<FittedColumn, { kind: K }>

/** Columns of 0 and 1 that a list becomes where nobody says how many, and never more. */
const indicators = { usual: 32, most: 1000 }

/** The items of a list or of a text that is one, trimmed, in SQL. */
export function itemsOf(name: string, separator: string | null): string {
  const x = identifier(name)
  const items = separator === null ? `${x}::VARCHAR[]` : `string_split(${x}, ${literal(separator)})`
  return `list_transform(${items}, item -> trim(item))`
}

/** The items that have an id: all but empty texts (`a||b` holds two). */
export function namedItems(name: string, separator: string | null): string {
  return `list_filter(${itemsOf(name, separator)}, item -> item IS NULL OR item <> '')`
}

/** Numbers of a list, or of a text that may stand in brackets; null for what is no finite number. */
function numbersOf(name: string, separator: string | null): string {
  const x = identifier(name)
  const items =
    separator === null ? `${x}::VARCHAR[]` : `string_split(trim(${x}, '[]() '), ${literal(separator)})`
  return `list_transform(${items}, item -> CASE WHEN isfinite(TRY_CAST(trim(item) AS FLOAT)) THEN TRY_CAST(trim(item) AS FLOAT) END)`
}

/**
 * The ids of a list, in SQL; a missing list is an empty one.
 * @param id an item's id in SQL, of the item in SQL
 */
export function itemIds({ column, separator }: Fitted<'items'>, id: (item: string) => string): string {
  return `coalesce(list_transform(${namedItems(column, separator)}, item -> ${id('item')}::INTEGER), []::INTEGER[])`
}

/** The numbers of a list, in SQL: what is no number weighs nothing. */
export function itemNumbers({ column, separator }: Fitted<'numbers'>): string {
  return `coalesce(list_transform(${numbersOf(column, separator)}, item -> coalesce(item, 0)::FLOAT), []::FLOAT[])`
}

/** A vector in SQL: zeros where it is missing, or does not fit. */
export function vectorOf({ column, separator, width }: Fitted<'vector'>): string {
  const numbers = numbersOf(column, separator)
  const fits = `len(${numbers}) = ${width} AND len(list_filter(${numbers}, item -> item IS NULL)) = 0`
  return `(CASE WHEN ${fits} THEN ${numbers}::FLOAT[] ELSE list_resize([]::FLOAT[], ${width}, 0::FLOAT) END)`
}

/** Items in the shortest and the longest list of all rows: not learnt, only made room for. */
export async function countItems(
  duck: Duck,
  all: string,
  { name }: RawColumn,
  separator: string | null,
): Promise<{ min: number; max: number }> {
  const length = `coalesce(len(${namedItems(name, separator)}), 0)`
  const [found] = await duck.all(
    `SELECT min(${length})::INTEGER AS low, max(${length})::INTEGER AS high FROM ${all}`,
  )
  return { min: Number(found?.low ?? 0), max: Number(found?.high ?? 0) }
}

/** The items that get a column of 0 and 1: the most frequent of the training rows. */
export async function fitIndicators(
  duck: Duck,
  from: string,
  column: RawColumn,
  { separator, minCount, maxSize }: ListEncoding,
): Promise<FittedColumn> {
  const limit = Math.min(maxSize ?? indicators.usual, indicators.most)
  const found = await duck.all(
    `SELECT item, count(*) AS n FROM (SELECT unnest(list_distinct(${itemsOf(column.name, separator)})) AS item FROM ${from}) WHERE item IS NOT NULL AND item <> '' GROUP BY item HAVING count(*) >= ${minCount} ORDER BY n DESC, item LIMIT ${limit}`,
  )
  // Names of columns do not tell upper from lower case: the more frequent spelling stands for both.
  const items = new Map<string, string>()
  for (const row of found) {
    const item = String(row.item)
    if (!items.has(item.toLowerCase())) items.set(item.toLowerCase(), item)
  }
  return { kind: 'list', column: column.name, separator, items: [...items.values()] }
}

/** The width of a column's vectors, which all rows share. @throws GraftError `invalid-data`, `non-finite` */
export async function fitVector(
  duck: Duck,
  all: string,
  column: RawColumn,
  separator: string | null,
): Promise<FittedColumn> {
  const { name } = column
  if (!column.isList && separator === null)
    throw new GraftError(
      'invalid-setting',
      `Column ${name} holds no lists of numbers, so it cannot be taken for vectors.`,
      'Say what separates the numbers of its texts, or choose another role.',
      { column: name },
    )
  const numbers = numbersOf(name, separator)
  const [found] = await duck.all(
    `SELECT min(len(v))::INTEGER AS low, max(len(v))::INTEGER AS high, (count(*) FILTER (WHERE len(list_filter(v, item -> item IS NULL)) > 0))::DOUBLE AS bad FROM (SELECT ${numbers} AS v FROM ${all}) WHERE v IS NOT NULL`,
  )
  const [low, high, bad] = [Number(found?.low ?? 0), Number(found?.high ?? 0), Number(found?.bad ?? 0)]
  if (low !== high || high === 0)
    throw new GraftError(
      'invalid-data',
      high === 0
        ? `column ${name} has no vector in any row.`
        : `column ${name} holds vectors of ${low} to ${high} numbers: the model takes vectors of one width.`,
      'Set its role to ignored, or make all of one width.',
      { column: name },
    )
  if (bad > 0)
    throw new GraftError(
      'non-finite',
      `column ${name} has ${bad} ${bad === 1 ? 'row' : 'rows'} with something that is no finite number in the vector.`,
      'Replace NaN, infinity and empty places, or leave out the whole vector.',
      { column: name },
    )
  return { kind: 'vector', column: name, separator, width: high }
}
