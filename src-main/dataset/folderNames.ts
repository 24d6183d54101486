import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'

const beside = (path: string, what: string): string => join(dirname(path), `.${basename(path)}.${what}`)

/** What stands for a machine in a name. */
export const thisMachine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)

/** Where this process fills a folder that will take the place of `path`: another one may be filling its own. */
export const newName = (path: string): string => beside(path, `${process.pid}-${thisMachine}.new`)

export interface Owner {
  readonly pid: number
  readonly machine: string
}

/** Whose new folder for `path` a name is; null for any other name. */
export function ownerOf(path: string, name: string): Owner | null {
  const prefix = `.${basename(path)}.`
  const [, pid, machine] =
    (name.startsWith(prefix) && /^(\d+)-([0-9a-f]{8})\.new$/.exec(name.slice(prefix.length))) || []
  return pid !== undefined && machine !== undefined ? { pid: Number(pid), machine } : null
}

// Exchanging is done by one process at a time, so the other names are fixed: what a crash left behind is found again.

/** Where the one that was there steps aside. */
export const oldName = (path: string): string => beside(path, 'old')
/** Where one goes that had taken its place and does not stay. */
export const undoneName = (path: string): string => beside(path, 'undone')
/** What tells that the two are being exchanged. */
export const exchangeNote = (path: string): string => beside(path, 'exchange')
/** What is locked meanwhile. */
export const exchangeLock = (path: string): string => beside(path, 'lock')
