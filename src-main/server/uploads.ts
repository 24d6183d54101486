import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { GraftError, toGraftError } from '../contract'
import { exists } from '../project/files'

/** Folders in folders of an upload; deeper ones are a mistake, or made to be one. */
const deepest = 32

/** Files and folders that were dropped on a browser's window: kept in a temporary folder until the server ends. */
export class Uploads {
  private folder: Promise<string> | null = null
  private counter = 0
  private readonly own = new Set<string>()

  /**
   * Streams the body of a request to a file of this name, in a folder of its own.
   * @param beside an earlier upload that the file belongs to: it then goes to the same folder
   * @param under the folders that it lies in, `/` between them; with `beside` those of one tree
   * @returns its path
   * @throws GraftError `invalid-request` for a name that is none or is there already, or where `beside` is no upload, and what writing throws (`ENOSPC`, …)
   */
  async receive(
    name: string,
    request: IncomingMessage,
    { beside = null, under = null }: { beside?: string | null; under?: string | null } = {},
  ): Promise<string> {
    const safe = safeName(basename(name.replace(/\\/g, '/')), name)
    const folders = under === null ? [] : under.split('/').map((folder) => safeName(folder, under))
    if (folders.length > deepest)
      throw new GraftError('invalid-request', `${name} lies too deep: ${folders.length} folders.`)
    if (beside !== null) return this.receiveBeside(safe, request, beside, folders)
    this.folder ??= mkdtemp(join(tmpdir(), 'graft-upload-'))
    // Counted before anything is waited for: two files that arrive together must not meet in one folder.
    const number = ++this.counter
    const own = join(await this.folder, String(number))
    const place = join(own, ...folders)
    await mkdir(place, { recursive: true })
    this.own.add(own)
    try {
      const path = join(place, safe)
      await pipeline(request, createWriteStream(path, { flags: 'wx' }))
      return path
    } catch (error) {
      this.own.delete(own)
      await rm(own, { recursive: true, force: true })
      throw toGraftError(error, safe)
    }
  }

  private async receiveBeside(
    name: string,
    request: IncomingMessage,
    beside: string,
    folders: readonly string[],
  ): Promise<string> {
    const own =
      folders.length === 0
        ? [dirname(beside)].find((folder) => this.own.has(folder))
        : [...this.own].find((folder) => resolve(beside).startsWith(`${folder}${sep}`))
    const place = own === undefined ? null : join(own, ...folders)
    if (place === null || (await exists(join(place, name))))
      throw new GraftError('invalid-request', `"${name}" cannot be put there.`, 'Drop the files once more.')
    const path = join(place, name)
    try {
      await mkdir(place, { recursive: true })
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

/** One part of a path. @param given what is named where it is none */
function safeName(name: string, given: string): string {
  const isName = name !== '' && name !== '.' && name !== '..' && !/[\\/\0]/.test(name)
  if (isName && Buffer.byteLength(name) <= 200) return name
  throw new GraftError('invalid-request', `"${given.slice(0, 80)}" is no name of a file.`, 'Rename the file.')
}
