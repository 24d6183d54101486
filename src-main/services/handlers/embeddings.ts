import { basename, resolve } from 'node:path'
import { type Column, type Handlers } from '../../contract'
import { attachByPosition, type ColumnVocabulary, inspectFile } from '../../embeddings'
import { countMatchedRows } from '../datasets'
import { featuresOf, findColumn, inputKind, tableName, tableRows } from '../../schema'
import { type ProjectSession } from '../session'
import { type Workbench } from '../workbench'

export function embeddingsHandlers(bench: Workbench): Handlers['embeddings'] {
  return {
    inspectFile: async ({ path }) => inspectFile(resolve(path), vocabularies(bench.session)),

    attach: async ({ column: name, path, array, frozen }) => {
      const session = bench.requireSession()
      const column = findColumn(session.document.schema, name)
      const vocabularySize = tableRows(column) - 1
      const title = `Attach ${basename(path)} to ${name}`
      const job = bench.jobs.start('attach', title, async ({ signal, report }) => {
        const id = await session.embeddings.freeId(tableName(column))
        const stored = await attachByPosition(session.embeddings, {
          table: id,
          column: name,
          vocabularySize,
          path: resolve(path),
          array,
          frozen,
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

/** Sizes of the vocabularies of the open project's categorical features; those without a size fit nothing. */
function vocabularies(session: ProjectSession | null): ColumnVocabulary[] {
  if (!session) return []
  const sized = (column: Column): boolean => column.domain?.kind === 'int' && (column.domain.max ?? 0) >= 1
  return featuresOf(session.document.schema)
    .filter((column) => inputKind(column) === 'categorical' && sized(column))
    .map((column) => ({ column: column.name, vocabularySize: tableRows(column) - 1 }))
}
