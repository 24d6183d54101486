import { GraftError, toGraftError } from '../contract/errors'
import type { EventData, EventName } from '../contract/events'
import type { RunProgress, RunRecord, RunStatus, RunSummary } from '../contract/runs'
import { crashError } from './crash'
import { fromTrainer, type FromTrainer, type ToTrainer } from './protocol'
import type { TrainingPlan } from './plan'
import { storedTables } from '../model/spec'
import type { RunFolder } from './runFolder'
import { summarizeRun } from './sentence'
import type { WorkerPort } from './worker'

/** Tells whoever listens: the window, the terminal, a test. */
export type Emit = <N extends EventName>(name: N, data: EventData<N>) => void

const lastWordsKept = 200 // lines

/** A run whose trainer lives: follows its messages, and keeps `run.json` in step. Main alone writes that file. */
export class ActiveRun {
  progress: RunProgress | null = null
  /** Settled once the trainer is gone and `run.json` is written; never rejected. */
  readonly finished: Promise<RunRecord>

  private record: RunRecord
  private readonly lastWords: string[] = []
  private partialLine = ''
  private outcome: 'completed' | 'stopped' | 'failed' | null = null
  private writes: Promise<void> = Promise.resolve()
  private writeError: unknown = null

  constructor(
    readonly folder: RunFolder,
    record: RunRecord,
    private readonly plan: TrainingPlan,
    private readonly worker: WorkerPort,
    private readonly emit: Emit,
  ) {
    this.record = record
    worker.onMessage((message) => this.receive(message))
    worker.onOutput((text) => this.hear(text))
    this.finished = new Promise((resolve) => {
      worker.onExit((code, signal) => void this.end(code, signal).then(resolve))
    })
    this.send({ type: 'start', job: { kind: 'train', plan } })
  }

  get id(): string {
    return this.record.id
  }

  get summary(): RunSummary {
    return summarizeRun(this.record)
  }

  get current(): RunRecord {
    return this.record
  }

  stop(): void {
    if (this.record.status === 'stopping' || this.outcome !== null) return
    this.send({ type: 'stop' })
    this.update({ status: 'stopping' })
  }

  /** @throws GraftError `invalid-setting` for a table that the model does not have */
  setFrozen(table: string, frozen: boolean): void {
    const names = storedTables(this.plan.model).map(({ name }) => name)
    if (!names.includes(table))
      throw new GraftError(
        'invalid-setting',
        `Run ${this.id} has no table ${table}.`,
        `Its tables: ${names.join(', ')}.`,
        { table },
      )
    this.send({ type: 'setFrozen', table, frozen })
  }

  kill(): void {
    this.worker.kill()
  }

  private send(message: ToTrainer): void {
    this.worker.send(message)
  }

  private receive(raw: unknown): void {
    const parsed = fromTrainer.safeParse(raw)
    if (!parsed.success) {
      this.log(`A message of the trainer does not fit the protocol: ${parsed.error.message}`)
      return
    }
    this.follow(parsed.data)
  }

  private follow(message: FromTrainer): void {
    switch (message.type) {
      case 'ready':
      case 'jobProgress':
      case 'result':
        return
      case 'engine':
        this.update({
          engine: message.engine,
          versions: { ...this.record.versions, tensorflow: message.tensorflow },
        })
        return
      case 'model':
        this.update({
          model: message.model,
          status: this.record.status === 'stopping' ? 'stopping' : 'running',
        })
        return
      case 'progress':
        this.progress = message.progress
        this.emit('run.progress', message.progress)
        return
      case 'steps':
        this.emit('run.steps', { run: this.id, steps: message.steps })
        return
      case 'epoch':
        this.update({ epochs: [...this.record.epochs, message.epoch] })
        this.emit('run.epoch', { run: this.id, epoch: message.epoch })
        return
      case 'lock':
        this.update({ locks: [...this.record.locks, message.lock] })
        return
      case 'log':
        this.log(message.line)
        return
      case 'trained':
        this.outcome = message.outcome.stoppedBecause
        this.send({ type: 'heard' })
        this.record = {
          ...this.record,
          tables: message.outcome.tables,
          sessionShare: message.outcome.sessionShare,
        }
        return
      case 'failed':
        this.outcome = 'failed'
        this.send({ type: 'heard' })
        this.record = { ...this.record, error: message.error }
        return
    }
  }

  /** The trainer is gone: what it said last tells whether it was done. */
  private async end(code: number | null, signal: string | null): Promise<RunRecord> {
    if (this.partialLine) this.hear('\n')
    const status: RunStatus = this.writeError !== null ? 'failed' : (this.outcome ?? 'crashed')
    const error = status === 'crashed' ? crashError(code, signal, this.lastWords).toWire() : this.record.error
    if (error) this.log(`${error.message} ${error.hint}`.trim())
    this.progress = null
    this.update({ status, error, finishedAt: new Date().toISOString() })
    await this.writes
    await this.folder.release().catch(() => undefined)
    return this.record
  }

  private update(changes: Partial<RunRecord>): void {
    this.record = { ...this.record, ...changes }
    const { record } = this
    this.emit('run.changed', { run: summarizeRun(record) })
    this.writes = this.writes
      .then(() => this.folder.writeRecord(record))
      .catch((error: unknown) => this.refuse(error))
  }

  /** The disk is full, or the folder is gone: training on would lose everything, so it ends, and says why. */
  private refuse(error: unknown): void {
    if (this.writeError !== null) return
    this.writeError = error
    this.record = { ...this.record, error: toGraftError(error).toWire() }
    const message = error instanceof Error ? error.message : String(error)
    this.emit('run.log', { run: this.id, lines: [`The run's record could not be written: ${message}`] })
    this.send({ type: 'stop' })
  }

  private hear(text: string): void {
    const lines = (this.partialLine + text).split('\n')
    this.partialLine = lines.pop() ?? ''
    for (const line of lines) {
      const clean = line.trimEnd()
      if (clean === '') continue
      this.lastWords.push(clean)
      if (this.lastWords.length > lastWordsKept) this.lastWords.shift()
      this.log(clean)
    }
  }

  private log(line: string): void {
    this.emit('run.log', { run: this.id, lines: [line] })
    this.writes = this.writes
      .then(() => this.folder.appendLog([`${new Date().toISOString()} ${line}`]))
      .catch((error: unknown) => this.refuse(error))
  }
}

/** What a second run is told while one trains. */
export function busyError(run: string): GraftError {
  return new GraftError('busy', `Run ${run} is still training.`, 'Stop it, or wait until it is done.', {
    run,
  })
}
