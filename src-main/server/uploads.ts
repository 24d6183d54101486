import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { GraftError, toGraftError } from '../contract'

/** Files that were dropped on a browser's window: kept in a temporary folder until the server ends. */
export class Uploads {
  private folder: Promise<string> | null = null
  private counter = 0

  /**
   * Streams the body of a request to a file of this name, in a folder of its own.
   * @returns its path
   * @throws GraftError `invalid-request` for a name that is none, and what writing throws (`ENOSPC`, …)
   */
  async receive(name: string, request: IncomingMessage): Promise<string> {
    const safe = basename(name.replace(/\\/g, '/'))
    if (safe === '' || safe === '.' || safe === '..' || safe.includes('\0') || Buffer.byteLength(safe) > 200)
      throw new GraftError(
        'invalid-request',
        `"${name.slice(0, 80)}" is no name of a file.`,
        'Rename the file.',
      )
    this.folder ??= mkdtemp(join(tmpdir(), 'graft-upload-'))
    // Counted before anything is waited for: two files that arrive together must not meet in one folder.
    const number = ++this.counter
    const own = join(await this.folder, String(number))
    await mkdir(own)
    try {
      const path = join(own, safe)
      await pipeline(request, createWriteStream(path, { flags: 'wx' }))
      return path
    } catch (error) {
      await rm(own, { recursive: true, force: true })
      throw toGraftError(error, safe)
    }
  }

  async close(): Promise<void> {
    if (this.folder) await rm(await this.folder, { recursive: true, force: true })
  }
}
