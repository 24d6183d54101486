import { createHash } from 'node:crypto'
import type { ProjectDocument } from '../contract/document'
import { extendedParts, type ExtraIds, type HeldOutParts } from '../dataset'
import { canonicalForm, type EmbeddingStore } from '../embeddings'
import { featuresOf, inputKind } from '../schema'

/**
 * What the columns of a document can look up beyond their vocabularies: the ids that an attached table has rows for. Of
 * several tables on a column all must have the same, in the same order, for one number looks up a row in each of them.
 */
export function extraIdsOf(document: ProjectDocument, embeddings: EmbeddingStore): ExtraIds[] {
  return featuresOf(document.schema)
    .filter((column) => inputKind(column) === 'categorical')
    .flatMap(({ name }) => {
      const tables = document.tables.filter(({ columns }) => columns.includes(name))
      const [first] = tables
      const keys = first?.extraKeys
      if (!keys || tables.some(({ extraKeys }) => extraKeys?.sha256 !== keys.sha256)) return []
      return [
        {
          column: name,
          rows: first.extraRows,
          keys: embeddings.keysPathOf(first.id),
          rules: keys.keyRules,
          form: canonicalForm(keys.keyRules),
        },
      ]
    })
}

/** The held-out parts of a project of raw tables, where its tables have rows for ids that only they hold. */
export async function heldOutParts(
  project: string,
  document: ProjectDocument,
  embeddings: EmbeddingStore,
): Promise<HeldOutParts> {
  const { source } = document
  const extra = extraIdsOf(document, embeddings)
  if (source?.kind !== 'tables' || extra.length === 0) return {}
  const told = extra.map(({ column }) => {
    const keys = document.tables.find(({ columns }) => columns.includes(column))?.extraKeys
    return [column, keys?.sha256, ...(keys?.keyRules ?? [])]
  })
  const key = createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 16)
  return extendedParts({ project, source, extra, key })
}
