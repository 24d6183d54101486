import type { DuckDBDataChunk } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'

/**
 * Numbers of a chunk as DuckDB holds them, without an object or a call for each: a table of vectors has hundreds of
 * millions. They are copied out before the chunk goes.
 */
export interface NumberColumn {
  /** What stands in the place of a gap is undefined. */
  readonly values: Float32Array | Float64Array
  /** One bit an item, the lowest first, 0 for a gap; null where there are none. */
  readonly valid: Uint8Array | null
}

/** Lists of numbers: item i is `items.values` from `places[2 i]` on, `places[2 i + 1]` of them. */
export interface ListColumn {
  readonly places: BigUint64Array // [rows, 2]
  readonly valid: Uint8Array | null
  readonly items: NumberColumn
}

/** Types that numbers are cast to in the query. */
export type NumberType = 'FLOAT' | 'DOUBLE'

type Vector = ReturnType<typeof duckdb.data_chunk_get_vector>

export function isValid(valid: Uint8Array | null, index: number): boolean {
  return valid === null || ((valid[index >> 3] ?? 0) & (1 << (index & 7))) !== 0
}

function validity(vector: Vector, count: number): Uint8Array | null {
  // Undefined in spite of its type where nothing is missing.
  const bytes: Uint8Array | null | undefined = duckdb.vector_get_validity(vector, Math.ceil(count / 64) * 8)
  return bytes ?? null
}

function numbersOf(vector: Vector, count: number, type: NumberType): NumberColumn {
  const valid = validity(vector, count)
  if (type === 'FLOAT') {
    const { buffer, byteOffset } = duckdb.vector_get_data(vector, count * 4)
    return { values: new Float32Array(buffer, byteOffset, count), valid }
  }
  const { buffer, byteOffset } = duckdb.vector_get_data(vector, count * 8)
  return { values: new Float64Array(buffer, byteOffset, count), valid }
}

/** A column of the chunk that the query cast to `type`. */
export function numberColumn(chunk: DuckDBDataChunk, column: number, type: NumberType): NumberColumn {
  return numbersOf(duckdb.data_chunk_get_vector(chunk.chunk, column), chunk.rowCount, type)
}

/** A column of the chunk that the query cast to lists of `type`. */
export function listColumn(chunk: DuckDBDataChunk, column: number, type: NumberType): ListColumn {
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, column)
  const { rowCount } = chunk
  const { buffer, byteOffset } = duckdb.vector_get_data(vector, rowCount * 16)
  const child = duckdb.list_vector_get_child(vector)
  return {
    places: new BigUint64Array(buffer, byteOffset, 2 * rowCount),
    valid: validity(vector, rowCount),
    items: numbersOf(child, duckdb.list_vector_get_size(vector), type),
  }
}
