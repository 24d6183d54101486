import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { lastLines, runCommand } from './command.mjs'
import { SetupError } from './failure.mjs'

/** What the bundles are made of. */
const sources = [
  'src-main',
  'src-renderer',
  'scripts/lib',
  'electron.vite.config.ts',
  'package-lock.json',
  'tsconfig.json',
]

/**
 * Builds the bundles unless they are newer than every source.
 *
 * @param {string} root the project's folder
 * @param {import('./terminal.mjs').Report} report
 * @throws {SetupError} with the builder's own words
 */
export async function ensureBuild(root, report) {
  const stampFile = join(root, 'out', '.graft-stamp')
  const stamp = signature(root)
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  report({ label: 'Building the application', done: 0, total: 0, unit: 'steps' })
  // Without a stamp, a build that breaks off half-way counts as none.
  rmSync(stampFile, { force: true })
  const builder = join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js')
  const result = await runCommand(process.execPath, [builder, 'build', '--logLevel', 'warn'], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
  })
  if (result.status !== 0) {
    throw new SetupError(
      'internal',
      `The application could not be built:\n${lastLines(result, 20)}`,
      'If you changed nothing, delete node_modules and start again.',
    )
  }
  writeFileSync(stampFile, stamp)
}

/** A hash of every source's path, size and time: no file is read, so that asking costs milliseconds. @param {string} root */
function signature(root) {
  const hash = createHash('sha256')
  /** @param {string} path */
  const add = (path) => {
    const found = statSync(join(root, path), { throwIfNoEntry: false })
    if (found?.isDirectory()) {
      for (const name of readdirSync(join(root, path)).sort()) add(`${path}/${name}`)
    } else if (found) hash.update(`${path}:${found.size}:${found.mtimeMs}\n`)
  }
  for (const path of sources) add(path)
  return hash.digest('hex')
}
