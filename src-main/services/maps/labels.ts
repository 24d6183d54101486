import { join } from 'node:path'
import { type IdColumns, type IdLabel } from '../../contract'
import { vocabularyFile } from '../../dataset'
import { type FoundColumn, findIdColumns, modesById } from '../../dataset/idFacts'
import { encodedVocabulary, type Vocabulary } from '../../embeddings'
import { tableName, tableRows } from '../../schema'
import { withOwnKeys } from '../columnTables'
import { readVocabulary } from '../datasets'
import { type ProjectSession } from '../session'
import { columnsOf } from './versions'

/** What is known of the ids of a table: their values, titles, and the columns that tell of them. */
export interface IdFacts {
  readonly rows: number
  readonly vocabulary: Vocabulary
  readonly columns: readonly FoundColumn[]
  readonly view: IdColumns
  /** Titles by row. */
  readonly titles: ReadonlyMap<number, string>
}

/** Of a project's tables, for as long as its data stay as they are. */
const kept = new WeakMap<ProjectSession, Map<string, Promise<IdFacts>>>()

const numeric = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\)|BOOLEAN)$/
/** Columns of so few distinct numbers are kinds of things and not amounts. */
const fewValues = 12

export async function idFacts(session: ProjectSession, table: string): Promise<IdFacts> {
  const hash = await session.data.hash().catch(() => '')
  const attached = session.document.tables.find(({ id }) => id === table)
  const facts = kept.get(session) ?? new Map<string, Promise<IdFacts>>()
  kept.set(session, facts)
  const key = `${hash} ${table} ${attached?.hash ?? ''}`
  const found = facts.get(key) ?? gather(session, table)
  facts.set(key, found)
  // What failed is tried again.
  found.catch(() => facts.delete(key))
  return found
}

async function gather(session: ProjectSession, table: string): Promise<IdFacts> {
  const [column] = columnsOf(session, table)
  if (!column) throw new RangeError(`No column looks ${table} up.`)
  const size = tableRows(column) - 1
  const attached = session.document.tables.find(({ id }) => id === table)
  const rows = attached?.rows ?? size + 1
  // Hashed ids have no values: their buckets are shown by number.
  const known = (await readVocabulary(session.data, column)) ?? encodedVocabulary(size)
  const vocabulary = await withOwnKeys(session, known, table, rows)
  const file = vocabularyFile(join(session.path, 'dataset', 'vocabularies'), tableName(column))
  const columns = await findIdColumns(session.data, column.name, file)
  const categorical = new Set(
    session.document.schema.columns
      .filter(({ tags }) => tags.some((tag) => tag.toLowerCase() === 'categorical'))
      .map(({ name }) => name),
  )
  const kinds = columns.map((found) => ({ ...found, kind: kindOf(found, categorical.has(found.column)) }))
  const views = kinds
    .filter(({ kind, ofId }) => ofId || kind !== 'text')
    .map(({ column: name, kind, ofId, distinct }) => ({ column: name, kind, ofId, distinct }))
    .sort((a, b) => Number(b.ofId) - Number(a.ofId) || (a.column < b.column ? -1 : 1))
  const title = bestTitle(views)
  const source = columns.find((found) => found.column === title)
  const titles = source ? await modesById(session.data, source, rows) : new Map<number, string>()
  return { rows, vocabulary, columns, view: { columns: views, title }, titles }
}

function kindOf(found: FoundColumn, categorical: boolean): IdColumns['columns'][number]['kind'] {
  if (numeric.test(found.type))
    return categorical || (found.ofId && found.distinct <= fewValues) ? 'category' : 'number'
  return found.ofId && found.distinct > Math.max(50, found.ids / 3) ? 'text' : 'category'
}

/** The text that tells ids apart best; names that say so go first. */
function bestTitle(columns: IdColumns['columns']): string | null {
  const texts = columns.filter(({ kind }) => kind === 'text')
  const named = (name: string): number => (/title/i.test(name) ? 2 : /name/i.test(name) ? 1 : 0)
  texts.sort((a, b) => named(b.column) - named(a.column) || b.distinct - a.distinct)
  return texts[0]?.column ?? null
}

export function labelOf({ vocabulary, titles }: IdFacts, row: number): IdLabel {
  return { row, id: valueOf(vocabulary, row), title: titles.get(row) ?? null }
}

function valueOf(vocabulary: Vocabulary, row: number): string {
  return row === 0 ? 'unknown' : vocabulary.valueOf(row) || `row ${row}`
}

/** Ids whose value or title holds the text, in any case: equal ones first, then those that begin with it. */
export function searchIds(facts: IdFacts, text: string, limit: number): { found: IdLabel[]; total: number } {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return { found: [], total: 0 }
  /** Equal, begins with it, a word begins with it, holds it. */
  const ranks: number[][] = [[], [], [], []]
  for (let row = 1; row < facts.rows; row++) {
    const rank = Math.min(
      rankOf(valueOf(facts.vocabulary, row), wanted),
      rankOf(facts.titles.get(row) ?? '', wanted),
    )
    ranks[rank]?.push(row)
  }
  const rows = ranks.flat()
  return { found: rows.slice(0, limit).map((row) => labelOf(facts, row)), total: rows.length }
}

function rankOf(value: string, wanted: string): number {
  const at = value.toLowerCase().indexOf(wanted)
  if (at < 0) return Infinity
  if (at === 0) return value.length === wanted.length ? 0 : 1
  return /[\p{L}\p{N}]/u.test(value[at - 1] ?? '') ? 3 : 2
}
