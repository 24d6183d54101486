import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { takeTurn } from './cache.mjs'
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
 * Builds the bundles unless they are newer than every source. Of several processes that want them one builds.
 *
 * @param {string} root the project's folder
 * @param {import('./terminal.mjs').Report} report
 * @throws {SetupError} with the builder's own words
 */
export async function ensureBuild(root, report) {
  if (isBuilt(root)) return
  const release = await takeTurn(join(root, 'node_modules', '.graft-build.lock'))
  try {
    if (!isBuilt(root)) await build(root, report)
  } finally {
    await release()
  }
}

/** @param {string} root */
function stampFileOf(root) {
  return join(root, 'out', '.graft-stamp')
}

/** @param {string} root */
function isBuilt(root) {
  const stampFile = stampFileOf(root)
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === signature(root)
}

/**
 * @param {string} root
 * @param {import('./terminal.mjs').Report} report
 */
async function build(root, report) {
  const stampFile = stampFileOf(root)
  // Taken before: what changes while we build makes the build stale.
  const stamp = signature(root)
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
