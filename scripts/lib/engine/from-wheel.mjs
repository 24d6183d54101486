import { stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { folderSize } from '../cache.mjs'
import { lastLines, runCommand } from '../command.mjs'
import { SetupError } from '../failure.mjs'
import { compileBinding, findCompiler, findZig, nodeHeaders } from './compile.mjs'
import { downloadWheels, dropWheels } from './download.mjs'
import { cudaRequirements } from './gpu.mjs'
import { fileHash } from './hash.mjs'
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

/** NVIDIA's libraries that TensorFlow's CUDA build opens by name. */
const loadedByTensorflow =
  /^lib(cudart|cublas|cublasLt|cufft|cupti|curand|cusolver|cusparse|cudnn|nccl|nvJitLink|nvrtc)\.so/
/** What those open in their turn, from the folder that they are in. */
const openedByThose = /^lib(cudnn_\w+|nvrtc-builtins)\.so/

const zigRequirement = 'ziglang>=0.13'
/** Unpacked size of that wheel, about. */
const zigBytes = 300e6

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
  const compiler =
    (await findCompiler(signal)) ??
    (await findZig(python.command, zigFolders(scratch), signal)) ??
    (await installZig(step, python))

  const project = `${recipe.project}==${tensorflowVersion}`
  const wheels = await downloadWheels({
    python,
    requirements: device === 'gpu' ? [project, ...cudaRequirements] : [project],
    tags: recipe.tags,
    cache: step.cache,
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
    libraries: libraries.filter((name) => name.startsWith('libtensorflow') || loadedByTensorflow.test(name)),
    runPath: recipe.runPath,
    scratch,
    onProgress: (done, total) => onProgress({ phase: 'compile', label, done, total, unit: 'steps' }),
    signal,
  })
  if (!step.keepWheels) await dropWheels(wheels)
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
  if (cuda?.[1]) {
    return loadedByTensorflow.test(cuda[1]) || openedByThose.test(cuda[1]) ? join(engine, cuda[1]) : null
  }
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
 * Installs the `ziglang` wheel (a C++ compiler, about 100 MB) into the scratch folder, for machines without one.
 *
 * @param {EngineStep} step
 * @param {import('./python.mjs').Python} python
 * @returns {Promise<import('./compile.mjs').Compiler>}
 * @throws {SetupError} `engine-missing`
 */
async function installZig(step, python) {
  const { scratch, signal, onProgress } = step
  const folder = join(scratch, 'ziglang')
  const label = 'Downloading a C++ compiler (ziglang)'
  onProgress({ phase: 'download', label, done: 0, total: zigBytes, unit: 'bytes' })
  const timer = setInterval(() => {
    void folderSize(folder).then((done) =>
      onProgress({ phase: 'download', label, done, total: zigBytes, unit: 'bytes' }),
    )
  }, 500)
  const parameters = [
    '-m',
    'pip',
    'install',
    '--no-deps',
    '--no-input',
    '--quiet',
    '--target',
    folder,
    zigRequirement,
  ]
  const installed = await runCommand(python.command, parameters, { signal }).finally(() =>
    clearInterval(timer),
  )
  const env = { ...zigFolders(scratch), PYTHONPATH: folder }
  const compiler = installed.status === 0 ? await findZig(python.command, env, signal) : null
  if (compiler) return compiler
  throw new SetupError(
    'engine-missing',
    `There is no C++ compiler, and ziglang could not be installed for one: ${lastLines(installed, 2)}`,
    'Install a C++17 compiler (Debian, Ubuntu: apt install g++; macOS: xcode-select --install) or name one in CXX.',
  )
}
