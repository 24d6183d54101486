import { createHash } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { GraftError, type ProjectDocument, toGraftError, type WireError } from '../contract'
import { writeSchemaPbtxt } from '../schema'
import { parseDocument, printDocument } from './document'
import { applyEdit, type Edit, labelOf } from './edits'
import { effectiveSchema } from './effectiveSchema'
import { makeFolder, writeFileAtomic, writeFilesAtomic } from './files'
import { projectFiles } from './folders'
import { type History, record, redo, redoLabel, startHistory, undo, undoLabel } from './history'
import { withLock } from './lock'

const saveAfter = 150 // ms of quiet
const retryAfter = 3_000 // ms

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

type Listener = () => void

/**
 * An open project folder: the document with its undo history, saved by itself a moment after each edit. Edits that
 * cannot be saved stay in memory, are told through `saveError`, and are tried again. Another process may change
 * `graft.json` at the same time: its changes are taken in and ours made again on top of them.
 */
export class Project {
  private history: History<ProjectDocument>
  /** What was done since the last save, to be made again on a document that another process saved. */
  private unsaved: ((document: ProjectDocument) => ProjectDocument)[] = []
  private saving: Promise<void> = Promise.resolve()
  private timer: NodeJS.Timeout | null = null
  private watcher: FSWatcher | null = null
  private readonly listeners = new Set<Listener>()
  private error: WireError | null = null

  private constructor(
    readonly path: string,
    document: ProjectDocument,
    private savedHash: string,
  ) {
    this.history = startHistory(document)
  }

  /** Opens the project in `path`. @throws GraftError `not-found`, `invalid-file` or `unsupported-file` */
  static async open(path: string): Promise<Project> {
    const file = join(path, projectFiles.document)
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      const known = toGraftError(error)
      if (known.code !== 'not-found') throw known
      throw new GraftError(
        'not-found',
        `${path} is not a Graft project: it has no graft.json.`,
        'Check the path, or create a project with "new".',
        { path },
      )
    })
    const project = new Project(path, parseDocument(text, file), hashOf(text))
    // A folder that may only be read keeps what it has.
    await project.mendSchema().catch(() => undefined)
    return project
  }

  /**
   * Writes a new project to a folder that does not exist yet or is empty.
   * @param place `parts` where the folder holds the project's data and tables already
   * @throws GraftError `already-exists` where the folder holds something
   */
  static async create(
    path: string,
    document: ProjectDocument,
    place: { among: 'nothing' | 'parts' } = { among: 'nothing' },
  ): Promise<Project> {
    if (place.among === 'nothing') await requireEmptyFolder(path)
    await makeFolder(path)
    const project = new Project(path, document, '')
    await project.write(document)
    return project
  }

  get document(): ProjectDocument {
    return this.history.present
  }

  get undoLabel(): string | null {
    return undoLabel(this.history)
  }

  get redoLabel(): string | null {
    return redoLabel(this.history)
  }

  /** Why the last edits are not on disk yet; null where they are. */
  get saveError(): WireError | null {
    return this.error
  }

  /** Makes one edit. @throws GraftError where the document does not bear it; nothing changed then */
  execute(edit: Edit): void {
    const next = applyEdit(this.document, edit)
    this.history = record(this.history, labelOf(edit), next)
    this.changed((document) => applyEdit(document, edit))
  }

  /** Makes an edit that cannot be taken back, for it changed files: earlier states of the document fit them no more. */
  replace(edit: Edit): void {
    this.history = startHistory(applyEdit(this.document, edit))
    this.changed((document) => applyEdit(document, edit))
  }

  /**
   * Makes edits as {@link replace} does and saves them: all, or none where one is refused or cannot be saved.
   * @throws GraftError why
   */
  async replaceSaved(edits: readonly Edit[]): Promise<void> {
    await this.flush()
    const before = this.history
    const makeAll = (document: ProjectDocument): ProjectDocument => edits.reduce(applyEdit, document)
    this.history = startHistory(makeAll(this.document))
    this.changed(makeAll)
    try {
      await this.flush()
    } catch (error) {
      // What else was edited meanwhile stays.
      this.unsaved = this.unsaved.filter((again) => again !== makeAll)
      const document = this.unsaved.reduce((made, again) => again(made), before.present)
      const label = labelOf({ type: 'reload', document })
      this.history = document === before.present ? before : record(before, label, document)
      this.error = null
      this.tell()
      throw error
    }
  }

  undo(): void {
    if (this.undoLabel === null) return
    this.history = undo(this.history)
    const state = this.document
    this.changed(() => state)
  }

  redo(): void {
    if (this.redoLabel === null) return
    this.history = redo(this.history)
    const state = this.document
    this.changed(() => state)
  }

  /** Calls back after every change of the document or of `saveError`. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Starts to notice what other processes write to the document. */
  watch(): void {
    try {
      this.watcher = watch(this.path, (_event, name) => {
        if (name === projectFiles.document) this.schedule(saveAfter)
      })
      this.watcher.on('error', () => this.watcher?.close())
    } catch {
      // No file notices on this disk: the document is still compared before each save.
    }
  }

  /** Writes what is not on disk yet. @throws GraftError where that fails */
  async flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
    const before = this.error
    this.saving = this.saving.then(() => this.save())
    await this.saving
    if (this.error !== before) this.tell()
    if (this.error) {
      if (this.unsaved.length > 0) this.schedule(retryAfter)
      throw GraftError.fromWire(this.error)
    }
  }

  /** Saves and lets go of the folder. What cannot be saved is lost with this process, and thrown. */
  async close(): Promise<void> {
    this.watcher?.close()
    this.watcher = null
    try {
      await this.flush()
    } finally {
      if (this.timer) clearTimeout(this.timer)
      this.listeners.clear()
    }
  }

  private changed(again: (document: ProjectDocument) => ProjectDocument): void {
    this.unsaved.push(again)
    this.tell()
    this.schedule(saveAfter)
  }

  private tell(): void {
    for (const listener of this.listeners) listener()
  }

  private schedule(delay: number): void {
    if (this.timer) clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      // A failure is in `saveError` and tried again; there is nobody here to tell.
      this.flush().catch(() => undefined)
    }, delay)
    this.timer.unref()
  }

  /** Takes in what others wrote, then writes what we have. Never throws: failures are kept in `error`. */
  private async save(): Promise<void> {
    try {
      await this.takeIn()
      const count = this.unsaved.length
      // Undone to what is on disk: nothing to write, and no failure to tell.
      if (count > 0 && hashOf(printDocument(this.document)) !== this.savedHash)
        await withLock(join(this.path, projectFiles.lock), async () => {
          await this.takeIn()
          await this.write(this.document)
        })
      this.unsaved.splice(0, count)
      this.error = null
    } catch (thrown) {
      this.error = toGraftError(thrown).toWire()
    }
  }

  private async takeIn(): Promise<void> {
    const file = join(this.path, projectFiles.document)
    const text = await readFile(file, 'utf8').catch(() => null)
    if (text === null) this.savedHash = '' // somebody removed it: it is written anew
    if (text === null || hashOf(text) === this.savedHash) return
    const theirs = parseDocument(text, file)
    const merged = this.unsaved.reduce((document, again) => {
      try {
        return again(document)
      } catch {
        return document // their change left nothing for ours to change
      }
    }, theirs)
    this.savedHash = hashOf(text)
    this.history = record(this.history, labelOf({ type: 'reload', document: merged }), merged)
    this.tell()
  }

  /** Writes `schema.pbtxt` where a process that died between the two files left it out of step. */
  private async mendSchema(): Promise<void> {
    const file = join(this.path, projectFiles.schema)
    const text = writeSchemaPbtxt(effectiveSchema(this.document))
    if ((await readFile(file, 'utf8').catch(() => null)) !== text) await writeFileAtomic(file, text)
  }

  private async write(document: ProjectDocument): Promise<void> {
    const text = printDocument(document)
    await writeFilesAtomic([
      { path: join(this.path, projectFiles.schema), data: writeSchemaPbtxt(effectiveSchema(document)) },
      { path: join(this.path, projectFiles.document), data: text },
    ])
    this.savedHash = hashOf(text)
  }
}

/** @throws GraftError `already-exists` where `path` is a file or a folder with something in it */
export async function requireEmptyFolder(path: string): Promise<void> {
  const names = await readdir(path).catch((error: unknown) => {
    const known = toGraftError(error)
    if (known.code !== 'not-found') throw known
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw new GraftError('already-exists', `${path} is a file, or is in one.`, 'Choose another name.', {
      path,
    })
  })
  if (names.length > 0)
    throw new GraftError(
      'already-exists',
      `${path} exists and is not empty.`,
      `Choose another name than ${basename(path)}, or empty the folder.`,
      { path },
    )
}
