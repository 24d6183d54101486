import type { DuckDBValue } from '@duckdb/node-api'
import type { Json } from '../schema'

/**
 * A value of DuckDB as JSON for the preview: integers past 2^53 as text, NaN and infinity by name, lists as arrays,
 * bytes in hexadecimal, times and the like as DuckDB prints them.
 */
export function toJsonCell(value: DuckDBValue): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  if ('bytes' in value && value.bytes instanceof Uint8Array) return Buffer.from(value.bytes).toString('hex')
  if ('items' in value && Array.isArray(value.items))
    return value.items.map((item: DuckDBValue) => toJsonCell(item))
  return String(value)
}
