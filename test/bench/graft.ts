import { spawn } from 'node:child_process'
import type { z } from 'zod'
import { type TreeUsage, watchTree } from './processTree'

export interface CommandResult<T> {
  readonly value: T
  /** Wall time of the whole command, start of the process included. */
  readonly seconds: number
  readonly usage: TreeUsage | null
}

/** Graft as a person runs it: the built command line, in a process of its own. */
export class Graft {
  /**
   * @param cli the built `cli.cjs`
   * @param env what its processes get besides our own environment
   */
  constructor(
    readonly cli: string,
    readonly env: Readonly<Record<string, string>>,
  ) {}

  /**
   * Runs one command with `--json`.
   * @param options.memory whether to watch its memory, which slows it down a little
   * @throws an error with the command's own words where its status is not 0 or what it printed is not as agreed
   */
  async run<T extends z.ZodType>(
    answer: T,
    parameters: readonly string[],
    { memory = false }: { memory?: boolean } = {},
  ): Promise<CommandResult<z.output<T>>> {
    const start = performance.now()
    const child = spawn(process.execPath, [this.cli, ...parameters, '--json'], {
      env: { ...process.env, ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const usage = watchTree(child.pid ?? 0, { memory })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)))
    const status = await new Promise<number | null>((done, fail) => {
      child.once('error', fail)
      child.once('close', done)
    })
    const seconds = (performance.now() - start) / 1000
    const used = await usage()
    if (status !== 0)
      throw new Error(
        `graft ${parameters.join(' ')} ended with status ${status}:\n${stdout.trim() || stderr.trim()}`,
      )
    return { value: answer.parse(JSON.parse(stdout)), seconds, usage: used }
  }
}
