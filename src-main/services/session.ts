import { join } from 'node:path'
import {
  type AlignmentReport,
  type DatasetSummary,
  type EventName,
  type EventData,
  type ProjectDocument,
  type ProjectSnapshot,
  type RunSummary,
} from '../contract'
import { DatasetStore } from '../dataset'
import { EmbeddingStore } from '../embeddings'
import { type Edit } from '../project/edits'
import { projectFiles } from '../project/folders'
import { ImportedSchemas } from '../project/importedSchema'
import type { Project } from '../project/project'
import { deriveSnapshot, type Summarize } from '../project/snapshot'
import { RunService } from '../training/host'
import { type ForkTrainer } from '../training/worker'
import { summarizeDataset } from './datasets'
import { type EventBus } from './eventBus'

export interface SessionOptions {
  readonly bus: EventBus
  readonly fork: ForkTrainer
  readonly version: string
  readonly summarize: Summarize
}

/** The open project with everything that lives in its folder, and what the windows are told of it. */
export class ProjectSession {
  readonly embeddings: EmbeddingStore
  readonly runs: RunService
  readonly data: DatasetStore
  readonly schemas: ImportedSchemas
  private dataset: DatasetSummary | null = null
  private readonly reports = new Map<string, AlignmentReport>()
  private runList: readonly RunSummary[] = []
  /** The last snapshot and what it was made of: derived once an edit, however many ask for it. */
  private derived: { document: ProjectDocument; snapshot: ProjectSnapshot } | null = null
  private lastTarget: string | null
  private closed = false

  private constructor(
    readonly project: Project,
    private readonly options: SessionOptions,
  ) {
    this.embeddings = new EmbeddingStore(project.path)
    this.data = new DatasetStore(project.path)
    this.schemas = new ImportedSchemas(project.path)
    this.lastTarget = project.document.target
    this.runs = new RunService({
      runs: join(project.path, projectFiles.runs),
      fork: options.fork,
      emit: (name, data) => this.emitRun(name, data),
      version: options.version,
    })
  }

  /** Reads what the folder holds beside the document, and starts to follow changes of both. */
  static async open(project: Project, options: SessionOptions): Promise<ProjectSession> {
    const session = new ProjectSession(project, options)
    await Promise.all([
      session.readDataset(),
      session.readReports(),
      session.readRuns(),
      session.schemas.load(project.document),
    ])
    project.onChange(() => session.documentChanged())
    project.watch()
    return session
  }

  get path(): string {
    return this.project.path
  }

  get document(): ProjectDocument {
    return this.project.document
  }

  /** All runs, newest first. */
  get runSummaries(): RunSummary[] {
    return [...this.runList]
  }

  snapshot(): ProjectSnapshot {
    const { document, undoLabel, redoLabel, saveError, path } = this.project
    if (this.derived?.document !== document) {
      const facts = {
        path,
        dataset: this.dataset,
        reports: this.reports,
        changes: this.schemas.changes(document),
        runs: this.runList,
        undo: undoLabel,
        redo: redoLabel,
        saveError,
      }
      this.derived = { document, snapshot: deriveSnapshot(document, facts, this.options.summarize) }
    }
    return { ...this.derived.snapshot, undo: undoLabel, redo: redoLabel, saveError }
  }

  /** Makes one edit of the document. @throws GraftError where it does not bear it */
  execute(edit: Edit): ProjectSnapshot {
    this.project.execute(edit)
    return this.snapshot()
  }

  /** Makes an edit that changed files and cannot be taken back. */
  replace(edit: Edit): void {
    this.project.replace(edit)
  }

  /** Reads what data there is anew, after an import, and tells the windows. */
  async refreshDataset(): Promise<void> {
    await this.readDataset()
    this.tell()
  }

  /** Reads the records of attached tables anew, after an attachment. */
  async readReports(): Promise<void> {
    for (const { id } of this.document.tables) {
      if (this.reports.has(id)) continue
      // A table whose folder is gone is told as a problem when it is needed; its card shows no report.
      const record = await this.embeddings.read(id).catch(() => null)
      if (record) this.reports.set(id, record.report)
    }
    this.derived = null
  }

  async close(): Promise<void> {
    this.closed = true
    await this.runs.close()
    try {
      await this.project.close()
    } finally {
      await this.data.close()
    }
  }

  private async readDataset(): Promise<void> {
    this.lastTarget = this.document.target
    this.dataset = await summarizeDataset(this.data, this.document)
    this.derived = null
  }

  private async readRuns(): Promise<void> {
    this.runList = await this.runs.list()
    this.derived = null
  }

  private documentChanged(): void {
    // A table that undo brings back, or another process attached, is new to us.
    const unknown = this.document.tables.some(({ id }) => !this.reports.has(id))
    // The target rate in the parts' summary belongs to one target.
    const otherTarget = this.document.target !== this.lastTarget
    this.tell()
    if (otherTarget) void this.refreshDataset().catch(() => undefined)
    if (unknown) void this.readReports().then(() => this.tell())
    if (this.schemas.lacks(this.document)) void this.readImported()
  }

  private tell(): void {
    const { bus } = this.options
    if (!this.closed && bus.isHeard) bus.emit('project.changed', { project: this.snapshot() })
  }

  /** A schema that another process imported, or undo brought back, is new to us. */
  private async readImported(): Promise<void> {
    if (!(await this.schemas.load(this.document))) return
    this.derived = null
    this.tell()
  }

  /** Passes on what the runs tell, and keeps the list of runs in step with it. */
  private emitRun<N extends EventName>(name: N, data: EventData<N>): void {
    this.options.bus.emit(name, data)
    if ('run' in data && typeof data.run === 'object') this.updateRun(data.run)
    if ('runs' in data) {
      this.runList = data.runs
      this.proofsChanged()
    }
  }

  private updateRun(run: RunSummary): void {
    const others = this.runList.filter(({ id }) => id !== run.id)
    const before = this.runList.find(({ id }) => id === run.id)
    this.runList = before
      ? this.runList.map((known) => (known.id === run.id ? run : known))
      : [run, ...others]
    if (run.tables.length > 0 && before?.tables.length !== run.tables.length) this.proofsChanged()
  }

  /** A run that ended proves which tables moved, and the cards show it. */
  private proofsChanged(): void {
    this.derived = null
    this.tell()
  }
}
