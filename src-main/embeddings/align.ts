import { totalmem } from 'node:os'
import { GraftError } from '../contract/errors'
import type { RowBlock } from './readers/reader'
import type { Vocabulary } from './vocabulary'

/** A table in the order of a column's ids, before missing rows are filled. */
export interface AlignedTable {
  readonly rows: number
  readonly width: number
  readonly values: Float32Array // [rows, width]
  /** 1 where the id has a vector of its own. The unknown row has one only where the file brings it. */
  readonly present: Uint8Array // [rows]
}

export interface KeyCounts {
  /** Distinct keys without an id. */
  readonly extra: ReadonlySet<string>
  /** Rows whose key came before: the first one is taken. */
  readonly duplicates: number
  /** Rows without a key. */
  readonly empty: number
  /** Rows with NaN or infinity. They count as missing. */
  readonly nonFinite: number
}

/**
 * Makes room for a table, or says before anything is read that there is none.
 * @throws GraftError `out-of-memory`
 */
export function allocateTable(rows: number, width: number, name: string): Float32Array {
  const bytes = 4 * rows * width
  const limit = Math.floor(totalmem() * 0.6)
  const tooLarge = (): GraftError =>
    new GraftError(
      'out-of-memory',
      `A table of ${rows.toLocaleString('en-US')} × ${width.toLocaleString('en-US')} numbers takes ` +
        `${(bytes / 2 ** 30).toFixed(1)} GiB for ${name}; this machine can spare ${(limit / 2 ** 30).toFixed(1)} GiB.`,
      'Reduce the width where the vectors are made, or use a machine with more memory.',
      { bytes, limit },
    )
  if (bytes > limit) throw tooLarge()
  try {
    return new Float32Array(rows * width)
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge()
    throw error
  }
}

/**
 * Lays rows that carry keys into the order of a vocabulary. The first row of a key is taken.
 * @param blocks rows with their keys
 * @param onRows called with the number of rows read
 */
export async function alignByKey(
  blocks: AsyncIterable<RowBlock>,
  width: number,
  vocabulary: Vocabulary,
  name: string,
  onRows: (rows: number) => void,
): Promise<{ table: AlignedTable; counts: KeyCounts }> {
  const rows = vocabulary.size + 1
  const values = allocateTable(rows, width, name)
  const seen = new Uint8Array(rows)
  const present = new Uint8Array(rows)
  const extra = new Set<string>()
  let duplicates = 0
  let empty = 0
  let nonFinite = 0
  for await (const block of blocks) {
    const { keys } = block
    if (!keys) throw new GraftError('internal', 'Rows without keys cannot be aligned by key.')
    for (let row = 0; row < block.count; row++) {
      const vector = block.rows.subarray(row * width, (row + 1) * width)
      const finite = isFinite(vector)
      if (!finite) nonFinite += 1
      const key = keys[row] ?? ''
      if (key === '') {
        empty += 1
        continue
      }
      const id = vocabulary.idOf(key)
      if (id < 0) {
        if (extra.has(key)) duplicates += 1
        else extra.add(key)
      } else if (seen[id] === 1) {
        duplicates += 1
      } else {
        seen[id] = 1
        if (!finite) continue
        present[id] = 1
        values.set(vector, id * width)
      }
    }
    onRows(block.firstRow + block.count)
  }
  return { table: { rows, width, values, present }, counts: { extra, duplicates, empty, nonFinite } }
}

function isFinite(vector: Float32Array): boolean {
  for (let i = 0; i < vector.length; i++) if (!Number.isFinite(vector[i])) return false
  return true
}
