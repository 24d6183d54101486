import { GraftError, type MapColor, type TableVersion } from '../../contract'
import { countsById, meansById, modesById } from '../../dataset/idFacts'
import { readRowPairs, rowNorms, type RowPairs } from '../../embeddings/map/drift'
import { type TableRows } from '../../embeddings'
import { readVocabulary } from '../datasets'
import { type ProjectSession } from '../session'
import { type Workbench } from '../workbench'
import { idFacts } from './labels'
import { columnsOf, findVersion, openVersion } from './versions'

/** What the rows of a table are coloured by. */
export type RowValues =
  | { readonly kind: 'numbers'; readonly values: Float32Array } // [rows], NaN where there is none
  | {
      readonly kind: 'categories'
      /** Place in `labels` by row, −1 where there is none. */
      readonly places: Int32Array // [rows]
      /** Most frequent first. */
      readonly labels: readonly string[]
    }

/** The last few, so that a tooltip need not read a table again. */
const recent = new Map<string, Promise<RowValues>>()
const keptValues = 6

/** The value of each row. @throws GraftError `unknown-column` */
export async function rowValues(
  bench: Workbench,
  session: ProjectSession,
  version: TableVersion,
  color: MapColor,
): Promise<RowValues> {
  const key = await keyOf(bench, session, version, color)
  const found = recent.get(key) ?? compute(bench, session, version, color)
  recent.delete(key)
  recent.set(key, found)
  found.catch(() => recent.delete(key))
  for (const old of [...recent.keys()].slice(0, Math.max(0, recent.size - keptValues))) recent.delete(old)
  return found
}

/** Names values by what they are made of: rows by their hash, columns by that of the data. */
async function keyOf(
  bench: Workbench,
  session: ProjectSession,
  version: TableVersion,
  color: MapColor,
): Promise<string> {
  const data = await session.data.hash().catch(() => '')
  const seen = color.by === 'norm' ? [version] : color.by === 'drift' ? [color.from, color.to] : []
  const hashes: string[] = []
  for (const one of seen) hashes.push((await findVersion(bench, session, one)).hash)
  const column = color.by === 'column' ? color.column : null
  return JSON.stringify([session.path, version.table, data, color.by, column, ...hashes])
}

async function compute(
  bench: Workbench,
  session: ProjectSession,
  version: TableVersion,
  color: MapColor,
): Promise<RowValues> {
  switch (color.by) {
    case 'norm':
      return { kind: 'numbers', values: await withTable(bench, session, version, rowNorms) }
    case 'drift':
      return { kind: 'numbers', values: (await comparedRows(bench, session, color.from, color.to)).distances }
    case 'count': {
      const { rows } = await idFacts(session, version.table)
      const columns = columnsOf(session, version.table).map(({ name }) => name)
      return { kind: 'numbers', values: await countsById(session.data, columns, rows) }
    }
    case 'column':
      return columnValues(session, version.table, color.column)
  }
}

/** Opens a version, and closes it whatever happens. */
async function withTable<T>(
  bench: Workbench,
  session: ProjectSession,
  version: TableVersion,
  work: (table: TableRows) => Promise<T>,
): Promise<T> {
  const table = await openVersion(bench, session, version)
  try {
    return await work(table)
  } finally {
    await table.file.close()
  }
}

/** How far each row moved from one version to another. @throws GraftError `shape-mismatch` */
export function comparedRows(
  bench: Workbench,
  session: ProjectSession,
  from: TableVersion,
  to: TableVersion,
): Promise<RowPairs> {
  return withTable(bench, session, from, (before) =>
    withTable(bench, session, to, (after) => readRowPairs(before, after)),
  )
}

async function columnValues(session: ProjectSession, table: string, column: string): Promise<RowValues> {
  const facts = await idFacts(session, table)
  const found = facts.columns.find((candidate) => candidate.column === column)
  const view = facts.view.columns.find((candidate) => candidate.column === column)
  if (!found || !view)
    throw new GraftError(
      'unknown-column',
      `No column ${column} tells of the ids of ${table}.`,
      `Choose one of: ${facts.view.columns.map((candidate) => candidate.column).join(', ') || 'norm, count'}.`,
      { column },
    )
  if (view.kind === 'number')
    return { kind: 'numbers', values: await meansById(session.data, found, facts.rows) }
  const modes = await modesById(session.data, found, facts.rows)
  const described = session.document.schema.columns.find(({ name }) => name === column)
  // Encoded values are ids themselves; their own vocabulary says what they stand for.
  const vocabulary =
    found.source.kind === 'encoded' && described?.domain?.kind === 'int'
      ? await readVocabulary(session.data, described)
      : null
  return categories(modes, facts.rows, (value) => {
    const id = Number(value)
    return vocabulary && Number.isInteger(id) && id >= 1 && id <= vocabulary.size
      ? vocabulary.valueOf(id)
      : value
  })
}

/** Numbers the categories, most frequent first; of equally frequent ones by name. */
export function categories(
  byRow: ReadonlyMap<number, string>,
  rows: number,
  name: (value: string) => string = (value) => value,
): RowValues {
  const counts = new Map<string, number>()
  for (const [row, value] of byRow) if (row > 0) counts.set(value, (counts.get(value) ?? 0) + 1)
  const order = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([value]) => value)
  const placeOf = new Map(order.map((value, place) => [value, place]))
  const places = new Int32Array(rows).fill(-1)
  for (const [row, value] of byRow) places[row] = placeOf.get(value) ?? -1
  return { kind: 'categories', places, labels: order.map(name) }
}

/** The value of one row, for a tooltip. */
export function valueOfRow(values: RowValues, row: number): number | string | null {
  if (values.kind === 'categories') return values.labels[values.places[row] ?? -1] ?? null
  const value = values.values[row] ?? Number.NaN
  return Number.isNaN(value) ? null : value
}
