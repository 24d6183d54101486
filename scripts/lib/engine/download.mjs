import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { folderSize } from '../cache.mjs'
import { lastLines, runCommand } from '../command.mjs'
import { SetupError } from '../failure.mjs'
import { pythonVersions } from './versions.mjs'

/** @typedef {import('./python.mjs').Python} Python */

const unitBytes = { kB: 1e3, MB: 1e6, GB: 1e9 }

/**
 * Fetches wheels by pip, which knows the person's mirrors, proxies and certificates and checks each wheel against the
 * index's hash. pip's own bar is for terminals only, so progress is read off the size of its temporary folder.
 *
 * @param {object} request
 * @param {Python} request.python
 * @param {readonly string[]} request.requirements `name==version`
 * @param {readonly string[]} request.tags platform tags
 * @param {string} request.scratch a folder on the cache's disk, thrown away afterwards
 * @param {(done: number, total: number) => void} request.onProgress bytes; total is 0 until it is known
 * @param {AbortSignal} [request.signal]
 * @returns {Promise<string[]>} paths of the wheels, below `scratch`
 * @throws {SetupError} `engine-missing`, `cancelled`
 */
export async function downloadWheels({ python, requirements, tags, scratch, onProgress, signal }) {
  const temporary = join(scratch, 'pip')
  const destination = join(scratch, 'wheels')
  await mkdir(temporary, { recursive: true })
  await mkdir(destination, { recursive: true })
  const version = pythonVersions.includes(python.version) ? python.version : String(pythonVersions[0])
  const parameters = [
    ...[
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--no-input',
      '--disable-pip-version-check',
    ],
    ...['--progress-bar', 'off', '--dest', destination],
    ...['--implementation', 'cp', '--python-version', version, '--abi', `cp${version.replace('.', '')}`],
    ...['--abi', 'none', ...tags.flatMap((tag) => ['--platform', tag])],
    ...requirements,
  ]

  let total = 0
  /** @param {string} line such as "Downloading tensorflow_cpu-2.21.0-….whl (273.8 MB)" */
  const readTotal = (line) => {
    const found = /(?:Downloading|Using cached) .*\(([\d.]+) (kB|MB|GB)\)/.exec(line)
    const unit = found?.[2]
    if (unit === 'kB' || unit === 'MB' || unit === 'GB') total += Number(found?.[1]) * unitBytes[unit]
  }
  const timer = setInterval(() => {
    Promise.all([folderSize(temporary), folderSize(destination)]).then(([coming, done]) => {
      onProgress(Math.max(coming, done), total)
    }, ignore)
  }, 250)
  const env = { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary, PYTHONUNBUFFERED: '1' }
  const result = await runCommand(python.command, parameters, { env, signal, onLine: readTotal }).finally(
    () => clearInterval(timer),
  )
  if (result.status !== 0) {
    throw new SetupError(
      'engine-missing',
      `pip could not download ${requirements.join(', ')}: ${lastLines(result, 3)}`,
      'Check the network and pip’s own settings (pip config list), then start again.',
    )
  }
  const wheels = (await readdir(destination)).filter((name) => name.endsWith('.whl'))
  const size = await folderSize(destination)
  onProgress(size, size)
  return wheels.map((name) => join(destination, name))
}

/** Progress that could not be read this time is read the next time. */
function ignore() {}
