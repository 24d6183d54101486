import { access } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { lastLines, runCommand } from '../command.mjs'
import { SetupError } from '../failure.mjs'

/**
 * @typedef {object} Compiler
 * @property {string} command
 * @property {readonly string[]} prefix parameters that come first (`python3 -m ziglang c++`)
 * @property {string} version first line of what it says about itself
 * @property {Record<string, string>} env what it needs in its environment
 */

/**
 * The first C++ compiler that runs: CXX, g++, clang++, c++.
 *
 * @param {AbortSignal} [signal]
 * @returns {Promise<Compiler | null>}
 */
export async function findCompiler(signal) {
  for (const command of [process.env.CXX ?? '', 'g++', 'clang++', 'c++']) {
    const found = command === '' ? null : await probe({ command, prefix: [], env: {}, version: '' }, signal)
    if (found) return found
  }
  return null
}

/**
 * The compiler in the `ziglang` package of a Python, if it is installed there.
 *
 * @param {string} python
 * @param {Record<string, string>} env
 * @param {AbortSignal} [signal]
 * @returns {Promise<Compiler | null>}
 */
export function findZig(python, env, signal) {
  return probe({ command: python, prefix: ['-m', 'ziglang', 'c++'], env, version: '' }, signal)
}

/** @param {Compiler} compiler @param {AbortSignal | undefined} signal @returns {Promise<Compiler | null>} */
async function probe(compiler, signal) {
  const { command, prefix } = compiler
  const env = { ...process.env, ...compiler.env }
  const found = await runCommand(command, [...prefix, '--version'], { signal, env })
  if (found.status !== 0) return null
  return { ...compiler, version: found.stdout.split('\n')[0]?.trim() ?? '' }
}

/**
 * The folder with node_api.h: Node's own headers where they are installed next to it, else the `node-api-headers`
 * package. Both declare the same stable interface.
 *
 * @param {string} root a folder from which packages resolve
 * @returns {Promise<string>}
 */
export async function nodeHeaders(root) {
  const own = join(dirname(dirname(process.execPath)), 'include', 'node')
  const present = await access(join(own, 'node_api.h')).then(
    () => true,
    () => false,
  )
  if (present) return own
  return join(
    dirname(createRequire(join(root, 'package.json')).resolve('node-api-headers/package.json')),
    'include',
  )
}

/**
 * Compiles tfjs-node's binding against the libraries in `engine`.
 *
 * @param {object} request
 * @param {Compiler} request.compiler
 * @param {string} request.sources the package's folder, with `binding/`
 * @param {string} request.nodeInclude folder with node_api.h
 * @param {string} request.tensorflowInclude folder with tensorflow/c/c_api.h
 * @param {string} request.engine folder with the libraries; gets the binding
 * @param {readonly string[]} request.libraries file names in `engine` to link with
 * @param {string} request.runPath
 * @param {string} request.scratch
 * @param {(done: number, total: number) => void} request.onProgress steps
 * @param {AbortSignal} [request.signal]
 * @throws {SetupError} `engine-failed`, `cancelled`
 */
export async function compileBinding(request) {
  const { compiler, engine, libraries, onProgress, signal, scratch } = request
  const binding = join(request.sources, 'binding')
  const include = [request.nodeInclude, request.tensorflowInclude, request.sources].map((path) => `-I${path}`)
  const units = ['tfjs_backend', 'tfjs_binding']
  const env = { ...process.env, ...compiler.env }
  let done = 0
  /** @param {readonly string[]} parameters */
  const run = async (parameters) => {
    const result = await runCommand(compiler.command, [...compiler.prefix, ...parameters], { signal, env })
    if (result.status !== 0) {
      throw new SetupError(
        'engine-failed',
        `${compiler.command} could not compile TensorFlow’s Node binding: ${lastLines(result)}`,
        'Name another C++17 compiler in the CXX variable (g++ 9 or clang 10 and later will do).',
      )
    }
    onProgress(++done, units.length + 1)
  }
  onProgress(0, units.length + 1)
  const object = (/** @type {string} */ unit) => join(scratch, `${unit}.o`)
  const compile = ['-std=c++17', '-O2', '-fPIC', '-DNAPI_VERSION=8', ...include, '-c']
  await Promise.all(units.map((unit) => run([...compile, join(binding, `${unit}.cc`), '-o', object(unit)])))
  // Node's own symbols come from the process that loads the binding; a Mac's linker has to be told so.
  const shared = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']
  // Libraries that the binding itself calls nothing of are named as needs all the same: TensorFlow opens them later.
  if (process.platform === 'linux') shared.push('-Wl,--no-as-needed')
  await run([
    ...shared,
    ...units.map(object),
    ...libraries.map((name) => join(engine, name)),
    `-Wl,-rpath,${request.runPath}`,
    '-o',
    join(engine, 'tfjs_binding.node'),
  ])
}
