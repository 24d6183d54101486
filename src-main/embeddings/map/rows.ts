import { GraftError } from '../../contract/errors'
import { type TableRows } from '../neighbors'

/** Row 0 stands for unknown ids and is no point of a map. */
export const firstId = 1

/** Turns every row into its direction, in place; rows of zeros stay. @param rows [count, width] */
export function toDirections(rows: Float32Array, width: number): void {
  for (let start = 0; start < rows.length; start += width) {
    let squares = 0
    for (let i = start; i < start + width; i++) squares += (rows[i] ?? 0) ** 2
    if (squares <= 0) continue
    const scale = 1 / Math.sqrt(squares)
    for (let i = start; i < start + width; i++) rows[i] = (rows[i] ?? 0) * scale
  }
}

/**
 * Draws rows of the ids at random, each with the same probability, in rising order (Knuth, "The Art of Computer
 * Programming", 3.4.2, algorithm S).
 * @param rows rows of the table, unknown included
 */
export function drawRows(rows: number, wanted: number, random: () => number): Int32Array {
  const ids = rows - firstId
  const chosen = new Int32Array(Math.min(ids, wanted))
  let taken = 0
  for (let id = 0; id < ids && taken < chosen.length; id++)
    if ((ids - id) * random() < chosen.length - taken) chosen[taken++] = id + firstId
  return chosen
}

export type OnRows = (done: number, total: number) => void

/** Every row of a table in turn; a visit that gives a promise is waited for. @throws GraftError `non-finite` at the first row that holds NaN or infinity */
export async function forEachRow(
  { file, array }: TableRows,
  visit: (row: number, values: Float32Array, at: number) => void | Promise<void>,
  onRows: OnRows,
): Promise<void> {
  const [rows = 0, width = 0] = array.shape
  for await (const block of file.read(array.name)) {
    for (let r = 0; r < block.count; r++) {
      const at = r * width
      let sum = 0
      for (let c = 0; c < width; c++) sum += Math.abs(block.rows[at + c] ?? 0)
      if (!Number.isFinite(sum))
        throw new GraftError(
          'non-finite',
          `Row ${block.firstRow + r} of the table holds NaN or infinity.`,
          'Such a row lies nowhere on a map: attach vectors without, or train with a smaller learning rate.',
          { row: block.firstRow + r },
        )
      const visited = visit(block.firstRow + r, block.rows, at)
      if (visited) await visited
    }
    onRows(block.firstRow + block.count, rows)
  }
}

/** The chosen rows in memory. @returns [chosen, width] */
export async function readChosen(
  table: TableRows,
  chosen: Int32Array,
  onRows: OnRows,
): Promise<Float32Array> {
  const [, width = 0] = table.array.shape
  const values = new Float32Array(chosen.length * width)
  let next = 0
  await forEachRow(
    table,
    (row, rows, at) => {
      if (chosen[next] !== row) return
      values.set(rows.subarray(at, at + width), next * width)
      next += 1
    },
    onRows,
  )
  return values
}
