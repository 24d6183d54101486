import { open, type FileHandle } from 'node:fs/promises'

/** A file that is being written, piece after piece. */
export class FileSink {
  private at = 0

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** Creates the file, which must not exist. */
  static async create(path: string): Promise<FileSink> {
    return new FileSink(path, await open(path, 'wx'))
  }

  /** Where the next piece goes: the bytes written so far. */
  get position(): number {
    return this.at
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    const piece = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes
    await this.patch(this.at, piece)
    this.at += piece.length
  }

  /** Writes over what stands at `position` already. */
  async patch(position: number, bytes: Uint8Array): Promise<void> {
    // A single call may write less than it was given, on a disk that is filling up for one.
    for (let done = 0; done < bytes.length;) {
      done += (await this.handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
    }
  }

  /** Makes the file durable and closes it. */
  async finish(): Promise<void> {
    await this.handle.sync()
    await this.handle.close()
  }

  /** Closes an unfinished file after a failure; the caller removes it. */
  async abandon(): Promise<void> {
    await this.handle.close().catch(() => undefined)
  }
}
