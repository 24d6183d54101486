import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { EpochFigures, PeerFacts } from '../worker'
import type { Task } from '../task'

/** A peer that runs in Node: what it is, and its training of one epoch. */
export interface NodePeer {
  readonly facts: PeerFacts
  /** Trains one epoch; `loss` and `auc` are null for a peer that computes none. */
  epoch(): Promise<{ rows: number; loss: number | null; auc: number | null }>
}

/**
 * Runs a peer in this process as peers/protocol.py tells: one epoch that does not count, `ready`, then as many epochs as
 * each line of standard input asks for. The task's path is the first parameter.
 */
export async function serve(start: (task: Task) => Promise<NodePeer>): Promise<void> {
  const say = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`)
  // Standard output belongs to the protocol, whatever a library has to tell.
  console.log = console.error
  // The bench wrote the file a moment ago, from the same type.
  const task: Task = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8'))
  const peer = await start(task)
  await peer.epoch()
  say({ ready: peer.facts })
  for await (const line of createInterface({ input: process.stdin })) {
    const { epochs }: { epochs: number } = JSON.parse(line)
    const figures: EpochFigures[] = []
    for (let i = 0; i < epochs; i++) {
      const wall = performance.now()
      const cpu = process.cpuUsage()
      const result = await peer.epoch()
      const used = process.cpuUsage(cpu)
      figures.push({
        ...result,
        seconds: (performance.now() - wall) / 1000,
        cpuSeconds: (used.user + used.system) / 1e6,
      })
    }
    say({ epochs: figures })
  }
}
