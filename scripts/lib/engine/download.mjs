import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { folderSize } from '../cache.mjs'
import { lastLines, runCommand } from '../command.mjs'
import { SetupError } from '../failure.mjs'
import { pythonVersions } from './versions.mjs'

/**
 * @typedef {import('./python.mjs').Python} Python
 *
 * @typedef {object} WheelRequest
 * @property {Python} python
 * @property {readonly string[]} requirements `name==version`, or a range
 * @property {readonly string[]} tags platform tags
 * @property {string} cache finished downloads are kept in its `wheels` folder until `dropWheels`, so that a failure in a
 *   later step costs no second download
 * @property {string} scratch a folder on the cache's disk, thrown away afterwards
 * @property {(done: number, total: number) => void} onProgress bytes; total is 0 until it is known
 * @property {AbortSignal} [signal]
 */

const unitBytes = { kB: 1e3, MB: 1e6, GB: 1e9 }

/**
 * Fetches wheels by pip, which knows the person's mirrors, proxies and certificates and checks each wheel against the
 * index's hash. pip's own bar is for terminals only, so progress is read off the size of its temporary folder.
 *
 * @param {WheelRequest} request
 * @returns {Promise<string[]>} paths of the wheels, one a requirement
 * @throws {SetupError} `engine-missing` where pip fails, `cancelled`
 */
export async function downloadWheels(request) {
  const { python, cache, requirements, scratch } = request
  const kept = join(cache, 'wheels')
  const version = wheelPython(python)
  const missing = []
  for (const requirement of requirements) {
    if (!(await keptWheel(kept, requirement, version))) missing.push(requirement)
  }
  if (missing.length > 0) {
    const destination = join(scratch, 'wheels')
    await mkdir(destination, { recursive: true })
    await mkdir(kept, { recursive: true })
    await pipDownload(request, missing, version, destination)
    for (const name of await readdir(destination)) await move(join(destination, name), join(kept, name))
  }
  const wheels = await Promise.all(requirements.map((requirement) => keptWheel(kept, requirement, version)))
  return wheels.map((wheel, index) => {
    if (wheel) return wheel
    throw new SetupError(
      'engine-missing',
      `pip brought no wheel for ${requirements[index]}.`,
      'Send us this message.',
    )
  })
}

/** @param {readonly string[]} wheels paths that are no longer needed */
export async function dropWheels(wheels) {
  for (const wheel of wheels) await rm(wheel, { force: true })
}

/** The Python version whose wheels are taken: the machine's own where there are any. @param {Python} python */
function wheelPython(python) {
  return pythonVersions.includes(python.version) ? python.version : String(pythonVersions[0])
}

/**
 * @param {string} folder
 * @param {string} requirement
 * @param {string} version Python's
 * @returns {Promise<string | null>}
 */
async function keptWheel(folder, requirement, version) {
  const [project = '', exact] = requirement.split(/==|[<>=~!]/)
  const prefix = `${project.replace(/[-_.]+/g, '_')}-`.toLowerCase()
  const python = new RegExp(`-(cp${version.replace('.', '')}|py3|py2\\.py3)-`)
  const names = await readdir(folder).catch(() => [])
  const found = names.find(
    (name) =>
      name.toLowerCase().startsWith(prefix) &&
      python.test(name) &&
      (!requirement.includes('==') || name.split('-')[1] === exact),
  )
  return found ? join(folder, found) : null
}

/**
 * @param {WheelRequest} request
 * @param {readonly string[]} requirements
 * @param {string} version Python's
 * @param {string} destination
 */
async function pipDownload(
  { python, tags, cache, scratch, onProgress, signal },
  requirements,
  version,
  destination,
) {
  const temporary = join(scratch, 'pip')
  await mkdir(temporary, { recursive: true })
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
    // What is kept, we keep ourselves: pip's cache would hold the same bytes a second time.
    ...['--no-cache-dir', '--progress-bar', 'off', '--dest', destination],
    ...['--implementation', 'cp', '--python-version', version, '--abi', `cp${version.replace('.', '')}`],
    ...['--abi', 'none', ...tags.flatMap((tag) => ['--platform', tag])],
    ...requirements,
  ]
  let total = 0
  /** @param {string} line such as "Downloading tensorflow_cpu-2.21.0-….whl (273.8 MB)" */
  const readTotal = (line) => {
    const found = /Downloading .*\(([\d.]+) (kB|MB|GB)\)/.exec(line)
    const unit = found?.[2]
    if (unit === 'kB' || unit === 'MB' || unit === 'GB') total += Number(found?.[1]) * unitBytes[unit]
  }
  const timer = setInterval(() => {
    void Promise.all([folderSize(temporary), folderSize(destination)]).then(([coming, done]) =>
      onProgress(Math.max(coming, done), total),
    )
  }, 250)
  const env = { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary, PYTHONUNBUFFERED: '1' }
  const result = await runCommand(python.command, parameters, { env, signal, onLine: readTotal }).finally(
    () => clearInterval(timer),
  )
  if (result.status !== 0 && /No space left on device|Disk quota exceeded/.test(result.stderr)) {
    throw new SetupError(
      'disk-full',
      `The disk of the cache (${cache}) filled up while ${requirements.join(', ')} came.`,
      'Free some space there, or let GRAFT_CACHE name a folder on another disk.',
    )
  }
  if (result.status !== 0) {
    throw new SetupError(
      'engine-missing',
      `pip could not download ${requirements.join(', ')}: ${lastLines(result, 3)}`,
      'Check the network and pip’s own settings (pip config list), then start again.',
    )
  }
  const size = await folderSize(destination)
  onProgress(size, size)
}

/** Moves a file within a disk at once, across disks by way of a copy under another name. @param {string} from @param {string} to */
async function move(from, to) {
  await rename(from, to).catch(async () => {
    await copyFile(from, `${to}.part`)
    await rename(`${to}.part`, to)
  })
}
