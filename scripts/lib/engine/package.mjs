import { copyFile, mkdir, readFile, readdir, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname, join, relative, sep } from 'node:path'
import process from 'node:process'
import { folderSize } from '../cache.mjs'
import { lastLines, runCommand } from '../command.mjs'
import { SetupError } from '../failure.mjs'
import { fileHash } from './hash.mjs'

/**
 * Makes an engine by the tfjs-node package's own download (an older TensorFlow, from a host of its own): the way for
 * platforms without a wheel to link with and for machines without Python. Its script writes into its own package, so it
 * runs in a copy.
 *
 * @param {import('./from-wheel.mjs').EngineStep} step
 * @param {SetupError} whyNoWheel what the first choice failed with, for the message
 * @returns {Promise<import('./from-wheel.mjs').MadeEngine>}
 * @throws {SetupError} `engine-missing` naming both failures, `cancelled`
 */
export async function engineFromPackage(step, whyNoWheel) {
  const { engine, scratch, device, onProgress, signal } = step
  const require = createRequire(join(step.packages, 'package.json'))
  const source = dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'))
  const copy = join(scratch, 'package')
  await copyPackage(source, copy, device)

  const modules = dirname(dirname(source))
  const env = {
    ...process.env,
    NODE_PATH: [join(source, 'node_modules'), modules].join(delimiter),
    PATH: [join(modules, '.bin'), process.env.PATH ?? ''].join(delimiter),
  }
  const label = 'Trying the tfjs-node package’s own download of TensorFlow'
  onProgress({ phase: 'download', label, done: 0, total: 0, unit: 'bytes' })
  const timer = setInterval(() => {
    void folderSize(join(copy, 'deps')).then((done) =>
      onProgress({ phase: 'download', label, done, total: 0, unit: 'bytes' }),
    )
  }, 500)
  const script = [join(copy, 'scripts', 'install.js'), device, 'download']
  const result = await runCommand(process.execPath, script, { cwd: copy, env, signal }).finally(() =>
    clearInterval(timer),
  )
  const binding = (await listFiles(copy)).find((path) => path.endsWith(`${sep}tfjs_binding.node`))
  if (result.status !== 0 || !binding) {
    const why = /^(?:Uncaught )?\w*Error: (.*)$/m.exec(result.stderr)?.[1] ?? lastLines(result, 1)
    throw new SetupError(
      'engine-missing',
      `TensorFlow could not be had: ${whyNoWheel.message} The tfjs-node package’s own download failed too: ${why}`,
      whyNoWheel.hint,
    )
  }
  await place(copy, engine, binding)
  const files = await listFiles(engine)
  return {
    source: 'package',
    compiler: '',
    files: await Promise.all(
      files.map(async (path) => ({
        name: relative(engine, path).split(sep).join('/'),
        bytes: (await stat(path)).size,
        sha256: await fileHash(path),
      })),
    ),
  }
}

/**
 * @param {string} source
 * @param {string} copy
 * @param {import('./versions.mjs').Device} device
 */
async function copyPackage(source, copy, device) {
  for (const folder of ['binding', 'scripts']) {
    await mkdir(join(copy, folder), { recursive: true })
    for (const name of await readdir(join(source, folder))) {
      await copyFile(join(source, folder, name), join(copy, folder, name))
    }
  }
  await copyFile(join(source, 'binding.gyp'), join(copy, 'binding.gyp'))
  const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'))
  // Its scripts tell by the package's name whether to fetch the CPU's or the GPU's binding.
  if (device === 'cpu') manifest.name = '@tensorflow/tfjs-node'
  await writeFile(join(copy, 'package.json'), JSON.stringify(manifest, null, 2))
}

/**
 * Moves libraries and binding as they lie to each other (the binding looks for `../../deps/lib`), and makes the binding
 * reachable where every engine has it: by a link, or on Windows, where a library is looked for next to what needs it,
 * by lying side by side.
 *
 * @param {string} copy
 * @param {string} engine
 * @param {string} binding
 */
async function place(copy, engine, binding) {
  const libraries = join(copy, 'deps', 'lib')
  if (process.platform === 'win32') {
    for (const name of await readdir(libraries)) await rename(join(libraries, name), join(engine, name))
    await rename(binding, join(engine, 'tfjs_binding.node'))
    return
  }
  await mkdir(join(engine, 'deps'), { recursive: true })
  await rename(libraries, join(engine, 'deps', 'lib'))
  const place = relative(copy, binding)
  await mkdir(dirname(join(engine, place)), { recursive: true })
  await rename(binding, join(engine, place))
  await symlink(place, join(engine, 'tfjs_binding.node'))
}

/** All plain files below a folder, links left out. @param {string} folder @returns {Promise<string[]>} */
async function listFiles(folder) {
  const files = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) files.push(...(await listFiles(path)))
    else if (entry.isFile()) files.push(path)
  }
  return files
}
