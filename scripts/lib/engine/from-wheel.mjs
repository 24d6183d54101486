import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { SetupError } from '../failure.mjs'
import { compileBinding, findCompiler, nodeHeaders } from './compile.mjs'
import { downloadWheels } from './download.mjs'
import { cudaRequirements } from './gpu.mjs'
import { findPython } from './python.mjs'
import { tensorflowVersion } from './versions.mjs'
import { extractWheel } from './wheel.mjs'

/**
 * @typedef {object} EngineStep what every way of making an engine is given
 * @property {string} engine the folder to fill
 * @property {string} scratch a folder to throw away
 * @property {string} cache
 * @property {import('./versions.mjs').Device} device
 * @property {string} packages a folder from which the npm packages resolve
 * @property {boolean} keepWheels
 * @property {(progress: import('../engine.mjs').EngineProgress) => void} onProgress
 * @property {AbortSignal} [signal]
 *
 * @typedef {Pick<import('../engine.mjs').EngineManifest, 'source' | 'compiler' | 'files'>} MadeEngine
 */

/** Headers that the binding includes, and what they include in their turn. */
const headers = [
  /^tensorflow\/include\/(tensorflow\/c\/.*\.h)$/,
  /^tensorflow\/include\/(xla\/tsl\/c\/.*\.h)$/,
  /^tensorflow\/include\/(tensorflow\/core\/platform\/ctstring[^/]*\.h)$/,
  /^tensorflow\/include\/(tsl\/platform\/ctstring[^/]*\.h)$/,
]

/**
 * Makes an engine of TensorFlow's Python wheel: two libraries and the C headers out of it, tfjs-node's binding compiled
 * against them. A GPU engine also gets NVIDIA's libraries, next to TensorFlow's, and the binding names them as its own
 * needs: the loader then finds them by the binding's run path, without any LD_LIBRARY_PATH.
 *
 * @param {EngineStep} step
 * @param {import('./versions.mjs').Recipe | null} recipe
 * @returns {Promise<MadeEngine>}
 * @throws {SetupError} `engine-missing` where the parts cannot be had, `engine-failed`, `cancelled`
 */
export async function engineFromWheel(step, recipe) {
  const { engine, scratch, device, onProgress, signal } = step
  const sources = dirname(
    createRequire(join(step.packages, 'package.json')).resolve('@tensorflow/tfjs-node-gpu/package.json'),
  )
  if (!recipe) {
    throw new SetupError(
      'engine-missing',
      `TensorFlow ${tensorflowVersion} has no wheel with a C library for ${process.platform} ${process.arch} (${device}).`,
      'Use Graft on Linux or on a Mac with an Apple processor.',
    )
  }
  const python = await findPython(signal)
  if (!python?.pip) {
    throw new SetupError(
      'engine-missing',
      python
        ? `Python ${python.version} was found, but without pip.`
        : 'No Python 3 was found to fetch TensorFlow with.',
      'Install Python 3 with pip (Debian, Ubuntu: apt install python3-pip) or name one in GRAFT_PYTHON, then start again.',
    )
  }
  const compilerEnv = zigFolders(scratch)
  const compiler =
    (await findCompiler(python.command, signal, compilerEnv)) ?? (await installZig(python, scratch, signal))

  const project = `${recipe.project}==${tensorflowVersion}`
  const wheels = await downloadWheels({
    python,
    requirements: device === 'gpu' ? [project, ...cudaRequirements] : [project],
    tags: recipe.tags,
    scratch,
    signal,
    onProgress: (done, total) =>
      onProgress({ phase: 'download', label: `Downloading ${project}`, done, total, unit: 'bytes' }),
  })

  const include = join(scratch, 'include')
  const files = []
  for (const wheel of wheels) {
    const label = `Extracting ${basename(wheel).split('-').slice(0, 2).join(' ')}`
    const extracted = await extractWheel(
      wheel,
      (name) => placeOf(name, recipe, engine, include),
      (done, total) => onProgress({ phase: 'extract', label, done, total, unit: 'bytes' }),
      signal,
    )
    files.push(...extracted.filter(({ path }) => dirname(path) === engine))
  }
  const libraries = files.map(({ path }) => basename(path))
  for (const name of [recipe.library, recipe.framework]) {
    if (!libraries.includes(name)) {
      throw new SetupError(
        'engine-missing',
        `The wheel of ${project} has no ${name}.`,
        'Send us this message.',
      )
    }
  }

  const label = `Compiling the Node binding with ${compiler.version}`
  await compileBinding({
    compiler,
    sources,
    nodeInclude: await nodeHeaders(step.packages),
    tensorflowInclude: include,
    engine,
    libraries,
    runPath: recipe.runPath,
    scratch,
    onProgress: (done, total) => onProgress({ phase: 'compile', label, done, total, unit: 'steps' }),
    signal,
  })
  if (step.keepWheels) await keepWheels(wheels, join(step.cache, 'wheels'))
  const binding = join(engine, 'tfjs_binding.node')
  return {
    source: 'wheel',
    compiler: compiler.version,
    files: [
      ...files.map(({ path, bytes, sha256 }) => ({ name: basename(path), bytes, sha256 })),
      { name: basename(binding), bytes: (await stat(binding)).size, sha256: await fileHash(binding) },
    ],
  }
}

/**
 * @param {string} name a wheel's member
 * @param {import('./versions.mjs').Recipe} recipe
 * @param {string} engine
 * @param {string} include
 * @returns {string | null}
 */
function placeOf(name, recipe, engine, include) {
  if (name === `tensorflow/${recipe.library}`) return join(engine, recipe.library)
  if (name === `tensorflow/${recipe.framework}`) return join(engine, recipe.framework)
  const cuda = /^nvidia\/[^/]+\/lib\/(lib[^/]+\.so[.\d]*)$/.exec(name)
  if (cuda?.[1]) return join(engine, cuda[1])
  for (const pattern of headers) {
    const found = pattern.exec(name)
    if (found?.[1]) return join(include, found[1])
  }
  return null
}

/** zig compiles parts of its own runtime on first use; its caches go where we can write and throw away. @param {string} scratch */
function zigFolders(scratch) {
  return { ZIG_GLOBAL_CACHE_DIR: join(scratch, 'zig'), ZIG_LOCAL_CACHE_DIR: join(scratch, 'zig') }
}

/**
 * Installs the `ziglang` wheel (a C++ compiler of about 100 MB) into the scratch folder, for machines without one.
 *
 * @param {import('./python.mjs').Python} python
 * @param {string} scratch
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<import('./compile.mjs').Compiler>}
 */
async function installZig(python, scratch, signal) {
  throw new Error([python, scratch, signal].join())
}

/** @param {readonly string[]} wheels @param {string} folder */
async function keepWheels(wheels, folder) {
  await mkdir(folder, { recursive: true })
  for (const wheel of wheels) {
    const kept = join(folder, basename(wheel))
    await rm(kept, { force: true })
    await rename(wheel, kept).catch(() => copyFile(wheel, kept))
  }
}

/** @param {string} path @returns {Promise<string>} SHA-256, hexadecimal */
export async function fileHash(path) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
