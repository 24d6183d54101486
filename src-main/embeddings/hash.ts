import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { endianness } from 'node:os'

/** The bytes of float32 rows as they are stored and hashed: little-endian. A view where the machine is so, else a copy. */
export function littleEndianBytes(rows: Float32Array): Uint8Array {
  const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength)
  return endianness() === 'LE' ? bytes : Buffer.from(bytes).swap32()
}

/** SHA-256 of little-endian float32 rows: the hash by which tables are compared in every proof. */
export class TableHash {
  private readonly hash: Hash = createHash('sha256')

  add(rows: Float32Array): void {
    this.hash.update(littleEndianBytes(rows))
  }

  hex(): string {
    return this.hash.digest('hex')
  }
}

/** The hash of a whole table. */
export function hashTable(rows: Float32Array): string {
  const hash = new TableHash()
  // Pieces keep the native call short for tables of gigabytes.
  const piece = 1 << 24
  for (let start = 0; start < rows.length; start += piece) hash.add(rows.subarray(start, start + piece))
  return hash.hex()
}

/** SHA-256 of a file's bytes. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const stream = createReadStream(path, { highWaterMark: 1 << 20, signal })
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}

/**
 * Mean L2 distance between the rows of two tables of the same shape: how far training moved a row, over all rows.
 * @param before [rows, width]
 * @param after [rows, width]
 */
export function meanRowMovement(before: Float32Array, after: Float32Array, width: number): number {
  if (before.length !== after.length || width < 1 || before.length % width !== 0) {
    throw new RangeError(
      `Tables of ${before.length} and ${after.length} numbers, ${width} wide, cannot be compared.`,
    )
  }
  const rows = before.length / width
  let total = 0
  for (let row = 0; row < rows; row++) {
    let squares = 0
    for (let i = row * width; i < (row + 1) * width; i++) {
      const difference = (after[i] ?? 0) - (before[i] ?? 0)
      squares += difference * difference
    }
    total += Math.sqrt(squares)
  }
  return rows === 0 ? 0 : total / rows
}
