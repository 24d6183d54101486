import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { GraftError, toGraftError } from '../contract'
import { exists } from '../project/files'

/** Files that were dropped on a browser's window: kept in a temporary folder until the server ends. */
export class Uploads {
  private folder: Promise<string> | null = null
  private counter = 0
  private readonly own = new Set<string>()

  /**
   * Streams the body of a request to a file of this name, in a folder of its own.
   * @param beside an earlier upload that the file belongs to: it then goes to the same folder
   * @returns its path
   * @throws GraftError `invalid-request` for a name that is none or is there already, or where `beside` is no upload, and what writing throws (`ENOSPC`, …)
   */
  async receive(name: string, request: IncomingMessage, beside: string | null = null): Promise<string> {
    const safe = basename(name.replace(/\\/g, '/'))
    if (safe === '' || safe === '.' || safe === '..' || safe.includes('\0') || Buffer.byteLength(safe) > 200)
      throw new GraftError(
        'invalid-request',
        `"${name.slice(0, 80)}" is no name of a file.`,
        'Rename the file.',
      )
    if (beside !== null) return this.receiveBeside(safe, request, dirname(beside))
    this.folder ??= mkdtemp(join(tmpdir(), 'graft-upload-'))
    // Counted before anything is waited for: two files that arrive together must not meet in one folder.
    const number = ++this.counter
    const own = join(await this.folder, String(number))
    await mkdir(own)
    this.own.add(own)
    try {
      const path = join(own, safe)
      await pipeline(request, createWriteStream(path, { flags: 'wx' }))
      return path
    } catch (error) {
      this.own.delete(own)
      await rm(own, { recursive: true, force: true })
      throw toGraftError(error, safe)
    }
  }

  private async receiveBeside(name: string, request: IncomingMessage, folder: string): Promise<string> {
    const path = join(folder, name)
    if (!this.own.has(folder) || (await exists(path)))
      throw new GraftError('invalid-request', `"${name}" cannot be put there.`, 'Drop the files once more.')
    try {
      await pipeline(request, createWriteStream(path, { flags: 'wx' }))
      return path
    } catch (error) {
      await rm(path, { force: true })
      throw toGraftError(error, name)
    }
  }

  async close(): Promise<void> {
    if (this.folder) await rm(await this.folder, { recursive: true, force: true })
  }
}
