import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { buildFolder, cacheFolder } from './cache.mjs'
import { lastLines, runCommand } from './command.mjs'
import { findPython } from './engine/python.mjs'
import { SetupError } from './failure.mjs'

/**
 * The Python that Graft is checked against: TensorFlow, tensorflow-metadata, NumPy, pandas, pyarrow and scikit-learn in a virtual
 * environment of the cache, of the versions in test/peer/requirements.txt.
 *
 * @param {string} root the project's folder
 * @param {string} [cache]
 * @returns {string} the environment's interpreter, whether it is there or not
 */
export function peerPython(root, cache = cacheFolder()) {
  return interpreterIn(join(cache, environmentName(root)))
}

/**
 * @param {string} root
 * @param {string} [cache]
 */
export function peerIsReady(root, cache = cacheFolder()) {
  return existsSync(join(cache, environmentName(root), 'complete'))
}

/**
 * Makes the environment, or finds it there. The TensorFlow wheel that the engine came out of is used again where it was
 * kept.
 *
 * @param {object} request
 * @param {string} request.root the project's folder
 * @param {string} [request.cache]
 * @param {(line: string) => void} [request.onLine] what pip says, line by line
 * @param {AbortSignal} [request.signal]
 * @returns {Promise<string>} the interpreter
 * @throws {SetupError} `not-found` where there is no Python or pip fails, `cancelled`
 */
export async function provisionPeer({ root, cache = cacheFolder(), onLine, signal }) {
  const name = environmentName(root)
  if (peerIsReady(root, cache)) return peerPython(root, cache)
  const python = await findPython(signal)
  if (!python)
    throw new SetupError('not-found', 'No Python 3 was found for the peer tests.', 'Install Python 3.11.')
  /** @param {string} folder */
  const build = async (folder) => {
    /** @param {string} program @param {readonly string[]} parameters */
    const run = async (program, parameters) => {
      const result = await runCommand(program, parameters, { onLine, signal })
      if (result.status !== 0) {
        throw new SetupError(
          'not-found',
          `The peers’ Python environment could not be made: ${lastLines(result, 3)}`,
          'TensorFlow 2.21 needs Python 3.10 to 3.13 with venv (Debian, Ubuntu: apt install python3-venv).',
        )
      }
    }
    await run(python.command, ['-m', 'venv', folder])
    const wheels = join(cache, 'wheels')
    const links = existsSync(wheels) ? ['--find-links', wheels] : []
    const requirements = ['-r', requirementsFile(root)]
    const install = [
      '-m',
      'pip',
      'install',
      '--no-input',
      '--disable-pip-version-check',
      '--progress-bar',
      'off',
    ]
    await run(interpreterIn(folder), [...install, ...links, ...requirements])
    await writeFile(join(folder, 'complete'), `${new Date().toISOString()}\n`)
  }
  await buildFolder(cache, name, () => peerIsReady(root, cache), build, signal)
  return peerPython(root, cache)
}

/** @param {string} root */
function requirementsFile(root) {
  return join(root, 'test', 'peer', 'requirements.txt')
}

/** Other requirements make another environment. @param {string} root */
function environmentName(root) {
  const hash = createHash('sha256')
    .update(readFileSync(requirementsFile(root)))
    .digest('hex')
  return `peer-venv-${hash.slice(0, 8)}`
}

/** @param {string} environment */
function interpreterIn(environment) {
  return process.platform === 'win32'
    ? join(environment, 'Scripts', 'python.exe')
    : join(environment, 'bin', 'python')
}
