import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { toGraftError } from '../contract/errors'

/**
 * A name beside `path` for something that is still being written: on the same disk, so that it can be renamed into
 * place, and hidden, so that nobody lists it by mistake.
 */
export function stagingPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.tmp`)
}

/**
 * Makes a folder and those above it that are missing. `mkdir` with `recursive` says of a read-only disk that the folder
 * above is not there (ENOENT); this says that the disk is read-only.
 * @returns the topmost folder that was made, or null where it was all there
 */
export async function makeFolder(path: string): Promise<string | null> {
  try {
    await mkdir(path)
    return path
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return null
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path) throw error
    const topmost = await makeFolder(parent)
    return (await makeFolder(path)) === null ? topmost : (topmost ?? path)
  }
}

/** Makes a rename in `folder` durable. Windows cannot open folders, and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Writes `data` so that `path` holds either its old content or all of the new: temporary file, fsync, rename.
 * @throws GraftError naming `path`: `disk-full`, `read-only`, …
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  await writeFilesAtomic([{ path, data }])
}

/**
 * Writes files of one folder as {@link writeFileAtomic} does. None takes its place before all are on the disk, so a disk
 * that runs full leaves all of them as they were.
 */
export async function writeFilesAtomic(
  files: readonly { readonly path: string; readonly data: string | Uint8Array }[],
): Promise<void> {
  const written: { staging: string; path: string }[] = []
  try {
    for (const { path, data } of files) {
      const staging = stagingPath(path)
      written.push({ staging, path })
      await writeDurably(staging, data).catch((error: unknown) => {
        throw toGraftError(error, path)
      })
    }
    for (const { staging, path } of written)
      await rename(staging, path).catch((error: unknown) => {
        throw toGraftError(error, path)
      })
  } catch (error) {
    for (const { staging } of written) await rm(staging, { force: true })
    throw error
  }
  for (const folder of new Set(written.map(({ path }) => dirname(path)))) await syncFolder(folder)
}

async function writeDurably(path: string, data: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(data)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Where `replaceFolder` keeps the old folder while the new one takes its name. */
function asidePath(target: string): string {
  return join(dirname(target), `.${basename(target)}.replaced`)
}

/** Whether there is a file of that name, and no folder. */
export function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  )
}

/** Whether there is a file or folder of that name. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/**
 * Puts the finished folder `staging` in the place of `target`, which may exist. No file system renames over a folder
 * that has content, so the old one steps aside first; if that is where the process dies, `recoverFolder` brings it back.
 */
export async function replaceFolder(staging: string, target: string): Promise<void> {
  await recoverFolder(target)
  const aside = asidePath(target)
  const replaces = await exists(target)
  if (replaces) await rename(target, aside)
  try {
    await rename(staging, target)
  } catch (error) {
    if (replaces) await rename(aside, target)
    throw error
  }
  await syncFolder(dirname(target))
  await rm(aside, { recursive: true, force: true })
}

/** Undoes or finishes a `replaceFolder` that a crash cut in two. Cheap where there was none. */
export async function recoverFolder(target: string): Promise<void> {
  const aside = asidePath(target)
  if (!(await exists(aside))) return
  if (await exists(target)) await rm(aside, { recursive: true, force: true })
  else await rename(aside, target)
}
