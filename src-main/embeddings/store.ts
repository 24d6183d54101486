import { readdir, readFile, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'
import { GraftError, toGraftError } from '../contract/errors'
import { tableStatistics } from '../contract/vectors'
import { makeFolder, recoverFolder, replaceFolder, stagingPath, writeFileAtomic } from '../project/files'
import { readKeys, writeKeys } from './extraKeys'
import { TableHash } from './hash'
import { NpyWriter } from './npyWriter'
import { mockTable } from './random'
import { npyReader } from './readers/npy'
import { tableRecord, type StoredTable } from './record'
import { StatisticsBuilder } from './statistics'

const tableFile = 'table.npy'
const recordFile = 'report.json'
const statisticsFile = 'statistics.json'
const keysFile = 'keys.parquet'

/** What the store cannot find out from the rows themselves. */
export type TableFacts = Pick<StoredTable, 'report' | 'source' | 'dtype' | 'alignment' | 'ids'> &
  Partial<Pick<StoredTable, 'extraKeys'>>

/** What is known only when the rows have gone by. */
type LateFacts = Partial<Pick<TableFacts, 'source' | 'report'>>

/** A stored table in memory. */
export interface LoadedTable {
  readonly rows: number
  readonly width: number
  readonly values: Float32Array // [rows, width]
}

/** The aligned tables of a project: `embeddings/<id>/` with `table.npy`, `report.json` and `statistics.json`. */
export class EmbeddingStore {
  readonly folder: string

  constructor(projectDir: string) {
    this.folder = join(projectDir, 'embeddings')
  }

  folderOf(id: string): string {
    if (!/^[^/\\]+$/.test(id) || id.startsWith('.')) {
      throw new GraftError('invalid-request', `'${id}' cannot name a table.`, 'Use a name without slashes.')
    }
    return join(this.folder, id)
  }

  /** The file of a table's vectors: float32, little-endian, C order; rows from the record's `file.dataOffset` on. */
  pathOf(id: string): string {
    return join(this.folderOf(id), tableFile)
  }

  /** The Parquet file (index, value) of the ids that a table has rows for beyond the vocabulary. */
  keysPathOf(id: string): string {
    return join(this.folderOf(id), keysFile)
  }

  /** Those ids, in the order of their rows; none where the table has none. @throws GraftError `not-found` */
  async extraKeys(id: string): Promise<string[]> {
    const { extraKeys } = await this.read(id)
    return extraKeys ? readKeys(this.keysPathOf(id)) : []
  }

  /** Ids of all tables, in order. */
  async list(): Promise<string[]> {
    const entries = await readdir(this.folder, { withFileTypes: true }).catch((error: unknown) => {
      if (toGraftError(error).code === 'not-found') return []
      throw error
    })
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort()
  }

  /** A table's record. @throws GraftError `not-found`, `invalid-file` */
  async read(id: string): Promise<StoredTable> {
    const folder = this.folderOf(id)
    await recoverFolder(folder)
    const record = await readJson(join(folder, recordFile), tableRecord, id)
    return { ...record, statistics: await readJson(join(folder, statisticsFile), tableStatistics, id) }
  }

  /** A table's rows in memory, checked against the recorded hash. @throws GraftError `invalid-file` where they differ */
  async load(id: string): Promise<LoadedTable> {
    const record = await this.read(id)
    const { rows, width } = record.report
    const file = await npyReader.open(this.pathOf(id))
    try {
      const [found] = file.arrays
      if (found?.shape[0] !== rows || found.shape[1] !== width) throw this.changedOutside(id)
      const values = new Float32Array(rows * width)
      const hash = new TableHash()
      for await (const block of file.read('')) {
        values.set(block.rows, block.firstRow * width)
        hash.add(block.rows)
      }
      if (hash.hex() !== record.hash) throw this.changedOutside(id)
      return { rows, width, values }
    } finally {
      await file.close()
    }
  }

  private changedOutside(id: string): GraftError {
    return new GraftError(
      'invalid-file',
      `${this.pathOf(id)} is not the table that was attached: its rows have another hash.`,
      'Attach the vectors again.',
    )
  }

  /**
   * Stores a table, in place of one of the same id: either all of it is there afterwards, or nothing has changed.
   * @param blocks consecutive rows, `report.rows` in all, each block [count, report.width]
   * @param extraKeys the ids of the last rows, which the vocabulary does not have
   * @param late asked for once the rows have gone by, for what is only known then: the source's hash, what was measured
   * @throws GraftError `disk-full`, `read-only`, or whatever `blocks` throws
   */
  async write(
    id: string,
    facts: TableFacts,
    blocks: AsyncIterable<Float32Array>,
    extraKeys: readonly string[] = [],
    late?: () => Promise<LateFacts>,
  ): Promise<StoredTable> {
    const target = this.folderOf(id)
    const staging = stagingPath(target)
    let made: string | null = null
    try {
      made = await makeFolder(staging)
      const record = await fillFolder(staging, facts, blocks, late)
      if (extraKeys.length > 0)
        await writeKeys(join(staging, keysFile), facts.report.rows - extraKeys.length, extraKeys)
      await replaceFolder(staging, target)
      return record
    } catch (error) {
      await rm(staging, { recursive: true, force: true })
      // A project that had no tables loses the folder again that was made for this one.
      if (made !== null && made !== staging) await rmdir(this.folder).catch(() => undefined)
      throw toGraftError(error)
    }
  }

  /** Stores a sample's mock table. @throws as `write` does */
  async writeMock(
    id: string,
    mock: { column: string; rows: number; width: number; seed: number; frozen: boolean },
  ): Promise<StoredTable> {
    const { rows, width, seed } = mock
    const report = {
      table: id,
      column: mock.column,
      rows,
      width,
      matchedIds: rows - 1,
      vocabularySize: rows - 1,
      matchedRowsShare: 1,
      missingIds: 0,
      extraKeys: 0,
      duplicateKeys: 0,
      nonFiniteRows: 0,
      frozen: mock.frozen,
      warnings: [],
    }
    const facts = { report, source: { kind: 'mock' as const, seed }, dtype: 'float32' }
    return this.write(
      id,
      facts,
      (async function* () {
        yield mockTable(rows, width, seed)
      })(),
    )
  }

  /** An id for a new table of this name: the name itself, else with a number, so that undo finds the older one. */
  async freeId(name: string): Promise<string> {
    const base = name.replace(/[/\\:*?"<>|]/g, '_').replace(/^\.+/, '_') || 'table'
    const taken = new Set((await this.list()).map((id) => id.toLowerCase()))
    let id = base
    for (let n = 2; taken.has(id.toLowerCase()); n++) id = `${base}-${n}`
    return id
  }

  /** Removes a table; none of that id is no error. */
  async remove(id: string): Promise<void> {
    await rm(this.folderOf(id), { recursive: true, force: true })
  }

  /** Removes what no document needs any more, and what a crash left half-written. */
  async prune(keep: ReadonlySet<string>): Promise<void> {
    for (const id of await this.list()) if (!keep.has(id)) await this.remove(id)
    const entries = await readdir(this.folder).catch(() => [])
    for (const name of entries) {
      const path = join(this.folder, name)
      if (/^\..*\.tmp$/.test(name) && (await stat(path)).isDirectory())
        await rm(path, { recursive: true, force: true })
    }
  }
}

async function fillFolder(
  folder: string,
  facts: TableFacts,
  blocks: AsyncIterable<Float32Array>,
  late: (() => Promise<LateFacts>) | undefined,
): Promise<StoredTable> {
  const { rows, width } = facts.report
  const writer = await NpyWriter.create(join(folder, tableFile), rows, width)
  try {
    const statistics = new StatisticsBuilder(rows, width)
    for await (const block of blocks) {
      const writing = writer.write(block)
      writing.catch(() => undefined)
      statistics.add(block)
      await writing
    }
    const found = await late?.()
    const { bytes, dataOffset, hash } = await writer.finish()
    const record: z.infer<typeof tableRecord> = {
      version: 1,
      extraKeys: null,
      ...facts,
      ...found,
      file: { name: tableFile, bytes, dataOffset },
      hash,
      attachedAt: new Date().toISOString(),
    }
    const measured = await statistics.finish()
    await writeFileAtomic(join(folder, recordFile), `${JSON.stringify(record, null, 2)}\n`)
    await writeFileAtomic(join(folder, statisticsFile), `${JSON.stringify(measured)}\n`)
    return { ...record, statistics: measured }
  } catch (error) {
    await writer.abandon()
    throw error
  }
}

/** One of a table's JSON files. @throws GraftError `not-found`, `invalid-file` */
async function readJson<T>(path: string, form: z.ZodType<T>, id: string): Promise<T> {
  const hint = 'Attach the vectors again.'
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (toGraftError(error).code !== 'not-found') throw error
    throw new GraftError('not-found', `There is no table '${id}': ${path} is missing.`, hint)
  })
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    throw new GraftError('invalid-file', `${path} is not valid JSON.`, hint)
  }
  const parsed = form.safeParse(content)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue ? `${issue.path.join('.')}: ${issue.message}` : 'unknown form'
  throw new GraftError('invalid-file', `${path} does not describe a table: ${where}.`, hint)
}
