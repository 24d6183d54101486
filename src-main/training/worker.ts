import { fork } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import type { Readable } from 'node:stream'

/** A trainer process as its host sees it, whoever forked it: Node's child_process or Electron's utilityProcess. */
export interface WorkerPort {
  readonly pid: number | null
  /** Settled when `pid` is known, where that takes a moment (Electron). */
  readonly spawned?: Promise<void>
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** Text that the process wrote to standard output or standard error, in pieces. */
  onOutput(listener: (text: string) => void): void
  /** Called once. `code` is null where a signal ended it, `signal` where none did or where it is not known. */
  onExit(listener: (code: number | null, signal: string | null) => void): void
  kill(): void
}

export type ForkTrainer = () => WorkerPort

/** Forks the bundle `entry` with this very Node. The trainer is a little less urgent than whoever answers the window. */
export function nodeTrainer(entry: string, environment: NodeJS.ProcessEnv = {}): ForkTrainer {
  return () => {
    const child = fork(entry, [], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
      execArgv: [],
    })
    lowerPriority(child.pid)
    return {
      pid: child.pid ?? null,
      send: (message) => {
        // A process that has just died tells so by its exit, not here.
        if (child.connected) child.send(asSerializable(message), () => undefined)
      },
      onMessage: (listener) => void child.on('message', listener),
      onOutput: (listener) => {
        for (const stream of [child.stdout, child.stderr]) listen(stream, listener)
      },
      onExit: (listener) => {
        let told = false
        const once = (code: number | null, signal: string | null): void => {
          if (!told) listener(code, signal)
          told = true
        }
        child.on('error', () => once(null, null))
        // `close` comes after `exit`, when the last output has been read.
        child.on('close', once)
      },
      kill: () => void child.kill('SIGKILL'),
    }
  }
}

function listen(stream: Readable | null, listener: (text: string) => void): void {
  stream?.setEncoding('utf8').on('data', (text: string) => listener(text))
}

/** Messages are plain data by contract; the check is here because Node's types want to see it. */
function asSerializable(message: unknown): object {
  return typeof message === 'object' && message !== null ? message : { value: message }
}

/**
 * A little less urgent than whoever answers the window: enough to keep round trips short while every core computes, and not
 * so much that anything else on the machine starves the training. Windows knows no step between normal and below normal.
 */
const niceness = process.platform === 'win32' ? constants.priority.PRIORITY_BELOW_NORMAL : 5

/** Lowers the priority of a trainer; where the system refuses, nothing is lost but that. */
export function lowerPriority(pid: number | null | undefined): void {
  if (typeof pid !== 'number') return
  try {
    setPriority(pid, niceness)
  } catch {
    // No right to: the trainer runs at our own priority.
  }
}
