import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ColumnView, type ImportedSchema, type ProjectDocument, type Schema } from '../contract'
import { type Column, diffColumns, diffSchemas, type ColumnChange, readSchema, writeSchema } from '../schema'
import { writeFileAtomic } from './files'
import { projectFiles } from './folders'

/**
 * The schemas as they were imported, each in a file of its own that is named by its content and never changed: the
 * document says which one it started from, so undo and other processes find theirs.
 */
export class ImportedSchemas {
  private readonly read = new Map<string, Schema>()
  /** By imported schema: what of each column differs. Columns are never changed in place, so it is found once. */
  private readonly found = new Map<string, WeakMap<Column, ColumnView['changed']>>()

  constructor(private readonly project: string) {}

  /**
   * Keeps a schema as it was imported, and says what the document is to call it.
   * @param file what the schema came from, for people to read
   */
  async keep(schema: Schema, file: string): Promise<ImportedSchema> {
    const text = writeSchema(fileOf(''), schema)
    const sha256 = createHash('sha256').update(text).digest('hex')
    const folder = join(this.project, projectFiles.schemas)
    await mkdir(folder, { recursive: true })
    const path = join(folder, fileOf(sha256))
    if ((await readFile(path, 'utf8').catch(() => null)) !== text) await writeFileAtomic(path, text)
    this.read.set(sha256, schema)
    return { file, sha256 }
  }

  /** Keeps a schema for what `work` does; where that fails it is kept no longer than it was before. */
  async keepFor<T>(schema: Schema, file: string, work: (imported: ImportedSchema) => Promise<T>): Promise<T> {
    const folder = join(this.project, projectFiles.schemas)
    const before = await readdir(folder).catch((): string[] => [])
    const imported = await this.keep(schema, file)
    try {
      return await work(imported)
    } catch (error) {
      const name = fileOf(imported.sha256)
      if (!before.includes(name)) await rm(join(folder, name), { force: true })
      if (before.length === 0) await rmdir(folder).catch(() => undefined)
      throw error
    }
  }

  /** Reads the one that the document names. Returns whether it was not known before; one that is gone stays unknown. */
  async load({ imported }: ProjectDocument): Promise<boolean> {
    if (!imported || this.read.has(imported.sha256)) return false
    const name = fileOf(imported.sha256)
    try {
      const text = await readFile(join(this.project, projectFiles.schemas, name), 'utf8')
      this.read.set(imported.sha256, readSchema(name, text))
      return true
    } catch {
      return false
    }
  }

  /** Whether {@link load} would find something to read. */
  lacks({ imported }: ProjectDocument): boolean {
    return imported !== null && !this.read.has(imported.sha256)
  }

  /** What changed since the import; null where there was none, or its file is gone. */
  diff(document: ProjectDocument): ColumnChange[] | null {
    const before = this.of(document)
    return before && diffSchemas(before, document.schema)
  }

  /** The fields of each column that changed since the import; without an import, none. */
  changes(document: ProjectDocument): (column: Column) => ColumnView['changed'] {
    const before = this.of(document)
    if (!before || !document.imported) return () => []
    const earlier = new Map(before.columns.map((column) => [column.name, column]))
    const found = this.found.get(document.imported.sha256) ?? new WeakMap<Column, ColumnView['changed']>()
    this.found.set(document.imported.sha256, found)
    return (column) => {
      const known = found.get(column)
      if (known) return known
      const was = earlier.get(column.name)
      const changed = was ? diffColumns(was, column).map(({ field }) => field) : ['added' as const]
      found.set(column, changed)
      return changed
    }
  }

  private of({ imported }: ProjectDocument): Schema | null {
    return imported ? (this.read.get(imported.sha256) ?? null) : null
  }
}

const fileOf = (sha256: string): string => `${sha256.slice(0, 16)}.json`
