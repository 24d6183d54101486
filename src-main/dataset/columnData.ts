import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  FLOAT,
  INTEGER,
  LIST,
  SMALLINT,
  TINYINT,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  VARCHAR,
  type DuckDBType,
} from '@duckdb/node-api'
import type { Dtype } from '../schema'

/** The values of one column in memory: numbers, or text. */
export type ColumnValues = Int32Array | Float32Array | Float64Array | string[]

/** A column in memory, as it is written to Parquet. `offsets` (rows + 1 of them) makes it a column of lists. */
export interface ColumnData {
  name: string
  dtype: Dtype
  values: ColumnValues
  offsets?: Int32Array
}

const types: Readonly<Record<Dtype, DuckDBType>> = {
  int8: TINYINT,
  int16: SMALLINT,
  int32: INTEGER,
  int64: BIGINT,
  uint8: UTINYINT,
  uint16: USMALLINT,
  uint32: UINTEGER,
  uint64: UBIGINT,
  // Parquet has no half precision that readers agree on.
  float16: FLOAT,
  float32: FLOAT,
  float64: DOUBLE,
  string: VARCHAR,
  bool: BOOLEAN,
  unknown: VARCHAR,
}

/** DuckDB's type for one of the schema's. */
export function duckType(dtype: Dtype, isList = false): DuckDBType {
  return isList ? LIST(types[dtype]) : types[dtype]
}

/** Rows of a column. */
export function rowsOf(column: ColumnData): number {
  return column.offsets ? column.offsets.length - 1 : column.values.length
}
