import { rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GraftError, replaceHint, toGraftError, type TableExport, type TableFormat } from '../contract'
import { stagingPath, syncFolder } from '../project/files'
import type { TableRows } from './neighbors'
import type { Vocabulary } from './vocabulary'
import { findWriter } from './writers'
import { FileSink } from './writers/sink'
import type { OutgoingTable } from './writers/writer'

export interface ExportRequest {
  readonly table: TableRows
  /** What the rows stand for; row 0 is unknown. */
  readonly vocabulary: Vocabulary
  readonly path: string
  /** Null takes the one that the path's ending stands for. */
  readonly format: TableFormat | null
  /** Whether files that exist are replaced. */
  readonly force: boolean
  readonly signal?: AbortSignal
  /** Rows done and rows in all. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Writes a table with its keys: a row for each id; the unknown row has no key and is left out. All files are there
 * afterwards, or nothing has changed.
 * @throws GraftError `already-exists`, `invalid-setting` for keys that the format cannot hold, `disk-full`, `read-only`,
 *   `cancelled`
 */
export async function exportTable(request: ExportRequest): Promise<TableExport> {
  const writer = findWriter(request.path, request.format)
  const paths = writer.paths(request.path)
  const table = outgoing(request)
  await checkPlaces(paths, request.force)
  const files: FileSink[] = []
  const staged = paths.map((path) => ({ path, staging: stagingPath(path) }))
  try {
    for (const { staging } of staged) files.push(await FileSink.create(staging))
    await writer.write(files, table)
    for (const file of files) await file.finish()
    // What was free at the beginning may have been taken since.
    await checkPlaces(paths, request.force)
    for (const { path, staging } of staged) await rename(staging, path)
    await syncFolder(dirname(request.path))
  } catch (error) {
    for (const file of files) await file.abandon()
    for (const { staging } of staged) await rm(staging, { force: true })
    throw toGraftError(error, request.path)
  }
  return {
    format: writer.format,
    rows: table.rows,
    width: table.width,
    files: files.map((file, i) => ({ path: paths[i] ?? request.path, bytes: file.position })),
  }
}

async function checkPlaces(paths: readonly string[], force: boolean): Promise<void> {
  for (const path of paths) {
    const facts = await stat(path).catch((error: unknown) => {
      if (toGraftError(error).code === 'not-found') return null
      throw error
    })
    if (!facts || (force && facts.isFile())) continue
    throw new GraftError(
      'already-exists',
      facts.isFile() ? `${path} exists already.` : `${path} exists already and is no file.`,
      facts.isFile() ? replaceHint : 'Choose another name.',
    )
  }
}

function outgoing({ table, vocabulary, signal, onProgress }: ExportRequest): OutgoingTable {
  const { file, array } = table
  const [all = 0, width = 0] = array.shape
  const rows = Math.min(all - 1, vocabulary.size)
  if (rows < 1) throw new GraftError('invalid-setting', 'The table has no row that belongs to an id.')
  return {
    rows,
    width,
    key: (row) => vocabulary.valueOf(row + 1),
    async *blocks() {
      for await (const block of file.read(array.name)) {
        if (signal?.aborted) throw new GraftError('cancelled', 'Exporting the table was cancelled.')
        // Without row 0, and without rows that nothing is known of.
        const from = block.firstRow === 0 ? 1 : 0
        const to = Math.min(block.count, rows + 1 - block.firstRow)
        if (to > from) yield block.rows.subarray(from * width, to * width)
        onProgress?.(Math.min(rows, block.firstRow + block.count - 1), rows)
      }
    },
  }
}
