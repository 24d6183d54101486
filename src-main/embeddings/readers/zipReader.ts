import { Readable } from 'node:stream'
import { RandomAccessReader } from 'yauzl'
import type { FileSource } from './source'

/** How much of a member is read at a time. */
const pieceBytes = 1 << 18

/**
 * A file as the zip library reads it. By itself it hands places that a damaged archive names to the file system as they
 * are, which throws where nobody can catch it; here they are held against the file's size.
 */
export class ZipFileReader extends RandomAccessReader {
  constructor(private readonly source: FileSource) {
    super()
  }

  private holds(start: number, end: number): boolean {
    return (
      Number.isSafeInteger(start) &&
      Number.isSafeInteger(end) &&
      0 <= start &&
      start <= end &&
      end <= this.source.size
    )
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    if (!this.holds(position, position + length)) {
      setImmediate(() => callback(new Error(`it points to ${length} bytes at ${position}, past its end`)))
      return
    }
    this.source.read(buffer.subarray(offset, offset + length), position).then(() => callback(null), callback)
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.pieces(start, end), { objectMode: false })
  }

  private async *pieces(start: number, end: number): AsyncGenerator<Buffer> {
    if (!this.holds(start, end)) throw new Error(`a member lies at bytes ${start} to ${end}, past its end`)
    for (let at = start; at < end; at += pieceBytes) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, end - at))
      await this.source.read(piece, at)
      yield piece
    }
  }

  override close(callback: (error: Error | null) => void): void {
    this.source.close().then(() => callback(null), callback)
  }
}
