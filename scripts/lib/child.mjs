import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import process from 'node:process'

/**
 * Runs a program on our own terminal until it ends, and passes on the signals that ask us to end.
 *
 * @param {string} program
 * @param {readonly string[]} parameters
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>} its exit status; 128 + n where signal n ended it, as shells say
 */
export function runAttached(program, parameters, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { ...options, stdio: 'inherit' })
    // A terminal's Ctrl+C reaches the child by itself; we only must not die before it.
    const onInterrupt = () => {}
    const onTerminate = () => {
      child.kill('SIGTERM')
    }
    process.on('SIGINT', onInterrupt)
    process.on('SIGTERM', onTerminate)
    child.once('error', reject)
    child.once('close', (status, signal) => {
      process.off('SIGINT', onInterrupt)
      process.off('SIGTERM', onTerminate)
      resolve(status ?? 128 + (signal ? constants.signals[signal] : 0))
    })
  })
}
