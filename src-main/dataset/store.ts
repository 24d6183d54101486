import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { toGraftError } from '../contract/errors'
import { Duck, identifier, literal, parquetSource } from './duckdb'
import {
  encodedFolder,
  missingPart,
  partFiles,
  partNames,
  restoreFolder,
  writeAtomically,
  type PartName,
} from './files'
import { toJsonCell } from './json'
import type { Json } from '../schema'

export interface FileSummary {
  name: string
  path: string
  rows: number
  bytes: number
}

export interface PartSummary {
  part: PartName
  rows: number
  bytes: number
  files: FileSummary[]
}

export interface DataColumn {
  name: string
  /** DuckDB's name of the type: INTEGER, DOUBLE, VARCHAR, INTEGER[], … */
  type: string
}

/** A window of rows for the preview. */
export interface RowWindow {
  part: PartName
  offset: number
  total: number
  columns: DataColumn[]
  rows: Json[][]
}

/** What of a file tells that it has not changed since its hash was taken. */
const hashCache = z.record(
  z.string(),
  z.object({ bytes: z.number(), changed: z.number(), sha256: z.string() }),
)

interface Layout {
  key: string
  summary: PartSummary
  columns: DataColumn[]
  /** Read when it is first asked for. */
  largest?: Map<string, number>
}

/** The encoded data of one project. Opens DuckDB when it is first needed; close it. */
export class DatasetStore {
  private opened: Promise<Duck> | null = null
  private readonly layouts = new Map<PartName, Layout>()

  constructor(readonly project: string) {}

  /** The parts that have files, with the rows and bytes of each. */
  async parts(): Promise<PartSummary[]> {
    const parts: PartSummary[] = []
    for (const part of partNames) {
      const layout = await this.layout(part)
      if (layout) parts.push(layout.summary)
    }
    return parts
  }

  /** The files of a part, in the order of their rows. @throws GraftError `not-found` where the part has none */
  async files(part: PartName): Promise<string[]> {
    return (await this.need(part)).summary.files.map((file) => file.path)
  }

  /** Rows of a part. @throws GraftError `not-found` where the part has no files */
  async rowCount(part: PartName): Promise<number> {
    return (await this.need(part)).summary.rows
  }

  /**
   * The largest value of each column of numbers over all parts, items of lists included. Writers keep it in the foot of
   * a file, so no row is read; a column of which some file does not say it is left out.
   */
  async largest(): Promise<Map<string, number>> {
    const found = new Map<string, number>()
    const unsaid = new Set<string>()
    for (const part of partNames) {
      const layout = await this.layout(part)
      if (!layout || layout.summary.rows === 0) continue
      layout.largest ??= await this.readLargest(layout.summary.files.map((file) => file.path))
      for (const { name } of layout.columns) {
        const value = layout.largest.get(name)
        if (value === undefined) unsaid.add(name)
        else found.set(name, Math.max(value, found.get(name) ?? value))
      }
    }
    for (const name of unsaid) found.delete(name)
    return found
  }

  private async readLargest(paths: readonly string[]): Promise<Map<string, number>> {
    const files = paths.map(literal).join(', ')
    const duck = await this.duck()
    // A chunk without statistics may hold anything; one of nulls alone holds nothing.
    const said = await duck.all(
      `SELECT split_part(path_in_schema, ', ', 1) AS name, max(TRY_CAST(stats_max_value AS DOUBLE)) AS largest
       FROM parquet_metadata([${files}])
       GROUP BY 1
       HAVING bool_and(stats_max_value IS NOT NULL OR stats_null_count = num_values)`,
    )
    return new Map(
      said.flatMap(({ name, largest }) =>
        typeof largest === 'number' && Number.isFinite(largest) ? [[String(name), largest]] : [],
      ),
    )
  }

  /** A text that changes whenever a file of the part does: their names, sizes and times of change. */
  async version(part: PartName): Promise<string> {
    return createHash('sha256')
      .update((await this.need(part)).key)
      .digest('hex')
  }

  /** Names and types of the columns of a part. @throws GraftError `not-found` where the part has no files */
  async columns(part: PartName): Promise<DataColumn[]> {
    return (await this.need(part)).columns
  }

  /**
   * Rows `offset` to `offset + limit` of a part. Only the row groups that hold them are read, so any place of a part of
   * any size is as quick as the first.
   * @param columns the columns to read; all by default
   */
  async rows(part: PartName, offset: number, limit: number, columns?: readonly string[]): Promise<RowWindow> {
    const { summary, columns: present } = await this.need(part)
    const chosen = columns ? present.filter((column) => columns.includes(column.name)) : present
    const rows: Json[][] = []
    let first = 0
    for (const file of summary.files) {
      const from = Math.max(0, offset - first)
      const to = Math.min(file.rows, offset + limit - first)
      first += file.rows
      if (from >= to || chosen.length === 0) continue
      const duck = await this.duck()
      const select = chosen.map((column) => identifier(column.name)).join(', ')
      const source = parquetSource([file.path], 'file_row_number = true')
      const sql = `SELECT ${select} FROM ${source} WHERE file_row_number BETWEEN ${from} AND ${to - 1} ORDER BY file_row_number`
      // Not streamed: another query on the connection, a profile's, would end the stream in the middle.
      for (const row of await duck.all(sql))
        rows.push(chosen.map(({ name }) => toJsonCell(row[name] ?? null)))
    }
    return { part, offset, total: summary.rows, columns: chosen, rows }
  }

  /**
   * SHA-256 over the names and contents of the files of the training part, as a run records it. The hash of a file is
   * kept by its size and time of change, so asking again costs nothing.
   */
  async hash(part: PartName = 'train'): Promise<string> {
    const hash = createHash('sha256')
    const cachePath = join(this.project, 'dataset', '.hashes.json')
    const cache = await readCache(cachePath)
    let fresh = false
    for (const path of await partFiles(this.project, part)) {
      const key = `${part}/${basename(path)}`
      const { size, mtimeMs } = await stat(path)
      const before = cache[key]
      const known = before && before.bytes === size && before.changed === mtimeMs
      const sha256 = known ? before.sha256 : await hashFile(path)
      if (!known) {
        cache[key] = { bytes: size, changed: mtimeMs, sha256 }
        fresh = true
      }
      hash.update(`${basename(path)}\n${sha256}\n`)
    }
    // A read-only project can still be trained on; it only hashes again next time.
    if (fresh) await writeText(cachePath, JSON.stringify(cache)).catch(() => undefined)
    return hash.digest('hex')
  }

  /** DuckDB on this project's files, for the profile and the like. */
  duck(): Promise<Duck> {
    this.opened ??= Duck.open()
    return this.opened
  }

  async close(): Promise<void> {
    const opened = this.opened
    this.opened = null
    if (opened) (await opened).close()
  }

  private async need(part: PartName): Promise<Layout> {
    const layout = await this.layout(part)
    if (!layout) throw missingPart(part)
    return layout
  }

  /** Files, rows and columns of a part, read again only when a file has changed. */
  private async layout(part: PartName): Promise<Layout | null> {
    await restoreFolder(join(this.project, 'dataset'))
    await restoreFolder(encodedFolder(this.project))
    const paths = await partFiles(this.project, part)
    if (paths.length === 0) return null
    const stats = await Promise.all(paths.map((path) => stat(path)))
    const key = stats
      .map(({ size, mtimeMs }, index) => `${basename(paths[index] ?? '')} ${size} ${mtimeMs}`)
      .join('\n')
    const before = this.layouts.get(part)
    if (before?.key === key) return before
    const duck = await this.duck()
    const files: FileSummary[] = []
    for (const [index, path] of paths.entries()) {
      const [meta] = await duck.all(`SELECT num_rows FROM parquet_file_metadata(${literal(path)})`)
      files.push({
        name: basename(path),
        path,
        rows: Number(meta?.num_rows ?? 0),
        bytes: stats[index]?.size ?? 0,
      })
    }
    const described = await duck.all(`DESCRIBE SELECT * FROM ${parquetSource(paths)}`)
    const columns = described.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }))
    const sum = (of: (file: FileSummary) => number): number =>
      files.reduce((total, file) => total + of(file), 0)
    const summary = { part, rows: sum((file) => file.rows), bytes: sum((file) => file.bytes), files }
    const layout = { key, summary, columns }
    this.layouts.set(part, layout)
    return layout
  }
}

async function readCache(path: string): Promise<z.infer<typeof hashCache>> {
  try {
    const parsed = hashCache.safeParse(JSON.parse(await readFile(path, 'utf8')))
    return parsed.success ? parsed.data : {}
  } catch {
    return {}
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path), hash)
  } catch (error) {
    throw toGraftError(error)
  }
  return hash.digest('hex')
}

async function writeText(path: string, text: string): Promise<void> {
  await writeAtomically(path, (temporary) => writeFile(temporary, text))
}
