import { spawn } from 'node:child_process'
import { throwIfCancelled } from './failure.mjs'

/**
 * @typedef {object} CommandOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] the whole environment; the current one when left out
 * @property {AbortSignal} [signal] kills the program
 * @property {(line: string) => void} [onLine] every line of both outputs, as it comes
 *
 * @typedef {object} CommandResult
 * @property {number} status exit status; 127 where the program could not be started, 128 where a signal ended it
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * Runs a program without a shell and collects what it printed. A non-zero status is a result, not an exception:
 * whether it is a failure is for the caller to say.
 *
 * @param {string} program
 * @param {readonly string[]} parameters
 * @param {CommandOptions} [options]
 * @returns {Promise<CommandResult>}
 * @throws {SetupError} `cancelled`
 */
export async function runCommand(program, parameters, options = {}) {
  const { cwd, env, signal, onLine } = options
  throwIfCancelled(signal)
  const result = await new Promise(
    /** @param {(result: CommandResult) => void} resolve */ (resolve) => {
      const child = spawn(program, parameters, {
        cwd,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        windowsHide: true,
      })
      const kill = () => child.kill()
      signal?.addEventListener('abort', kill, { once: true })
      const stdout = collect(child.stdout, onLine)
      const stderr = collect(child.stderr, onLine)
      /** @param {number} status @param {string} [why] */
      const finish = (status, why = '') => {
        signal?.removeEventListener('abort', kill)
        resolve({ status, stdout: stdout(), stderr: stderr() + why })
      }
      child.once('error', (error) => finish(127, error.message))
      child.once('close', (status) => finish(status ?? 128))
    },
  )
  throwIfCancelled(signal)
  return result
}

/**
 * Gathers a stream's text and reports it line by line.
 *
 * @param {import('node:stream').Readable} stream
 * @param {((line: string) => void) | undefined} onLine
 * @returns {() => string} what has come so far
 */
function collect(stream, onLine) {
  let text = ''
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (/** @type {string} */ chunk) => {
    text += chunk
    if (!onLine) return
    const lines = (rest + chunk).split(/\r?\n|\r/)
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') onLine(line)
  })
  return () => text
}

/**
 * The last lines of a program's output: enough to see why it failed, short enough for an error message.
 *
 * @param {CommandResult} result
 * @param {number} [count]
 */
export function lastLines(result, count = 6) {
  const text = result.stderr.trim() === '' ? result.stdout : result.stderr
  return text.trim().split(/\r?\n/).slice(-count).join('\n')
}
