import { constants } from 'node:fs'
import { access, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GraftError, toGraftError } from '../contract/errors'
import { exists, makeFolder, stagingPath, syncFolder } from '../project/files'
import { withLock } from '../project/lock'
import { beginExchange, endExchange, moveIfThere, settleExchange } from './exchange'
import { exchangeLock, exchangeNote, newName, oldName } from './folderNames'

/** The parts of a data set; each is a folder of Parquet files. */
export const partNames = ['train', 'validation', 'test'] as const
export type PartName = (typeof partNames)[number]

export function encodedFolder(project: string): string {
  return join(project, 'dataset', 'encoded')
}

export function partFolder(project: string, part: PartName): string {
  return join(encodedFolder(project), part)
}

/** A name as a file may be called: names of domains and columns may hold what those of files may not. */
export function safeFileName(name: string): string {
  return name.replace(
    /[<>:"/\\|?*%\u0000-\u001f]|^\./g,
    (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

/** The Parquet files of a part in the order of their names, which is the order of their rows; none where there is no part. */
export async function partFiles(project: string, part: PartName): Promise<string[]> {
  return parquetFiles(partFolder(project, part))
}

/** The Parquet files of a folder in the order of their names; none where there is no folder. */
export async function parquetFiles(folder: string): Promise<string[]> {
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
  const temporary = stagingPath(path)
  try {
    await makeFolder(dirname(path))
    await access(dirname(path), constants.W_OK)
    await write(temporary)
    await flushFile(temporary)
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw naming(error, temporary, path)
  }
}

/** Makes a file's content durable. */
export async function flushFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes all that a folder holds durable. */
export async function flushFolder(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await flushFolder(path)
    else await flushFile(path)
  }
  await syncFolder(folder)
}

/**
 * Lets `build` fill a new folder beside `path`, then puts it in the place of the old one, which comes back if the
 * exchange fails. What was killed in the midst of the exchange is mended by {@link restoreFolder}. Several processes may
 * build at once; they exchange one after the other.
 * @param keep saves the document that describes the new folder of a project; where it fails the old folder comes back, too.
 *   What was killed meanwhile is mended by {@link settleExchange}
 */
export async function replaceFolder<T>(
  path: string,
  build: (temporary: string) => Promise<T>,
  keep?: (built: T) => Promise<void>,
): Promise<T> {
  const temporary = newName(path)
  let made: string | null = null
  try {
    made = await makeFolder(dirname(path))
    await settleExchange(path)
    await restoreFolder(path)
    await rm(temporary, { recursive: true, force: true })
    await makeFolder(temporary)
    const built = await build(temporary)
    await withLock(exchangeLock(path), () => exchange(path, keep && (() => keep(built))))
    return built
  } catch (error) {
    await rm(made ?? temporary, { recursive: true, force: true }).catch(() => undefined)
    throw naming(error, temporary, path)
  }
}

/** Puts the folder that this process has filled in the place of `path`. */
async function exchange(path: string, keep: (() => Promise<void>) | undefined): Promise<void> {
  const temporary = newName(path)
  const old = oldName(path)
  // Another process may have died here since.
  await settleExchange(path)
  await restoreFolder(path)
  await rm(old, { recursive: true, force: true })
  if (keep) await beginExchange(path)
  try {
    await moveIfThere(path, old)
    await rename(temporary, path).catch(async (error: unknown) => {
      await moveIfThere(old, path)
      throw error
    })
    await keep?.().catch(async (error: unknown) => {
      await rename(path, temporary)
      await moveIfThere(old, path)
      throw error
    })
    await syncFolder(dirname(path))
  } catch (error) {
    if (keep) await settleExchange(path)
    throw error
  }
  if (keep) await endExchange(path)
  // The exchange is done: an old folder that cannot be removed now goes with the next one.
  await rm(old, { recursive: true, force: true }).catch(() => undefined)
}

/** Brings back the folder that {@link replaceFolder} had moved aside when its process was killed. */
export async function restoreFolder(path: string): Promise<void> {
  if ((await exists(path)) || (await exists(exchangeNote(path)))) return
  await moveIfThere(oldName(path), path)
}

/** The error with the name that the person knows instead of the temporary one. */
function naming(thrown: unknown, temporary: string, path: string): GraftError {
  const error = toGraftError(thrown)
  if (!error.message.includes(temporary)) return error
  return new GraftError(error.code, error.message.split(temporary).join(path), error.hint, error.details)
}

/** The error for a part that has no rows or files. */
export function missingPart(part: PartName): GraftError {
  return new GraftError(
    'not-found',
    `the data set has no ${part} part`,
    'Import data, or choose another split.',
  )
}
