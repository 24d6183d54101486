import { basename, resolve } from 'node:path'
import { type Column, type Handlers } from '../../contract'
import { attachVectors, type ColumnVocabulary, inspectFile } from '../../embeddings'
import { countMatchedRows, readVocabulary } from '../datasets'
import { featuresOf, findColumn, inputKind, tableName } from '../../schema'
import { type ProjectSession } from '../session'
import { type Workbench } from '../workbench'

export function embeddingsHandlers(bench: Workbench): Handlers['embeddings'] {
  return {
    inspectFile: async ({ path }) => inspectFile(resolve(path), await vocabularies(bench.session)),

    attach: async ({ column: name, path, array, frozen, byPosition, key, ids, alignment }) => {
      const session = bench.requireSession()
      const column = findColumn(session.document.schema, name)
      const title = `Attach ${basename(path)} to ${name}`
      const job = bench.jobs.start('attach', title, async ({ signal, report }) => {
        const id = await session.embeddings.freeId(tableName(column))
        const stored = await attachVectors(session.embeddings, {
          table: id,
          column: name,
          vocabulary: await readVocabulary(session.data, column),
          path: resolve(path),
          array,
          frozen,
          byPosition,
          key,
          ids: ids === null ? null : resolve(ids),
          settings: alignment,
          signal,
          countMatchedRows: (matched) => countMatchedRows(session.data, name, matched),
          onProgress: (done, total) => report({ phase: 'Reading vectors', done, total, unit: 'rows' }),
        })
        const { rows, width } = stored.report
        const { source, hash } = stored
        try {
          session.execute({
            type: 'attach',
            table: { id, columns: [name], rows, width, frozen, source, hash },
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

    statistics: async ({ table }) => (await bench.requireSession().embeddings.read(table)).statistics,
  }
}

/** The vocabularies of the open project's categorical features; those without a size fit nothing. */
async function vocabularies(session: ProjectSession | null): Promise<ColumnVocabulary[]> {
  if (!session) return []
  const sized = (column: Column): boolean => column.domain?.kind === 'int' && (column.domain.max ?? 0) >= 1
  const columns = featuresOf(session.document.schema).filter(
    (column) => inputKind(column) === 'categorical' && sized(column),
  )
  const found: ColumnVocabulary[] = []
  for (const column of columns) {
    found.push({ column: column.name, vocabulary: await readVocabulary(session.data, column) })
  }
  return found
}
