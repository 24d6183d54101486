import { basename, dirname, join } from 'node:path'

// One process at a time writes a project, so the names are fixed: what a crash left behind is found again.
const beside = (path: string, what: string): string => join(dirname(path), `.${basename(path)}.${what}`)

/** Where a folder is filled that will take the place of `path`. */
export const newName = (path: string): string => beside(path, 'new')
/** Where the one that was there steps aside. */
export const oldName = (path: string): string => beside(path, 'old')
/** What tells that the two are being exchanged. */
export const exchangeNote = (path: string): string => beside(path, 'exchange')
