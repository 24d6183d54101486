import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { GraftError, type AppInfo, type SessionSnapshot } from '../contract'
import { settleExchange } from '../dataset'
import { Project } from '../project/project'
import { RecentProjects } from '../project/recent'
import { type ForkTrainer } from '../training/worker'
import { type DesktopPort } from './desktop'
import { EventBus } from './eventBus'
import { EngineService } from './engine'
import { JobService } from './jobs'
import { summarizeModel } from './models'
import { listSamples } from './samples'
import { ProjectSession } from './session'

/** What the services need from whoever composes them: Electron's main process, the server, the command line, a test. */
export interface WorkbenchOptions {
  readonly app: Omit<AppInfo, 'samples'>
  /** The person's own folder (`userFolder()`), for recent projects. */
  readonly home: string
  /** Folder of the samples that ship with Graft. */
  readonly samples: string
  /** Whether projects that are opened become recent projects. */
  readonly remember: boolean
  readonly fork: ForkTrainer
  /** Native dialogs, where there are any. */
  readonly desktop: DesktopPort | null
}

/** Everything that one Graft process owns: the open project, jobs, the engine, and the events about them. */
export class Workbench {
  readonly bus = new EventBus()
  readonly jobs = new JobService(this.bus)
  readonly engine = new EngineService(this.bus)
  readonly recent: RecentProjects
  private current: ProjectSession | null = null
  /** They ship with Graft and never change: read once, however many windows ask while the disk is busy. */
  private samples: Promise<AppInfo['samples']> | null = null
  /** Opening and closing take turns. */
  private turn: Promise<unknown> = Promise.resolve()

  constructor(readonly options: WorkbenchOptions) {
    this.recent = new RecentProjects(options.home)
  }

  get session(): ProjectSession | null {
    return this.current
  }

  /** The open project. @throws GraftError `not-found` where there is none */
  requireSession(): ProjectSession {
    if (this.current) return this.current
    throw new GraftError('not-found', 'No project is open.', 'Open or create a project first.')
  }

  /** Opens a project in the place of the one that is open. Nothing changes where it cannot be read. */
  open(path: string): Promise<ProjectSession> {
    return this.inTurn(async () => {
      const absolute = resolve(path)
      if (this.current?.path === absolute) return this.current
      this.refuseWhileTraining()
      await this.save()
      const session = await this.openSession(absolute, this.bus)
      await this.leave()
      this.current = session
      this.bus.emit('project.changed', { project: session.snapshot() })
      this.bus.emit('runs.changed', { runs: session.runSummaries })
      await this.rememberOpen(session)
      return session
    })
  }

  /** Opens a project beside the one that is open; no window is told of it. Close it. */
  openUnseen(path: string): Promise<ProjectSession> {
    return this.openSession(path, new EventBus())
  }

  private async openSession(path: string, bus: EventBus): Promise<ProjectSession> {
    const { fork, app } = this.options
    await settleExchange(join(path, 'dataset'))
    const project = await Project.open(path)
    return ProjectSession.open(project, { bus, fork, version: app.version, summarize: summarizeModel })
  }

  /** Closes the open project; the next start opens none. */
  closeProject(): Promise<void> {
    return this.inTurn(async () => {
      if (!this.current) return
      this.refuseWhileTraining()
      await this.save()
      await this.leave()
      this.bus.emit('project.changed', { project: null })
      this.bus.emit('runs.changed', { runs: [] })
      if (this.options.remember) await this.recent.closed()
    })
  }

  /** All that a window needs to draw itself. */
  async snapshot(): Promise<SessionSnapshot> {
    const [engine, recent, samples] = await Promise.all([
      this.engine.status(),
      this.recent.list(),
      this.listSamples(),
    ])
    return {
      // Read last and together with what it counts: what is told from here on has a larger number.
      sequence: this.bus.sequence,
      app: { ...this.options.app, samples },
      engine,
      project: this.current?.snapshot() ?? null,
      recent,
      runs: this.current?.runSummaries ?? [],
      jobs: this.jobs.list(),
    }
  }

  private listSamples(): Promise<AppInfo['samples']> {
    this.samples ??= listSamples(this.options.samples).catch((error: unknown) => {
      // What failed once is tried again.
      this.samples = null
      throw error
    })
    return this.samples
  }

  /** Tells the windows which projects are recent. */
  async tellRecent(): Promise<void> {
    this.bus.emit('recent.changed', { recent: await this.recent.list() })
  }

  /** Writes what is not on disk yet. @throws GraftError where that fails; the project stays open with its edits */
  async save(): Promise<void> {
    await this.current?.project.flush()
  }

  /** Ends what runs and saves what is open. */
  async close(): Promise<void> {
    await this.jobs.close()
    await this.inTurn(() => this.leave())
  }

  /**
   * Rows are written anew by one job at a time, and while no run reads them.
   * @throws GraftError `busy`
   */
  refuseWhileRowsAreInUse(): void {
    const run = this.current?.runs.running ?? null
    if (run !== null)
      throw new GraftError(
        'busy',
        `Run ${run} is training on the rows that would be replaced.`,
        'Wait until it is done, or stop it first; what it learnt is kept.',
        { run },
      )
    this.refuseWhileImporting()
  }

  /** @throws GraftError `busy` where a job is writing rows */
  refuseWhileImporting(): void {
    const job = this.jobs.list().find(({ kind, state }) => kind === 'import' && state === 'running')
    if (job)
      throw new GraftError(
        'busy',
        `${job.title} is still under way.`,
        'Wait until it is done, or cancel it.',
        {
          job: job.id,
        },
      )
  }

  /** Leaving the project would end its run. @throws GraftError `busy` */
  refuseWhileTraining(): void {
    const run = this.current?.runs.running ?? null
    if (run === null) return
    throw new GraftError(
      'busy',
      `Run ${run} of the open project is still training.`,
      'Wait until it is done, or stop it first; what it learnt is kept.',
      { run },
    )
  }

  private async leave(): Promise<void> {
    const leaving = this.current
    this.current = null
    if (!leaving) return
    if (this.options.remember) await this.rememberOpen(leaving)
    await leaving.close()
  }

  /** The list of recent projects is a convenience: where it cannot be written, work goes on. */
  private async rememberOpen(session: ProjectSession): Promise<void> {
    if (!this.options.remember) return
    const { document, dataset } = session.snapshot()
    const lastEpoch = session.runSummaries[0]?.epochs.at(-1)
    await mkdir(this.options.home, { recursive: true }).catch(() => undefined)
    await this.recent
      .add({
        path: session.path,
        name: document.name,
        openedAt: new Date().toISOString(),
        rows: dataset ? dataset.parts.reduce((sum, { rows }) => sum + rows, 0) : null,
        auc: lastEpoch?.validation?.auc ?? lastEpoch?.train.auc ?? null,
        rmse: lastEpoch?.validation?.rmse ?? lastEpoch?.train.rmse ?? null,
      })
      .catch(() => undefined)
    await this.tellRecent()
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work)
    this.turn = result.catch(() => undefined)
    return result
  }
}
