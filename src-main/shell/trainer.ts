import { utilityProcess } from 'electron'
import { type ForkTrainer, lowerPriority, nodeTrainer, type WorkerPort } from '../training/worker'

/**
 * Forks trainers as Electron's utility processes, and where these cannot be had, as Electron's binary run as Node.
 * @param entry the trainer's bundle
 */
export function electronTrainer(entry: string): ForkTrainer {
  const asNode = nodeTrainer(entry, { ELECTRON_RUN_AS_NODE: '1' })
  return () => {
    try {
      return utilityTrainer(entry)
    } catch {
      return asNode()
    }
  }
}

/** Keeps what comes before somebody listens: a process may say something, or die, before its host is ready for it. */
class Mailbox<T> {
  private readonly waiting: T[] = []
  private listener: ((item: T) => void) | null = null

  put(item: T): void {
    if (this.listener) this.listener(item)
    else this.waiting.push(item)
  }

  open(listener: (item: T) => void): void {
    this.listener = listener
    for (const item of this.waiting.splice(0)) listener(item)
  }
}

function utilityTrainer(entry: string): WorkerPort {
  const child = utilityProcess.fork(entry, [], { stdio: 'pipe', serviceName: 'Graft trainer' })
  const messages = new Mailbox<unknown>()
  const output = new Mailbox<string>()
  const exit = new Mailbox<number>()
  child.on('message', (message: unknown) => messages.put(message))
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data: Buffer | string) => output.put(data.toString()))
  child.once('exit', (code) => exit.put(code))
  const spawned = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('spawn', () => {
      lowerPriority(child.pid)
      resolve()
    })
  })
  return {
    get pid() {
      return child.pid ?? null
    },
    spawned,
    send: (message) => child.postMessage(message),
    onMessage: (listener) => messages.open(listener),
    onOutput: (listener) => output.open(listener),
    onExit: (listener) => exit.open((code) => listener(code, null)),
    kill: () => {
      // Electron's own `kill` asks politely, which a process within TensorFlow does not hear.
      if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL')
      else child.kill()
    },
  }
}
