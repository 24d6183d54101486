import type { DerivedColumn } from '../../contract/tables'
import { identifier, literal, type Duck } from '../duckdb'
import type { RawColumn } from '../sources/types'
import { derivedType, type FittedColumn, type FittedEncoding, type IdColumn } from './fitted'
import { itemIds, itemNumbers, itemsOf, vectorOf } from './lists'

/** A raw column as a finite number or null, in SQL. */
export function numberOf({ name, type }: Pick<RawColumn, 'name' | 'type'>): string {
  const x = identifier(name)
  if (type === 'TIMESTAMP') return `epoch(${x})::DOUBLE`
  if (type === 'BIGINT' || type === 'BOOLEAN') return `${x}::DOUBLE`
  const number = type === 'VARCHAR' ? `TRY_CAST(${x} AS DOUBLE)` : `${x}::DOUBLE`
  return `(CASE WHEN isfinite(${number}) THEN ${number} END)`
}

/** The columns that an encoding gives: their names and their SQL over raw rows. */
export interface EncodedColumn {
  name: string
  sql: string
}

/** The type of a domain's values, whose codes are their ids less one. */
const domainTypeName = (domain: string): string => identifier(`graft domain ${domain}`)

/** The type of a column's values that only its tables know. */
export const extraTypeName = (column: string): string => identifier(`graft extra ${column}`)

/**
 * The vocabularies that values are looked up in, to be joined with the rows. Joins keep no order: who needs the rows in
 * theirs sorts by `graft_row`. (A cast to an enumeration would keep it, and takes three times as long.)
 * @param vocabulary a FROM clause of a domain's vocabulary (index, value)
 */
export function lookupJoins(
  columns: readonly FittedColumn[],
  vocabulary: (domain: string) => string,
): string {
  return columns
    .map((column, i) => {
      if (column.kind !== 'categorical' || column.hashed) return ''
      const value = identifier(`graft value ${i}`)
      const found = `(SELECT value AS ${value}, index AS ${idName(i)} FROM ${vocabulary(column.domain)})`
      return ` LEFT JOIN ${found} ON ${identifier(column.column)}::VARCHAR = ${value}`
    })
    .join('')
}

/** The column of {@link lookupJoins} with the id of a row's value in the i-th fitted column. */
const idName = (i: number): string => identifier(`graft id ${i}`)

/**
 * Makes the types that items of lists are looked up by: what is in a list cannot be joined.
 * @param vocabulary a FROM clause of a domain's vocabulary
 */
export async function prepareDomains(
  duck: Duck,
  columns: readonly FittedColumn[],
  vocabulary: (domain: string) => string,
): Promise<void> {
  const domains = new Set(
    columns.flatMap((column) => (column.kind === 'items' && !column.hashed ? [column.domain] : [])),
  )
  for (const domain of domains) {
    const [counted] = await duck.all(`SELECT count(*)::INTEGER AS n FROM ${vocabulary(domain)}`)
    // There is no enumeration of nothing; no item is an empty text.
    const values =
      Number(counted?.n ?? 0) === 0 ? "('')" : `(SELECT value FROM ${vocabulary(domain)} ORDER BY index)`
    await duck.run(`DROP TYPE IF EXISTS ${domainTypeName(domain)}`)
    await duck.run(`CREATE TYPE ${domainTypeName(domain)} AS ENUM ${values}`)
  }
}

/** Derived columns that need nothing but their row, as SQL over raw ones. */
export function derivedSelection(derived: readonly DerivedColumn[]): string[] {
  return derived.flatMap((of) => {
    if (of.kind !== 'threshold') return []
    const x = identifier(of.column)
    return [
      `CASE WHEN ${x} IS NULL THEN NULL WHEN ${x}::DOUBLE > ${of.above} THEN 1 ELSE 0 END::BIGINT AS ${identifier(of.name)}`,
    ]
  })
}

/**
 * The encoded columns of fitted ones, over rows with {@link lookupJoins} and after {@link prepareDomains}.
 * @param extra by column, the rows of values that the vocabulary lacks, after `prepareExtraIds`
 */
export function encodedColumns(
  encoding: FittedEncoding,
  targets = true,
  extra: ReadonlyMap<string, readonly number[]> = new Map(),
): EncodedColumn[] {
  const raw = new Map<string, Pick<RawColumn, 'name' | 'type'>>(
    encoding.raw.map((column) => [column.name, column]),
  )
  for (const derived of encoding.derived) raw.set(derived.name, derivedType(derived))
  return encoding.columns.flatMap((fitted, i): EncodedColumn[] => {
    const column = raw.get(fitted.column) ?? { name: fitted.column, type: 'VARCHAR' }
    switch (fitted.kind) {
      case 'categorical':
        return [
          {
            name: column.name,
            sql: `${idOf(fitted, identifier(column.name), idName(i), extra.get(column.name))}::INTEGER`,
          },
        ]
      case 'continuous':
        return continuous(fitted, column)
      case 'list': {
        const items = `list_transform(${itemsOf(column.name, fitted.separator)}, item -> lower(item))`
        return fitted.items.map((item) => ({
          name: `${column.name}=${item}`,
          sql: `coalesce(list_contains(${items}, lower(${literal(item)})), false)::TINYINT`,
        }))
      }
      case 'items': {
        const type = domainTypeName(fitted.domain)
        const known = (item: string): string =>
          `enum_code(TRY_CAST(${item}::VARCHAR AS ${type}))::INTEGER + ${fitted.firstId}`
        const id = (item: string): string => idOf(fitted, item, known(item), extra.get(column.name))
        return [{ name: column.name, sql: itemIds(fitted, id) }]
      }
      case 'numbers':
        return [{ name: column.name, sql: itemNumbers(fitted) }]
      case 'vector':
        return [{ name: column.name, sql: vectorOf(fitted) }]
      case 'target':
        return targets ? [{ name: column.name, sql: targetOf(fitted, column) }] : []
    }
  })
}

/**
 * The id of a value, in SQL.
 * @param known the id that its vocabulary gives it, null where it has none
 */
function idOf(fitted: IdColumn, x: string, known: string, extra: readonly number[] = []): string {
  const text = `${x}::VARCHAR`
  const beyond =
    extra.length > 0
      ? `, [${extra.join(', ')}][enum_code(TRY_CAST(${text} AS ${extraTypeName(fitted.column)}))::INTEGER + 1]`
      : ''
  // MD5, for DuckDB's own hash may change with its version.
  const id = fitted.hashed
    ? `(md5_number_lower(${text}) % ${fitted.size - (fitted.nullId > 0 ? 1 : 0)}) + 1`
    : `coalesce(${known}${beyond}, ${fitted.unknownId})`
  // A vocabulary has no null, so a missing value finds nothing in it.
  return fitted.nullId === 0 && !fitted.hashed
    ? id
    : `(CASE WHEN ${x} IS NULL THEN ${fitted.nullId} ELSE ${id} END)`
}

function continuous(
  fitted: Extract<FittedColumn, { kind: 'continuous' }>,
  column: Pick<RawColumn, 'name' | 'type'>,
): EncodedColumn[] {
  const x = numberOf(column)
  const usable = fitted.transform === 'log1p' ? `(CASE WHEN ${x} > -1 THEN ${x} END)` : x
  const filled = `coalesce(${usable}, ${fitted.fill}::DOUBLE)`
  const { edges, shift, scale } = fitted
  let value = filled
  if (fitted.transform === 'quantile')
    value =
      edges.length === 0
        ? '0'
        : `len(list_filter([${edges.map((edge) => `${edge}::DOUBLE`).join(', ')}], edge -> ${filled} > edge)) / ${edges.length}::DOUBLE`
  else if (fitted.transform === 'log1p') value = `(ln(1 + ${filled}) - (${shift})) / ${scale}`
  else if (fitted.transform !== 'none') value = `(${filled} - (${shift})) / ${scale}`
  const out = [{ name: column.name, sql: `(${value})::FLOAT` }]
  if (fitted.indicator) out.push({ name: `${column.name}_missing`, sql: `(${usable} IS NULL)::TINYINT` })
  return out
}

function targetOf(
  fitted: Extract<FittedColumn, { kind: 'target' }>,
  column: Pick<RawColumn, 'name' | 'type'>,
): string {
  if (fitted.positive !== null) return `(${identifier(column.name)} = ${literal(fitted.positive)})::TINYINT`
  const x = numberOf(column)
  return fitted.binary ? `${x}::TINYINT` : `${x}::DOUBLE`
}
