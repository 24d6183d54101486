import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { runCommand } from './command.mjs'
import { SetupError } from './failure.mjs'

/** @typedef {{ packages?: Record<string, { version?: string, optional?: boolean, devOptional?: boolean }> }} Lock */

/**
 * Installs the npm packages, without their install scripts, unless what is installed is what package-lock.json says.
 *
 * @param {string} root the project's folder
 * @param {import('./terminal.mjs').Report} report
 * @throws {SetupError} with npm's own words
 */
export async function ensurePackages(root, report) {
  const lockFile = join(root, 'package-lock.json')
  const stampFile = join(root, 'node_modules', '.graft-stamp')
  const lockText = readFileSync(lockFile, 'utf8')
  const stamp = createHash('sha256').update(lockText).digest('hex')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  /** @type {Lock} */
  const lock = JSON.parse(lockText)
  if (!isInstalled(lock, join(root, 'node_modules', '.package-lock.json'))) await install(root, lock, report)
  writeFileSync(stampFile, stamp)
}

/**
 * Whether npm's own record of what it installed agrees with the lock. Packages for other platforms may be missing.
 *
 * @param {Lock} lock
 * @param {string} recordFile
 */
export function isInstalled(lock, recordFile) {
  if (!existsSync(recordFile)) return false
  /** @type {Lock} */
  const record = JSON.parse(readFileSync(recordFile, 'utf8'))
  return Object.entries(lock.packages ?? {}).every(([path, wanted]) => {
    const found = record.packages?.[path]
    if (path === '') return true
    return found ? found.version === wanted.version : wanted.optional === true || wanted.devOptional === true
  })
}

/**
 * @param {string} root
 * @param {Lock} lock
 * @param {import('./terminal.mjs').Report} report
 */
async function install(root, lock, report) {
  const total = Object.keys(lock.packages ?? {}).length - 1
  let done = 0
  const label = 'Installing npm packages'
  report({ label, done, total, unit: 'packages' })
  /** @type {string[]} */
  const said = []
  /** @param {string} line */
  const onLine = (line) => {
    if (/^npm http fetch GET 200 /.test(line)) report({ label, done: ++done, total, unit: 'packages' })
    else if (!line.startsWith('npm http')) said.push(line)
  }
  const [program, ...prefix] = npm()
  const parameters = [
    'ci',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=http',
    '--progress=false',
  ]
  const result = await runCommand(program, [...prefix, ...parameters], { cwd: root, onLine })
  if (result.status === 0) return
  // The cause comes first; what follows is help on npm itself.
  const errors = said.filter((line) => /^npm error \S/.test(line))
  throw new SetupError(
    'not-found',
    `npm could not install the packages:\n${(errors.length > 0 ? errors : said).slice(0, 8).join('\n')}`,
    'Check the network and npm’s own settings (npm config list), then start again.',
  )
}

/** How to start npm without a shell: as the program that started us, or as the script next to Node. @returns {[string, ...string[]]} */
export function npm() {
  const bin = dirname(process.execPath)
  const candidates = [
    process.env.npm_execpath ?? '',
    join(bin, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(bin, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ]
  const script = candidates.find((path) => /npm-cli\.[cm]?js$/.test(path) && existsSync(path))
  return script ? [process.execPath, script] : ['npm']
}
