import type { Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import type { Entry, ZipFile } from 'yauzl'
import { GraftError } from '../../contract/errors'
import { truncated, type ByteSource } from './source'

/** The table of CRC-32 (polynomial 0xEDB88320, as zip and gzip use it), for runtimes whose zlib has no `crc32` yet. */
const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** CRC-32 of `bytes`, continued from `crc` (0 at the beginning), as an unsigned number. */
export function crc32(bytes: Uint8Array, crc: number): number {
  let state = ~crc
  for (let i = 0; i < bytes.length; i++)
    state = (state >>> 8) ^ (table[(state ^ (bytes[i] ?? 0)) & 0xff] ?? 0)
  return ~state >>> 0
}

/** The same; Node 20.15 and later have it natively, ten times as fast. */
export const extendCrc32: (bytes: Uint8Array, crc: number) => number =
  typeof zlib.crc32 === 'function' ? zlib.crc32 : crc32

/**
 * A member of a zip archive as a source that is read forwards. Its length and check sum are held against the archive's
 * directory when the end is reached. Reading backwards opens the member anew.
 */
export class MemberSource implements ByteSource {
  readonly name: string
  readonly size: number
  readonly sequential = true
  private stream: Readable | undefined
  private chunks: AsyncIterator<Buffer> | undefined
  private rest: Uint8Array = new Uint8Array(0)
  private position = 0
  private crc = 0

  constructor(
    private readonly zip: ZipFile,
    private readonly entry: Entry,
    path: string,
  ) {
    this.name = `${entry.fileName} in ${path}`
    this.size = entry.uncompressedSize
  }

  async read(into: Uint8Array, position: number): Promise<void> {
    if (!this.stream || position < this.position) await this.restart()
    await this.advance(position - this.position, undefined)
    await this.advance(into.length, into)
    if (this.position === this.size) await this.finish()
  }

  async close(): Promise<void> {
    this.stream?.destroy()
    this.stream = undefined
  }

  private async restart(): Promise<void> {
    await this.close()
    this.stream = await this.zip.openReadStreamPromise(this.entry)
    this.chunks = this.stream[Symbol.asyncIterator]()
    this.rest = new Uint8Array(0)
    this.position = 0
    this.crc = 0
  }

  private async next(): Promise<boolean> {
    const step = await this.chunks?.next()
    if (!step || step.done) return false
    this.rest = step.value
    this.crc = extendCrc32(this.rest, this.crc)
    return true
  }

  /** Moves on by `count` bytes, copying them into `into` where given. */
  private async advance(count: number, into: Uint8Array | undefined): Promise<void> {
    const end = this.position + count
    for (let copied = 0; copied < count;) {
      if (this.rest.length === 0 && !(await this.next())) throw truncated(this.name, end, this.position)
      const part = this.rest.subarray(0, count - copied)
      into?.set(part, copied)
      this.rest = this.rest.subarray(part.length)
      copied += part.length
      this.position += part.length
    }
  }

  /** At the last byte the check sum is known, and the stream must be at its end. */
  private async finish(): Promise<void> {
    if (this.rest.length > 0 || (await this.next())) {
      throw new GraftError('invalid-file', `${this.name} is longer than its archive says.`, 'Save it again.')
    }
    if (this.crc !== this.entry.crc32) {
      throw new GraftError(
        'invalid-file',
        `${this.name} is damaged: its check sum differs from the archive's.`,
        'Copy or download the file again.',
      )
    }
  }
}
