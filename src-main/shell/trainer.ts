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

function utilityTrainer(entry: string): WorkerPort {
  const child = utilityProcess.fork(entry, [], { stdio: 'pipe', serviceName: 'Graft trainer' })
  child.on('spawn', () => lowerPriority(child.pid))
  return {
    get pid() {
      return child.pid ?? null
    },
    send: (message) => child.postMessage(message),
    onMessage: (listener) => void child.on('message', listener),
    onOutput: (listener) => {
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (data: Buffer | string) => listener(data.toString()))
    },
    onExit: (listener) => void child.once('exit', (code) => listener(code, null)),
    kill: () => {
      // Electron's own `kill` asks politely, which a process within TensorFlow does not hear.
      if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL')
      else child.kill()
    },
  }
}
