import type { RunDetail, RunRecord, RunSummary, TrainResult } from '../contract/runs'
import { GraftError, toGraftError } from '../contract/errors'
import { ActiveRun, busyError, type Emit } from './activeRun'
import type { TrainingPlan } from './plan'
import { createRunFolder, listRunFolders, RunFolder } from './runFolder'
import { summarizeRun } from './sentence'
import type { ForkTrainer, WorkerPort } from './worker'
import { join } from 'node:path'

export interface RunServiceOptions {
  /** The project's `runs/`. */
  readonly runs: string
  readonly fork: ForkTrainer
  readonly emit: Emit
  /** Version of Graft, for the record. */
  readonly version: string
}

/** The runs of one project: starts them in a process of their own, one at a time, and reads those on disk. */
export class RunService {
  private active: ActiveRun | null = null
  private starting = false

  constructor(private readonly options: RunServiceOptions) {}

  /** Id of the run that trains now, or null. */
  get running(): string | null {
    return this.active?.id ?? null
  }

  /**
   * Starts a run from a plan that `planRun` made and checked.
   * @returns its id, once its record is on disk and its process was forked
   * @throws GraftError `busy` while another one trains
   */
  async start(plan: TrainingPlan): Promise<string> {
    if (this.active) throw busyError(this.active.id)
    if (this.starting) throw busyError(plan.run)
    this.starting = true
    try {
      const folder = await createRunFolder(this.options.runs, plan.run)
      const record = newRecord(plan, this.options.version)
      const worker = await this.fork(folder, record).catch(async (error: unknown) => {
        // A run that could not begin (a full disk, no process to be had) leaves nothing behind.
        await folder.remove().catch(() => undefined)
        throw toGraftError(error)
      })
      const run = new ActiveRun(folder, record, plan, worker, this.options.emit)
      this.active = run
      this.options.emit('run.changed', { run: run.summary })
      void run.finished.then(() => {
        if (this.active === run) this.active = null
      })
      return plan.run
    } finally {
      this.starting = false
    }
  }

  private async fork(folder: RunFolder, record: RunRecord): Promise<WorkerPort> {
    await folder.writeRecord(record)
    const worker = this.options.fork()
    try {
      await worker.spawned
      await folder.claim(worker.pid)
    } catch (error) {
      worker.kill()
      throw error
    }
    return worker
  }

  /** Ends a run after its current step; its weights and metrics are kept. @throws GraftError `not-found` */
  stop(id: string): void {
    if (this.active?.id !== id)
      throw new GraftError('not-found', `Run ${id} is not training.`, 'It may have ended by itself.')
    this.active.stop()
  }

  /**
   * Locks or unlocks a table of the run that trains, from its next step on.
   * @throws GraftError `not-found` where it does not train, `invalid-setting` for a table that it does not have
   */
  setFrozen(id: string, table: string, frozen: boolean): void {
    if (this.active?.id !== id)
      throw new GraftError(
        'not-found',
        `Run ${id} is not training.`,
        'Freeze the table in the project instead.',
      )
    this.active.setFrozen(table, frozen)
  }

  /** Resolves when the run has ended, however it did. */
  async wait(id: string): Promise<RunRecord> {
    const { active } = this
    return active?.id === id ? active.finished : this.record(id)
  }

  /** Ends the trainer at once, for when the application closes or a project is left. */
  async close(): Promise<void> {
    const { active } = this
    if (!active) return
    active.stop()
    const timer = setTimeout(() => active.kill(), 10_000)
    await active.finished
    clearTimeout(timer)
  }

  /** All runs on disk, newest first. One that nobody trains although its record says so has crashed, and is marked. */
  async list(): Promise<RunSummary[]> {
    const folders = await listRunFolders(this.options.runs)
    const records = await Promise.all(folders.map((folder) => this.settledRecord(folder)))
    return records.filter((record) => record !== null).map(summarizeRun)
  }

  async detail(id: string): Promise<RunDetail> {
    const folder = this.folder(id)
    const record = await this.record(id)
    const [steps, log] = await Promise.all([folder.readSteps(), folder.readLog()])
    const progress = this.active?.id === id ? this.active.progress : null
    return { summary: summarizeRun(record), record, steps, log, progress }
  }

  /** @throws GraftError `not-found` */
  async record(id: string): Promise<RunRecord> {
    const record = await this.settledRecord(this.folder(id))
    if (record) return record
    const known = (await listRunFolders(this.options.runs)).map((folder) => folder.id)
    throw new GraftError(
      'not-found',
      `There is no run ${id} in this project.`,
      known.length ? `Its runs: ${known.slice(0, 10).join(', ')}.` : 'It has no runs yet.',
      { run: id },
    )
  }

  /** What `train --json` prints. */
  async result(id: string): Promise<TrainResult> {
    const record = await this.record(id)
    return {
      run: record.id,
      path: this.folder(id).path,
      seed: record.seed,
      engine: record.engine,
      target: record.target,
      model: record.model ?? {
        name: record.document.model.architecture,
        parameters: 0,
        trainableParameters: 0,
        inputWidth: 0,
        tables: [],
      },
      epochs: record.epochs,
      tables: record.tables,
      sessionShare: record.sessionShare ?? 0,
      stoppedBecause: record.status === 'completed' || record.status === 'stopped' ? record.status : 'failed',
    }
  }

  async remove(id: string): Promise<void> {
    if (this.active?.id === id) throw busyError(id)
    const record = await this.record(id)
    await this.folder(record.id).remove()
    this.options.emit('runs.changed', { runs: await this.list() })
  }

  /** The folder of a run. @throws GraftError `invalid-request` for an id that would lead out of `runs/` */
  folder(id: string): RunFolder {
    if (!/^[^/\\]+$/.test(id) || id.startsWith('.'))
      throw new GraftError(
        'invalid-request',
        `"${id}" is no name of a run.`,
        'Give one of the names in the runs folder.',
      )
    return new RunFolder(join(this.options.runs, id), id)
  }

  private async settledRecord(folder: RunFolder): Promise<RunRecord | null> {
    if (this.active?.id === folder.id) return this.active.current
    const record = await folder.readRecord()
    if (!record || !isUnfinished(record)) return record
    if (await folder.isClaimed()) return record
    const crashed: RunRecord = {
      ...record,
      status: 'crashed',
      finishedAt: record.finishedAt ?? new Date().toISOString(),
      error: new GraftError(
        'crashed',
        'The run ended without a word: its process, or Graft itself, was ended from outside.',
        'The metrics up to then are kept. Start a new run.',
      ).toWire(),
    }
    // A folder that may only be read is still shown as it is.
    await folder.writeRecord(crashed).catch(() => undefined)
    await folder.release().catch(() => undefined)
    return crashed
  }
}

function isUnfinished(record: RunRecord): boolean {
  return record.status === 'starting' || record.status === 'running' || record.status === 'stopping'
}

function newRecord(plan: TrainingPlan, version: string): RunRecord {
  return {
    id: plan.run,
    status: 'starting',
    startedAt: new Date().toISOString(),
    finishedAt: null,
    document: plan.document,
    seed: plan.document.training.seed,
    target: plan.target,
    versions: {
      graft: version,
      tensorflow: '',
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
    },
    engine: '',
    datasetHash: plan.datasetHash,
    initialWeights: plan.initialWeights,
    rows: {
      train: plan.parts.train.rows,
      validation: plan.parts.validation.rows,
      test: plan.parts.test.rows,
    },
    model: null,
    epochs: [],
    tables: [],
    locks: [],
    sessionShare: null,
    error: null,
  }
}
