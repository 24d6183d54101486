import { createHash, randomBytes, type Hash } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GraftError } from '../../contract/errors'

/** Bytes of a known length that an array is decoded from: a file, or a member of an archive. */
export interface ByteSource {
  /** What to call it in messages. */
  readonly name: string
  readonly size: number
  /** Whether reading backwards starts from the beginning again (a compressed member). */
  readonly sequential: boolean
  /**
   * Fills `into` with the bytes from `position` on.
   * @throws GraftError `invalid-file` where the bytes end before it is full.
   */
  read(into: Uint8Array, position: number): Promise<void>
  close(): Promise<void>
}

export function truncated(name: string, expected: number, found: number): GraftError {
  return new GraftError(
    'invalid-file',
    `${name} is cut off: ${expected.toLocaleString('en-US')} bytes were promised, ${found.toLocaleString('en-US')} are there.`,
    'Copy or download the file again.',
    { expected, found },
  )
}

/** Pieces in which the rest of a file is read for its hash. */
const digestBytes = 1 << 20

/**
 * A file on disk, read from any place. Asked for its digest, it hashes what is read in the file's order as it goes by, so
 * that a file read top to bottom is read once.
 */
export class FileSource implements ByteSource {
  readonly sequential = false
  private hash: Hash | null
  /** Bytes that are in the hash already. */
  private hashed = 0
  private digest: string | null = null

  private constructor(
    readonly name: string,
    readonly size: number,
    private readonly handle: FileHandle,
    digest: boolean,
  ) {
    this.hash = digest ? createHash('sha256') : null
  }

  /** @param digest whether `sha256` will be asked for */
  static async open(path: string, digest = false): Promise<FileSource> {
    const handle = await open(path, 'r')
    try {
      const facts = await handle.stat()
      if (!facts.isFile()) {
        throw new GraftError('invalid-file', `${path} is not a file.`, 'Choose a file that holds vectors.')
      }
      return new FileSource(path, facts.size, handle, digest)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async read(into: Uint8Array, position: number): Promise<void> {
    let filled = 0
    while (filled < into.length) {
      const { bytesRead } = await this.handle.read(into, filled, into.length - filled, position + filled)
      // The file may have shrunk since its size was read.
      if (bytesRead === 0) throw truncated(this.name, position + into.length, position + filled)
      filled += bytesRead
    }
    const end = position + into.length
    if (this.hash && position <= this.hashed && this.hashed < end) {
      this.hash.update(into.subarray(this.hashed - position))
      this.hashed = end
    }
  }

  /**
   * SHA-256 of the whole file; what has not gone by yet is read now. No other read may be on its way.
   * @throws GraftError `cancelled` where the signal says so
   */
  async sha256(signal?: AbortSignal): Promise<string> {
    if (this.digest !== null) return this.digest
    this.hash ??= createHash('sha256')
    const piece = new Uint8Array(Math.min(digestBytes, Math.max(1, this.size - this.hashed)))
    while (this.hashed < this.size) {
      if (signal?.aborted) throw new GraftError('cancelled', `Reading ${this.name} was cancelled.`)
      await this.read(piece.subarray(0, Math.min(piece.length, this.size - this.hashed)), this.hashed)
    }
    this.digest = this.hash.digest('hex')
    this.hash = null
    return this.digest
  }

  close(): Promise<void> {
    return this.handle.close()
  }
}

/** Copies a sequential source into a temporary file, so that it can be read in any order; `close` removes it. */
export async function spool(source: ByteSource, chunkBytes: number): Promise<ByteSource> {
  const path = join(tmpdir(), `graft-${randomBytes(8).toString('hex')}.spool`)
  const writer = await open(path, 'wx', 0o600)
  try {
    const chunk = new Uint8Array(chunkBytes)
    for (let position = 0; position < source.size; position += chunk.length) {
      const part = chunk.subarray(0, Math.min(chunk.length, source.size - position))
      await source.read(part, position)
      let written = 0
      while (written < part.length) {
        written += (await writer.write(part, written, part.length - written, position + written)).bytesWritten
      }
    }
    await writer.close()
    const copy = await FileSource.open(path)
    return {
      name: source.name,
      size: source.size,
      sequential: false,
      read: (into, position) => copy.read(into, position),
      close: async () => {
        await copy.close()
        await rm(path, { force: true })
      },
    }
  } catch (error) {
    await writer.close().catch(() => undefined)
    await rm(path, { force: true })
    throw error
  }
}
