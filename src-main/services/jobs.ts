import { GraftError, toGraftError, type Job } from '../contract'
import { type EventBus } from './eventBus'

/** How far a job is. `total` is null where nobody knows. */
export interface JobProgress {
  phase: string
  done: number
  total: number | null
  /** What is counted: `rows`, `bytes`, `files`. */
  unit: string
}

export interface JobContext {
  /** Aborted when somebody cancels the job. */
  readonly signal: AbortSignal
  report(progress: JobProgress): void
}

interface Entry {
  job: Job
  readonly controller: AbortController
  readonly ended: Promise<void>
  phaseStarted: number
  phaseFirst: number
  lastSent: number
}

/** At most this many progress events a second reach the windows. */
const minimumInterval = 100 // ms

/** Long work: every job has an id, tells how far it is, how fast and how long it will take, and can be cancelled. */
export class JobService {
  private readonly entries = new Map<string, Entry>()
  private counter = 0

  constructor(
    private readonly bus: EventBus,
    private readonly now: () => number = Date.now,
  ) {}

  list(): Job[] {
    return [...this.entries.values()].map((entry) => entry.job)
  }

  /**
   * Starts `work` and returns the job's id at once; how it ended is in the job: `done` with its result, `failed` with
   * its error, or `cancelled`.
   */
  start(kind: Job['kind'], title: string, work: (context: JobContext) => Promise<unknown>): string {
    this.counter += 1
    const id = `job-${this.counter}`
    const controller = new AbortController()
    const job: Job = {
      id,
      kind,
      title,
      state: 'running',
      phase: '',
      done: 0,
      total: null,
      unit: '',
      rate: null,
      secondsLeft: null,
      error: null,
      result: null,
    }
    const report = (progress: JobProgress): void => this.report(id, progress)
    const ended = Promise.resolve()
      .then(() => work({ signal: controller.signal, report }))
      .then(
        (result) => this.end(id, { state: 'done', result: result ?? null }),
        (thrown: unknown) => {
          const error = toGraftError(thrown)
          const cancelled = controller.signal.aborted
          this.end(id, cancelled ? { state: 'cancelled' } : { state: 'failed', error: error.toWire() })
        },
      )
    const now = this.now()
    this.entries.set(id, { job, controller, ended, phaseStarted: now, phaseFirst: 0, lastSent: now })
    this.bus.emit('job.changed', { job })
    return id
  }

  /** Asks the job to end; it says `cancelled` once it has cleaned up behind itself. */
  cancel(id: string): void {
    this.find(id).controller.abort()
  }

  /** @throws GraftError `busy` where the job still runs */
  dismiss(id: string): void {
    if (this.find(id).job.state === 'running')
      throw new GraftError('busy', `Job ${id} is still running.`, 'Cancel it first.')
    this.entries.delete(id)
    this.bus.emit('job.dismissed', { job: id })
  }

  /** Cancels what runs and waits until it is cleaned up. */
  async close(): Promise<void> {
    for (const entry of this.entries.values()) entry.controller.abort()
    await Promise.all([...this.entries.values()].map((entry) => entry.ended))
  }

  private find(id: string): Entry {
    const entry = this.entries.get(id)
    if (!entry) throw new GraftError('not-found', `There is no job ${id}.`)
    return entry
  }

  private report(id: string, progress: JobProgress): void {
    const entry = this.entries.get(id)
    if (entry?.job.state !== 'running') return
    const now = this.now()
    const samePhase = entry.job.phase === progress.phase
    if (!samePhase) {
      entry.phaseStarted = now
      entry.phaseFirst = progress.done
    }
    const seconds = (now - entry.phaseStarted) / 1000
    const rate = seconds > 0.2 ? (progress.done - entry.phaseFirst) / seconds : null
    const left = progress.total === null ? null : progress.total - progress.done
    entry.job = {
      ...entry.job,
      ...progress,
      rate,
      secondsLeft: rate !== null && rate > 0 && left !== null ? Math.max(0, left / rate) : null,
    }
    if (samePhase && now - entry.lastSent < minimumInterval) return
    entry.lastSent = now
    this.bus.emit('job.changed', { job: entry.job })
  }

  private end(id: string, outcome: Partial<Job>): void {
    const entry = this.entries.get(id)
    if (!entry) return
    entry.job = { ...entry.job, secondsLeft: null, ...outcome }
    this.bus.emit('job.changed', { job: entry.job })
  }
}
