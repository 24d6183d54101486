import { basename, resolve } from 'node:path'
import {
  type AttachedTable,
  type Column,
  GraftError,
  type Handlers,
  type IdView,
  type ProjectDocument,
  type TableVersion,
} from '../../contract'
import {
  attachVectors,
  type ColumnVocabulary,
  findNeighbors,
  inspectFile,
  type Metric,
  normOf,
  previewVectors,
  type VectorsRequest,
} from '../../embeddings'
import { attachedTo } from '../../project/edits'
import { type ColumnTable, openColumnTable, tableVocabulary } from '../columnTables'
import { openVersion } from '../maps/versions'
import { countId, countMatchedRows, readVocabulary, requireVocabulary } from '../datasets'
import { featuresOf, findColumn, inputKind, tableName } from '../../schema'
import { type JobContext } from '../jobs'
import { type ProjectSession } from '../session'
import { exportColumnTable } from '../tableExport'
import { type Workbench } from '../workbench'
import { mapHandlers } from './maps'

export function embeddingsHandlers(bench: Workbench): Handlers['embeddings'] {
  return {
    ...mapHandlers(bench),

    inspectFile: async ({ path, ids }) =>
      inspectFile(resolve(path), await vocabularies(bench.session), ids === null ? null : resolve(ids)),

    attach: async (attachment) => {
      const session = bench.requireSession()
      const { column: name, path, frozen, add } = attachment
      const column = findColumn(session.document.schema, name)
      const job = bench.jobs.start('attach', `Attach ${basename(path)} to ${name}`, async (context) => {
        const id = await session.embeddings.freeId(tableName(column))
        const request = await vectorsRequest(session, column, { ...attachment, table: id }, context)
        const stored = await attachVectors(session.embeddings, request)
        const { rows, width } = stored.report
        const { source, hash, extraKeys } = stored
        const extra = { extraRows: stored.report.extraRows ?? 0, extraKeys }
        try {
          session.execute({
            type: 'attach',
            table: { id, columns: [name], rows, width, frozen, ...extra, source, hash },
            add,
          })
        } catch (error) {
          await session.embeddings.remove(id)
          throw error
        }
        await session.readReports()
        await session.project.flush()
        return stored.report
      })
      return { job }
    },

    preview: async (attachment) => {
      const session = bench.requireSession()
      const { column: name, path } = attachment
      const column = findColumn(session.document.schema, name)
      const title = `Look at ${basename(path)} for ${name}`
      const job = bench.jobs.start('attach', title, async (context) =>
        previewVectors(
          await vectorsRequest(session, column, { ...attachment, table: tableName(column) }, context),
        ),
      )
      return { job }
    },

    exportTable: async (given) => {
      const session = bench.requireSession()
      const title = `Export the table of ${given.column} to ${basename(given.path)}`
      return {
        job: bench.jobs.start('exportTable', title, (context) => exportColumnTable(session, given, context)),
      }
    },

    neighbors: async (query) => {
      const { view } = await lookUp(bench, bench.requireSession(), query)
      return view
    },

    inspectId: async (query) => {
      const session = bench.requireSession()
      const { view, row } = await lookUp(bench, session, query)
      return { ...view, row: [...row], count: await countId(session.data, query.column, view.index) }
    },

    statistics: async ({ table }) => (await bench.requireSession().embeddings.read(table)).statistics,
  }
}

type Attachment = Parameters<Handlers['embeddings']['attach']>[0] & { readonly table: string }

async function vectorsRequest(
  session: ProjectSession,
  column: Column,
  attachment: Attachment,
  { signal, report }: JobContext,
): Promise<VectorsRequest> {
  const { path, ids, frozen, extraRows, alignment, add } = attachment
  const [other] = add ? tablesOf(session.document, column.name) : []
  return {
    ...attachment,
    vocabulary: await requireVocabulary(session.data, column),
    path: resolve(path),
    ids: ids === null ? null : resolve(ids),
    settings: alignment,
    extraRows: extraRows ?? (frozen || isProjected(session.document, column.name)),
    givenExtraKeys: other ? await session.embeddings.extraKeys(other.id) : null,
    signal,
    countMatchedRows: (matched) => countMatchedRows(session.data, column.name, matched),
    onProgress: (done, total) => report({ phase: 'Reading vectors', done, total, unit: 'rows' }),
  }
}

const tablesOf = ({ tables }: ProjectDocument, column: string): AttachedTable[] =>
  tables.filter(({ columns }) => columns.includes(column))

/** Whether the table that the column has enters the model through a projection, as one in its place will. */
const isProjected = (document: ProjectDocument, column: string): boolean =>
  tablesOf(document, column).some(({ id }) => document.uses[id]?.projection)

/** The vocabularies of the open project's categorical features; those without a size fit nothing. */
async function vocabularies(session: ProjectSession | null): Promise<ColumnVocabulary[]> {
  if (!session) return []
  const sized = (column: Column): boolean => column.domain?.kind === 'int' && (column.domain.max ?? 0) >= 1
  const columns = featuresOf(session.document.schema).filter(
    (column) => inputKind(column) === 'categorical' && sized(column),
  )
  const found: ColumnVocabulary[] = []
  for (const column of columns) {
    const vocabulary = await readVocabulary(session.data, column)
    if (vocabulary) found.push({ column: column.name, vocabulary })
  }
  return found
}

interface IdQuery {
  readonly column: string
  readonly id: string
  readonly run: string | null
  readonly moment: TableVersion['moment']
  readonly table: string | null
  readonly k: number
  readonly metric: Metric
}

/** @throws GraftError `not-found` for an id that the vocabulary does not have */
async function lookUp(
  bench: Workbench,
  session: ProjectSession,
  { column: name, id, run, moment, table: named, k, metric }: IdQuery,
): Promise<{ view: IdView; row: Float32Array }> {
  const column = findColumn(session.document.schema, name)
  const table =
    named === null && moment === 'after'
      ? await openColumnTable(session, column, run)
      : await openNamed(bench, session, {
          table: named ?? attachedTo(session.document, name)?.id ?? tableName(column),
          run,
          moment,
        })
  try {
    const vocabulary = await tableVocabulary(session, column, table)
    const index = vocabulary.idOf(id)
    if (index < 0) {
      throw new GraftError(
        'not-found',
        `${name} has no id '${id}'.`,
        `Its ids are such as ${Array.from({ length: Math.min(3, vocabulary.size) }, (_, i) => vocabulary.valueOf(i + 1)).join(', ')}.`,
        { column: name, id },
      )
    }
    const found = await findNeighbors(table, index, k, metric)
    const neighbors = found.neighbors.map((neighbor) => ({
      id: vocabulary.valueOf(neighbor.index),
      ...neighbor,
    }))
    const norm = normOf(found.row)
    return {
      view: { column: name, table: table.name, run, id, index, norm, metric, neighbors },
      row: found.row,
    }
  } finally {
    await table.file.close()
  }
}

async function openNamed(
  bench: Workbench,
  session: ProjectSession,
  version: TableVersion,
): Promise<ColumnTable> {
  return { ...(await openVersion(bench, session, version)), name: version.table, keysOf: version.table }
}
