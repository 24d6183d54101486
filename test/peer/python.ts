import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { provisionPeer } from '../../scripts/lib/peer.mjs'

/**
 * Python's side of the peer tests: the interpreter of a virtual environment with TensorFlow and its kin, made at first
 * use (`npm test` makes it before).
 *
 * @throws an error that says why, where the environment cannot be made
 */
export function python(): Promise<string> {
  return provisionPeer({ root: resolve(import.meta.dirname, '..', '..') })
}

export interface PythonOptions {
  /** What the script reads from standard input. */
  input?: string
  cwd?: string
  env?: Record<string, string>
}

/**
 * Runs a Python script to its end.
 *
 * @param script a path that ends with .py, or else the code itself
 * @param args parameters of the script (`sys.argv[1:]`)
 * @returns standard output
 * @throws an error with the script's standard error where its status is not 0
 */
export async function runPython(
  script: string,
  args: readonly string[] = [],
  { input = '', cwd, env = {} }: PythonOptions = {},
): Promise<string> {
  const interpreter = await python()
  const what = script.endsWith('.py') ? [script] : ['-c', script]
  const child = spawn(interpreter, [...what, ...args], {
    cwd,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  // A script that ends without reading its input closes the pipe; its status tells whether that was an error.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const status = await new Promise<number | null>((done, fail) => {
    child.once('error', fail)
    child.once('close', done)
  })
  if (status !== 0) throw new Error(`Python ended with status ${status}:\n${stderr.trim()}`)
  return stdout
}
