import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'

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
 * renamed into place. Whatever fails or is killed leaves only a staging folder, and the next call sweeps it away.
 *
 * @param {string} cache the cache folder
 * @param {string} name the folder to make, relative to the cache
 * @param {(staging: string, scratch: string) => Promise<void>} build gets the folder to fill and one to throw away
 * @returns {Promise<string>} the absolute path of the finished folder
 */
export async function buildFolder(cache, name, build) {
  const stagingRoot = join(cache, 'staging')
  await sweepStaging(stagingRoot)
  const own = join(stagingRoot, `${process.pid}-${randomBytes(4).toString('hex')}`)
  const content = join(own, 'content')
  const scratch = join(own, 'scratch')
  const final = join(cache, name)
  try {
    await mkdir(content, { recursive: true })
    await mkdir(scratch, { recursive: true })
    await build(content, scratch)
    await mkdir(dirname(final), { recursive: true })
    await rm(final, { recursive: true, force: true })
    await rename(content, final)
  } finally {
    await rm(own, { recursive: true, force: true })
  }
  return final
}

/** Removes staging folders of processes that are no more. @param {string} stagingRoot */
async function sweepStaging(stagingRoot) {
  const names = await readdir(stagingRoot).catch(() => [])
  for (const name of names) {
    const owner = Number.parseInt(name, 10)
    if (!isAlive(owner)) await rm(join(stagingRoot, name), { recursive: true, force: true })
  }
}

/** @param {number} pid */
function isAlive(pid) {
  if (!Number.isInteger(pid)) return false
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
