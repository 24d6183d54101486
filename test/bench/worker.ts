import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { z } from 'zod'

const epochFigures = z.object({
  rows: z.number(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  loss: z.number().nullable(),
  auc: z.number().nullable(),
})
export type EpochFigures = z.infer<typeof epochFigures>

const readyMessage = z.object({
  ready: z.object({
    version: z.string(),
    parameters: z.number().nullable(),
    trainableParameters: z.number().nullable(),
  }),
})
export type PeerFacts = z.infer<typeof readyMessage>['ready']

const epochsMessage = z.object({ epochs: z.array(epochFigures) })

/** A peer's process, which stays alive between its turns (the protocol is told in peers/protocol.py). */
export class Worker {
  private readonly waiting: ((line: string | null) => void)[] = []
  private readonly lines: string[] = []
  private complaint = ''
  private ended = false

  private constructor(
    readonly name: string,
    private readonly child: ChildProcessWithoutNullStreams,
  ) {
    createInterface({ input: child.stdout }).on('line', (line) => this.hear(line))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaint = (this.complaint + text).slice(-4000)
    })
    // A worker that died is told about by the end of its output.
    child.stdin.on('error', () => undefined)
    child.once('error', (error) => (this.complaint += error.message))
    child.once('close', () => {
      this.ended = true
      for (const wake of this.waiting.splice(0)) wake(null)
    })
  }

  /** Starts a peer; `ready` tells when it can be used. */
  static launch(name: string, program: string, parameters: readonly string[]): Worker {
    return new Worker(name, spawn(program, parameters, { stdio: 'pipe' }))
  }

  /** Starts a peer and waits until it is ready. */
  static async start(
    name: string,
    program: string,
    parameters: readonly string[],
  ): Promise<{ worker: Worker; facts: PeerFacts }> {
    const worker = Worker.launch(name, program, parameters)
    return { worker, facts: await worker.ready() }
  }

  /**
   * Waits until the peer has trained its first epoch, which does not count.
   * @throws an error with the end of its standard error where it ends before
   */
  async ready(): Promise<PeerFacts> {
    return readyMessage.parse(await this.read()).ready
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  async train(epochs: number): Promise<EpochFigures[]> {
    this.child.stdin.write(`${JSON.stringify({ epochs })}\n`)
    return epochsMessage.parse(await this.read()).epochs
  }

  async stop(): Promise<void> {
    if (this.ended) return
    const closed = new Promise((done) => this.child.once('close', done))
    this.child.stdin.end()
    await closed
  }

  private hear(line: string): void {
    const wake = this.waiting.shift()
    if (wake) wake(line)
    else this.lines.push(line)
  }

  private async read(): Promise<unknown> {
    const line =
      this.lines.shift() ??
      (this.ended ? null : await new Promise<string | null>((wake) => this.waiting.push(wake)))
    if (line === null) throw new Error(`${this.name} ended before it answered:\n${this.complaint.trim()}`)
    return JSON.parse(line)
  }
}
