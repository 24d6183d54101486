import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { runAttached } from './child.mjs'
import { lastLines, runCommand } from './command.mjs'
import { SetupError } from './failure.mjs'

const sample = 'movielens-100k'

/**
 * Trains the sample through the command line, on the terminal: its progress and its table of metrics are the
 * command's own.
 *
 * @param {string} root the project's folder
 * @returns {Promise<number>} exit status
 * @throws {SetupError} where the sample cannot be made
 */
export async function trainSample(root) {
  const cli = join(root, 'out', 'main', 'cli.cjs')
  const machine = await ask(cli, ['doctor', '--json'])
  const folder = join(machine.folders.user, 'samples', sample)
  if (!existsSync(join(folder, 'graft.json'))) await ask(cli, ['new', folder, '--sample', sample, '--json'])
  return runAttached(process.execPath, [cli, 'train', folder])
}

/**
 * @param {string} cli
 * @param {readonly string[]} parameters
 * @returns {Promise<{ folders: { user: string } }>} the one JSON document that the command prints
 */
async function ask(cli, parameters) {
  const result = await runCommand(process.execPath, [cli, ...parameters])
  if (result.status === 0) return JSON.parse(result.stdout)
  const said = result.stdout.trim() === '' ? null : JSON.parse(result.stdout)
  throw new SetupError('not-found', said?.error?.message ?? lastLines(result), said?.error?.hint ?? '')
}
