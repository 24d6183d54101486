import { basename, resolve } from 'node:path'
import { GraftError, type TableExport, type TableFormat } from '../contract'
import { exportTable } from '../embeddings'
import { findColumn } from '../schema'
import { openColumnTable, tableVocabulary } from './columnTables'
import { type JobContext } from './jobs'
import { type ProjectSession } from './session'

export interface TableExportRequest {
  readonly column: string
  /** One of the column's tables; null takes the first. */
  readonly table: string | null
  readonly run: string | null
  readonly path: string
  readonly format: TableFormat | null
  readonly force: boolean
}

/**
 * Writes a column's table with its keys, as it is attached or as a run left it.
 * @throws GraftError `shape-mismatch` where the ids were numbered anew since the run, and what opening and writing throw
 */
export async function exportColumnTable(
  session: ProjectSession,
  { column: name, table: named, run, path, format, force }: TableExportRequest,
  { signal, report }: JobContext,
): Promise<TableExport> {
  const column = findColumn(session.document.schema, name)
  const table = await openColumnTable(session, column, run, named)
  try {
    const vocabulary = await tableVocabulary(session, column, table)
    const [rows = 0] = table.array.shape
    if (rows !== vocabulary.size + 1) {
      throw new GraftError(
        'shape-mismatch',
        `Table ${table.name} of ${name} has ${rows.toLocaleString('en-US')} rows, and there are now ` +
          `${vocabulary.size.toLocaleString('en-US')} ids and unknown: which row is whose is not known any more.`,
        'The data were encoded anew since; train again, or attach the vectors again.',
        { rows, ids: vocabulary.size },
      )
    }
    return await exportTable({
      table,
      vocabulary,
      path: resolve(path),
      format,
      force,
      signal,
      onProgress: (done, total) => report({ phase: `Writing ${basename(path)}`, done, total, unit: 'rows' }),
    })
  } finally {
    await table.file.close()
  }
}
