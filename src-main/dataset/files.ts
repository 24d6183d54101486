import { constants } from 'node:fs'
import { access, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GraftError, toGraftError } from '../contract/errors'
import { makeFolder } from '../project/files'

/** The parts of a data set; each is a folder of Parquet files. */
export const partNames = ['train', 'validation', 'test'] as const
export type PartName = (typeof partNames)[number]

export function encodedFolder(project: string): string {
  return join(project, 'dataset', 'encoded')
}

export function partFolder(project: string, part: PartName): string {
  return join(encodedFolder(project), part)
}

/** The Parquet files of a part in the order of their names, which is the order of their rows; none where there is no part. */
export async function partFiles(project: string, part: PartName): Promise<string[]> {
  const folder = partFolder(project, part)
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (error) {
    if (toGraftError(error).code === 'not-found') return []
    throw toGraftError(error)
  }
  return names
    .filter((name) => name.endsWith('.parquet') && !name.startsWith('.'))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => join(folder, name))
}

/**
 * Lets `write` make a file under a temporary name beside `path`, then flushes it to disk and renames it into place:
 * a reader sees the old file or the whole new one.
 */
export async function writeAtomically(
  path: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await makeFolder(dirname(path))
    await access(dirname(path), constants.W_OK)
    await write(temporary)
    await flush(temporary)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw toGraftError(error)
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Lets `build` fill a new folder beside `path`, then puts it in the place of the old one. The old one is moved aside
 * first and comes back if the exchange fails.
 */
export async function replaceFolder(
  path: string,
  build: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${process.pid}.new`
  const old = `${path}.${process.pid}.old`
  try {
    await rm(temporary, { recursive: true, force: true })
    await makeFolder(temporary)
    await build(temporary)
    const had = await rename(path, old).then(
      () => true,
      () => false,
    )
    try {
      await rename(temporary, path)
    } catch (error) {
      if (had) await rename(old, path)
      throw error
    }
    await rm(old, { recursive: true, force: true })
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    throw toGraftError(error)
  }
}

/** The error for a part that has no rows or files. */
export function missingPart(part: PartName): GraftError {
  return new GraftError(
    'not-found',
    `the data set has no ${part} part`,
    'Import data, or choose another split.',
  )
}
