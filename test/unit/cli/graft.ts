import { execFile } from 'node:child_process'
import { resolve } from 'node:path'

const cli = resolve(import.meta.dirname, '../../../out/main/cli.cjs')

export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** The one JSON document on standard output. */
  readonly json: unknown
}

/**
 * Runs the built command line as a person would.
 * @param stood the folder that the person stands in
 */
export function graft(
  parameters: readonly string[],
  stood: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  return new Promise((done, fail) => {
    execFile(
      process.execPath,
      [cli, ...parameters],
      { env: { ...process.env, INIT_CWD: stood, ...env }, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const status = error ? (typeof error.code === 'number' ? error.code : -1) : 0
        try {
          done({
            status,
            stdout,
            stderr,
            json: parameters.includes('--json') ? parseOne(stdout, stderr) : null,
          })
        } catch (thrown) {
          fail(thrown)
        }
      },
    )
  })
}

/** @throws where there is anything but one document on one line */
function parseOne(stdout: string, stderr: string): unknown {
  const lines = stdout.trimEnd().split('\n')
  if (lines.length !== 1 || stdout === '')
    throw new Error(
      `expected one document, found ${stdout.slice(0, 500)} and on standard error ${stderr.slice(-500)}`,
    )
  return JSON.parse(stdout)
}
