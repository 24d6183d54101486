import { GraftError } from '../contract/errors'
import type { VectorArray, VectorFile } from './readers/reader'

/** A table that is read row by row: an attached one, or one that a run learnt. */
export interface TableRows {
  readonly file: VectorFile
  readonly array: VectorArray
}

export type Metric = 'cosine' | 'euclidean'

export interface Neighbor {
  readonly index: number
  /** Cosine of the angle between the two rows; 0 where one of them is zero. */
  readonly similarity: number
  /** Length of the difference of the two rows. */
  readonly distance: number
}

/** One row of a table. @throws GraftError `not-found` past its end */
export async function readRow({ file, array }: TableRows, index: number): Promise<Float32Array> {
  const [, width = 0] = array.shape
  for await (const block of file.read(array.name)) {
    const row = index - block.firstRow
    if (row < block.count) return block.rows.slice(row * width, (row + 1) * width)
  }
  throw new GraftError('not-found', `The table has no row ${index}.`, 'Choose an id of the column.')
}

export function normOf(vector: Float32Array): number {
  let squares = 0
  for (const value of vector) squares += value * value
  return Math.sqrt(squares)
}

/**
 * The rows nearest to a row, nearest first, in one pass over the whole table: exact. The row itself and the unknown row
 * are left out; of rows as near as each other, the one with the smaller index comes first.
 */
export async function findNeighbors(
  table: TableRows,
  index: number,
  k: number,
  metric: Metric,
): Promise<{ row: Float32Array; neighbors: Neighbor[] }> {
  const row = await readRow(table, index)
  const norm = normOf(row)
  const width = row.length
  const best: Neighbor[] = []
  const before = (a: Neighbor, b: Neighbor): boolean =>
    metric === 'cosine' ? a.similarity > b.similarity : a.distance < b.distance
  for await (const block of table.file.read(table.array.name)) {
    for (let r = 0; r < block.count; r++) {
      const other = block.firstRow + r
      if (other === index || other === 0) continue
      const candidate = { index: other, ...compare(row, norm, block.rows, r * width) }
      const last = best[k - 1]
      if (last && !before(candidate, last)) continue
      let place = best.length
      while (place > 0 && before(candidate, best[place - 1] ?? candidate)) place -= 1
      best.splice(place, 0, candidate)
      if (best.length > k) best.pop()
    }
  }
  return { row, neighbors: best }
}

/** @param at where the other row begins */
function compare(
  row: Float32Array,
  norm: number,
  rows: Float32Array,
  at: number,
): { similarity: number; distance: number } {
  let dot = 0
  let squares = 0
  let difference = 0
  for (let c = 0; c < row.length; c++) {
    const a = row[c] ?? 0
    const b = rows[at + c] ?? 0
    dot += a * b
    squares += b * b
    difference += (a - b) * (a - b)
  }
  const lengths = norm * Math.sqrt(squares)
  return { similarity: lengths > 0 ? dot / lengths : 0, distance: Math.sqrt(difference) }
}
