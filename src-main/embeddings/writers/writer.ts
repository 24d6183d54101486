import type { TableFormat } from '../../contract'
import type { FileSink } from './sink'
import { breathe } from '../breathe'

/** A table on its way out: rows with a key each. */
export interface OutgoingTable {
  readonly rows: number
  readonly width: number
  /** The key of a row. */
  key(row: number): string
  /** The rows, top to bottom, in blocks [count, width] that the next one overwrites. */
  blocks(): AsyncIterable<Float32Array>
}

/** A format that tables are written in. A new one is a file with such a constant, and one line in `writers/index.ts`. */
export interface TableWriter {
  readonly format: TableFormat
  /** Endings, with the dot, that stand for it; the first one is proposed. */
  readonly extensions: readonly string[]
  /** The files that are written for a path that somebody chose. */
  paths(path: string): readonly string[]
  /**
   * Writes the table into one open file for each of `paths`.
   * @throws GraftError `invalid-setting` for keys that the format cannot hold
   */
  write(files: readonly FileSink[], table: OutgoingTable): Promise<void>
}

/** Keys that are worked on before other work gets a turn. */
export const keysAtOnce = 65_536

/** Keys a piece at a time, in the order of the rows. */
export function* keyPieces(table: OutgoingTable): Generator<string[]> {
  for (let row = 0; row < table.rows; row += keysAtOnce) {
    const count = Math.min(keysAtOnce, table.rows - row)
    yield Array.from({ length: count }, (_, i) => table.key(row + i))
  }
}

/** Whether all keys are whole numbers as they are usually written, so that they can be stored as int64. */
export async function areIntegers(table: OutgoingTable): Promise<boolean> {
  for (const keys of keyPieces(table)) {
    if (!keys.every((key) => /^(?:0|-?[1-9]\d{0,17})$/.test(key))) return false
    await breathe()
  }
  return true
}

/** int64, little-endian. */
export function integerBytes(keys: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(8 * keys.length)
  const view = new DataView(bytes.buffer)
  keys.forEach((key, i) => view.setBigInt64(8 * i, BigInt(key), true))
  return bytes
}
