import process from 'node:process'
import { runCommand } from '../command.mjs'

/**
 * @typedef {object} Python
 * @property {string} command
 * @property {string} version major.minor
 * @property {string | null} pip pip's version, null where the interpreter has none
 */

/**
 * The first Python 3 among `python3`, `python` and `py` (or the one that GRAFT_PYTHON names) that runs, one with pip
 * before one without.
 *
 * @param {AbortSignal} [signal]
 * @returns {Promise<Python | null>}
 */
export async function findPython(signal) {
  const named = process.env.GRAFT_PYTHON
  const candidates = named ? [named] : ['python3', 'python', 'py']
  let withoutPip = null
  for (const command of candidates) {
    const python = await probe(command, signal)
    if (python?.pip) return python
    withoutPip ??= python
  }
  return withoutPip
}

/**
 * @param {string} command
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Python | null>}
 */
async function probe(command, signal) {
  const asked = 'import sys; print("%d.%d" % sys.version_info[:2])'
  const version = await runCommand(command, ['-c', asked], { signal })
  const found = /^3\.\d+$/.exec(version.stdout.trim())
  if (version.status !== 0 || !found) return null
  const pip = await runCommand(command, ['-m', 'pip', '--version'], { signal })
  const pipVersion = /^pip (\S+)/.exec(pip.stdout)
  return { command, version: found[0], pip: pip.status === 0 && pipVersion ? (pipVersion[1] ?? null) : null }
}
