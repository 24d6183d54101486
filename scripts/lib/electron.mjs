import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { cacheFolder, folderSize } from './cache.mjs'
import { lastLines, runCommand } from './command.mjs'
import { provisionStandIn, standInFolder, standInVersion } from './electron/stand-in.mjs'
import { SetupError } from './failure.mjs'

/**
 * Electron's runtime: where it is, and how it gets there. Packages are installed without their install scripts, so the
 * `electron` package's own download is started here, where it can show its progress and fail without breaking anything.
 *
 * @typedef {object} ElectronRuntime
 * @property {string} path the program to start, with the application's folder as its first parameter
 * @property {string} version
 * @property {boolean} standIn an old runtime borrowed from a Python wheel: for tests and blocked networks only
 *
 * @typedef {object} ElectronProgress
 * @property {string} label
 * @property {number} done bytes
 * @property {number} total bytes, 0 until it is known
 */

/** Size of Electron 40's archive, about; it is not known before the download ends. */
const archiveBytes = 118e6

/**
 * The runtime that is there, or null: the folder that ELECTRON_OVERRIDE_DIST_PATH names, else what the `electron`
 * package has fetched, else the stand-in in the cache.
 *
 * @param {string} root the project's folder
 * @param {string} [cache]
 * @returns {ElectronRuntime | null}
 */
export function electronBinary(root, cache = cacheFolder()) {
  const named = process.env.ELECTRON_OVERRIDE_DIST_PATH
  if (named) return runtimeIn(named, null)
  const electron = packageFolder(root)
  const own = electron ? runtimeIn(join(electron, 'dist'), packageVersion(electron)) : null
  if (own) return own
  const standIn = join(standInFolder(cache), 'electron')
  return existsSync(standIn) ? { path: standIn, version: standInVersion, standIn: true } : null
}

/**
 * Parameters that Electron needs before the application's folder. Chromium refuses to run as root with its sandbox on;
 * for everyone else the sandbox stays on.
 *
 * @returns {string[]}
 */
export function electronFlags() {
  return process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : []
}

/**
 * Fetches Electron's runtime, or finds it there. Where the package's own download is blocked, the stand-in is tried.
 *
 * @param {object} request
 * @param {string} request.root the project's folder
 * @param {string} [request.cache]
 * @param {(progress: ElectronProgress) => void} [request.onProgress]
 * @param {AbortSignal} [request.signal]
 * @returns {Promise<ElectronRuntime>}
 * @throws {SetupError} `not-found` where no runtime can be had; the workbench can then be served to a browser
 */
export async function provisionElectron({ root, cache = cacheFolder(), onProgress = () => {}, signal }) {
  const present = electronBinary(root, cache)
  if (present) return present
  if (process.env.ELECTRON_OVERRIDE_DIST_PATH) {
    throw new SetupError(
      'not-found',
      `ELECTRON_OVERRIDE_DIST_PATH names ${process.env.ELECTRON_OVERRIDE_DIST_PATH}, which holds no Electron.`,
      'Let it name the folder that holds the electron program, or unset it.',
    )
  }
  const why = await downloadOwn(root, cache, onProgress, signal)
  const own = electronBinary(root, cache)
  if (own) return own
  onProgress({ label: `Electron’s own download failed (${why}); trying a stand-in`, done: 0, total: 0 })
  try {
    await provisionStandIn(cache, onProgress, signal)
  } catch (error) {
    if (!(error instanceof SetupError) || error.code === 'cancelled') throw error
    throw new SetupError(
      'not-found',
      `Electron’s download failed (${why}), and so did the stand-in’s (${error.message}).`,
      'Set ELECTRON_MIRROR to a mirror that you can reach, or ELECTRON_OVERRIDE_DIST_PATH to an Electron that you have.',
    )
  }
  const standIn = electronBinary(root, cache)
  if (!standIn)
    throw new SetupError('not-found', 'The stand-in for Electron was unpacked but is not there.', '')
  return standIn
}

/**
 * Runs the package's own download (which honours ELECTRON_MIRROR and proxies, and checks the archive's hash).
 *
 * @param {string} root
 * @param {string} cache
 * @param {(progress: ElectronProgress) => void} onProgress
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<string>} why it failed; empty where it did not
 */
async function downloadOwn(root, cache, onProgress, signal) {
  const electron = packageFolder(root)
  if (!electron) return 'the electron package is not installed'
  const label = `Downloading Electron ${packageVersion(electron)}`
  const temporary = join(cache, 'staging', `${process.pid}-electron`)
  await mkdir(temporary, { recursive: true })
  onProgress({ label, done: 0, total: archiveBytes })
  const timer = setInterval(() => {
    void folderSize(temporary).then((done) =>
      onProgress({ label, done, total: Math.max(done, archiveBytes) }),
    )
  }, 250)
  const env = { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary }
  const install = [join(electron, 'install.js')]
  const result = await runCommand(process.execPath, install, { env, signal, cwd: root }).finally(async () => {
    clearInterval(timer)
    await rm(temporary, { recursive: true, force: true })
  })
  const why = /^\w*Error: (.*)$/m.exec(result.stderr)?.[1] ?? lastLines(result, 1)
  return result.status === 0 ? '' : why
}

/** @param {string} root @returns {string | null} */
function packageFolder(root) {
  try {
    return dirname(createRequire(join(root, 'package.json')).resolve('electron/package.json'))
  } catch {
    return null
  }
}

/** @param {string} electron @returns {string} */
function packageVersion(electron) {
  return JSON.parse(readFileSync(join(electron, 'package.json'), 'utf8')).version
}

/**
 * @param {string} dist
 * @param {string | null} wanted a version that it must have; null takes any
 * @returns {ElectronRuntime | null}
 */
function runtimeIn(dist, wanted) {
  const programs = {
    darwin: 'Electron.app/Contents/MacOS/Electron',
    win32: 'electron.exe',
  }
  const program =
    process.platform === 'darwin' || process.platform === 'win32' ? programs[process.platform] : 'electron'
  const path = join(dist, program)
  if (!existsSync(path)) return null
  const file = join(dist, 'version')
  const version = existsSync(file) ? readFileSync(file, 'utf8').trim().replace(/^v/, '') : ''
  if (wanted !== null && version !== wanted) return null
  return { path, version: version || 'unknown', standIn: version === standInVersion }
}
