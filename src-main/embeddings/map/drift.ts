import { GraftError } from '../../contract/errors'
import { type TableRows } from '../neighbors'

/** How two versions of a table differ, row by row. */
export interface RowPairs {
  readonly distances: Float32Array // [rows], length of the difference
  readonly similarities: Float32Array // [rows], cosine; 1 where neither row has changed, 0 where one of them is zero
}

/** The L2 norm of every row. @returns [rows] */
export async function rowNorms({ file, array }: TableRows): Promise<Float32Array> {
  const [rows = 0, width = 0] = array.shape
  const norms = new Float32Array(rows)
  for await (const block of file.read(array.name)) {
    for (let r = 0; r < block.count; r++) {
      let squares = 0
      for (let i = r * width; i < (r + 1) * width; i++) squares += (block.rows[i] ?? 0) ** 2
      norms[block.firstRow + r] = Math.sqrt(squares)
    }
  }
  return norms
}

/**
 * Reads two versions of a table side by side; neither is ever held whole.
 * @throws GraftError `shape-mismatch` where they are not of one shape
 */
export async function readRowPairs(from: TableRows, to: TableRows): Promise<RowPairs> {
  const [rows = 0, width = 0] = to.array.shape
  const [otherRows, otherWidth] = from.array.shape
  if (rows !== otherRows || width !== otherWidth)
    throw new GraftError(
      'shape-mismatch',
      `The tables are ${otherRows} × ${otherWidth} and ${rows} × ${width}: their rows cannot be compared.`,
      'Compare versions of one table.',
    )
  const distances = new Float32Array(rows)
  const similarities = new Float32Array(rows)
  const others = rowsOf(from)
  let row = 0
  for await (const { rows: block, at } of rowsOf(to)) {
    const { value: other } = await others.next()
    if (!other) break
    let difference = 0
    let dot = 0
    let squares = 0
    let otherSquares = 0
    for (let c = 0; c < width; c++) {
      const a = other.rows[other.at + c] ?? 0
      const b = block[at + c] ?? 0
      difference += (a - b) * (a - b)
      dot += a * b
      otherSquares += a * a
      squares += b * b
    }
    const lengths = Math.sqrt(squares) * Math.sqrt(otherSquares)
    distances[row] = Math.sqrt(difference)
    similarities[row] = difference === 0 ? 1 : lengths > 0 ? Math.min(1, dot / lengths) : 0
    row += 1
  }
  await others.return(undefined)
  return { distances, similarities }
}

/** The rows one by one, whatever blocks the file is read in. */
async function* rowsOf({ file, array }: TableRows): AsyncGenerator<{ rows: Float32Array; at: number }> {
  const [, width = 0] = array.shape
  for await (const block of file.read(array.name))
    for (let r = 0; r < block.count; r++) yield { rows: block.rows, at: r * width }
}
