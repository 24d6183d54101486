import { open, type FileHandle } from 'node:fs/promises'
import { littleEndianBytes, TableHash } from './hash'
import { formatNpyHeader } from './readers/npyHeader'

/** What is known of a written table. */
export interface WrittenTable {
  readonly bytes: number
  /** Where the float32 rows begin: a multiple of 64. */
  readonly dataOffset: number
  /** SHA-256 of the little-endian float32 rows. */
  readonly hash: string
}

/** Writes a table as `.npy` (float32, little-endian, C order), block by block, and hashes its rows on the way. */
export class NpyWriter {
  private readonly hash = new TableHash()
  private written = 0

  private constructor(
    private readonly handle: FileHandle,
    private readonly numbers: number,
    private readonly dataOffset: number,
  ) {}

  /** Creates the file, which must not exist. */
  static async create(path: string, rows: number, width: number): Promise<NpyWriter> {
    const handle = await open(path, 'wx')
    try {
      const header = formatNpyHeader(rows, width)
      await writeAll(handle, header)
      return new NpyWriter(handle, rows * width, header.length)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** @param rows [count, width], the rows that follow those written before */
  async write(rows: Float32Array): Promise<void> {
    const writing = writeAll(this.handle, littleEndianBytes(rows))
    // On another thread; meanwhile this one hashes.
    writing.catch(() => undefined)
    this.hash.add(rows)
    await writing
    this.written += rows.length
  }

  /** Makes the file durable and closes it. @throws RangeError where the rows do not add up to the header's shape */
  async finish(): Promise<WrittenTable> {
    if (this.written !== this.numbers) {
      throw new RangeError(`${this.written} of ${this.numbers} numbers were written.`)
    }
    await this.handle.sync()
    await this.handle.close()
    return { bytes: this.dataOffset + this.written * 4, dataOffset: this.dataOffset, hash: this.hash.hex() }
  }

  /** Closes an unfinished file after a failure; the caller removes it. */
  async abandon(): Promise<void> {
    await this.handle.close().catch(() => undefined)
  }
}

/** A single call may write less than it was given, on a disk that is filling up for one. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten
  }
}

/** Writes a table in memory as a new `.npy` file. @param table [rows, width] */
export async function writeNpy(path: string, table: Float32Array, width: number): Promise<WrittenTable> {
  const rows = table.length / width
  const writer = await NpyWriter.create(path, rows, width)
  try {
    const blockRows = Math.max(1, Math.floor(262_144 / width))
    for (let row = 0; row < rows; row += blockRows) {
      await writer.write(table.subarray(row * width, Math.min(rows, row + blockRows) * width))
    }
    return await writer.finish()
  } catch (error) {
    await writer.abandon()
    throw error
  }
}
