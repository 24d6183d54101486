import { randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { SetupError, throwIfCancelled } from './failure.mjs'

/**
 * The per-user folder for what was downloaded or built: GRAFT_CACHE, else the platform's own cache folder.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @param {NodeJS.Platform} [platform]
 * @returns {string}
 */
export function cacheFolder(env = process.env, platform = process.platform) {
  if (env.GRAFT_CACHE) return resolve(env.GRAFT_CACHE)
  if (platform === 'win32')
    return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'graft', 'Cache')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'graft')
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'graft')
}

/**
 * Makes a folder of the cache as a whole or not at all: `build` fills a staging folder on the same disk, which is then
 * renamed into place. Whatever fails or is killed leaves only a staging folder, and the next call sweeps it away. Of
 * several processes that want the same folder one builds it, and the others wait for it.
 *
 * @param {string} cache the cache folder
 * @param {string} name the folder to make, relative to the cache
 * @param {() => boolean} isReady whether the folder is there already; asked once it is our turn
 * @param {(staging: string, scratch: string) => Promise<void>} build gets the folder to fill and one to throw away
 * @param {AbortSignal} [signal] ends the waiting
 * @returns {Promise<string>} the absolute path of the finished folder
 * @throws {SetupError} `disk-full`, `read-only`, `cancelled`, and what `build` throws
 */
export async function buildFolder(cache, name, isReady, build, signal) {
  try {
    return await buildInTurn(cache, name, isReady, build, signal)
  } catch (error) {
    throw explainDisk(error, cache)
  }
}

/** @type {typeof buildFolder} */
async function buildInTurn(cache, name, isReady, build, signal) {
  const stagingRoot = join(cache, 'staging')
  await mkdir(stagingRoot, { recursive: true })
  await sweepStaging(stagingRoot)
  const final = join(cache, name)
  const release = await takeTurn(join(stagingRoot, `${basename(name)}.lock`), signal)
  const own = join(stagingRoot, `${process.pid}-${randomBytes(4).toString('hex')}`)
  const content = join(own, 'content')
  const scratch = join(own, 'scratch')
  try {
    if (isReady()) return final
    await mkdir(content, { recursive: true })
    await mkdir(scratch, { recursive: true })
    await build(content, scratch)
    await mkdir(dirname(final), { recursive: true })
    await rm(final, { recursive: true, force: true })
    await rename(content, final)
  } finally {
    await rm(own, { recursive: true, force: true })
    await release()
  }
  return final
}

/**
 * A disk's own errors in words that say which folder and what to do.
 *
 * @param {unknown} error
 * @param {string} cache
 */
function explainDisk(error, cache) {
  if (!(error instanceof Error) || error instanceof SetupError || !('code' in error)) return error
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return new SetupError(
      'disk-full',
      `The disk of the cache (${cache}) is full.`,
      'Free some space there, or let GRAFT_CACHE name a folder on another disk.',
    )
  }
  if (error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS') {
    return new SetupError(
      'read-only',
      `The cache (${cache}) may not be written: ${error.message}`,
      'Change its permissions, or let GRAFT_CACHE name a folder that you may write to.',
    )
  }
  return error
}

/**
 * Waits until no living process holds the lock file, and holds it.
 *
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<() => Promise<void>>} gives the turn to the next
 */
export async function takeTurn(path, signal) {
  for (;;) {
    throwIfCancelled(signal)
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' })
      return () => rm(path, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const holder = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10)
    // An unreadable holder is one that is just writing its number.
    if (Number.isInteger(holder) && !isAlive(holder)) await rm(path, { force: true })
    else await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** Removes staging folders of processes that are no more. @param {string} stagingRoot */
async function sweepStaging(stagingRoot) {
  const names = await readdir(stagingRoot).catch(() => [])
  for (const name of names) {
    const owner = Number.parseInt(name, 10)
    if (Number.isInteger(owner) && !isAlive(owner))
      await rm(join(stagingRoot, name), { recursive: true, force: true })
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Someone else's process is alive but not ours to signal.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Bytes of all files below a folder; files that vanish while we look count as nothing.
 *
 * @param {string} folder
 * @returns {Promise<number>}
 */
export async function folderSize(folder) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  let total = 0
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) total += await folderSize(path)
    else if (entry.isFile())
      total += await stat(path)
        .then((found) => found.size)
        .catch(() => 0)
  }
  return total
}
