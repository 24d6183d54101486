import { readFile } from 'node:fs/promises'
import { type Column, GraftError, toGraftError } from '../contract'
import { chooseArray, openVectorFile, type TableRows, type Vocabulary, withExtraKeys } from '../embeddings'
import { nodeName } from '../graph'
import { modelSpec, residualOf, tablesOf } from '../model'
import { tablesAttachedTo } from '../project/edits'
import { requireVocabulary } from './datasets'
import { type ProjectSession } from './session'

/** A column's table as it is now, or as a run left it. */
export interface ColumnTable extends TableRows {
  readonly name: string
  /** The table whose rows stand for the same ids: itself, or the one that it is the residual of. */
  readonly keysOf: string
}

/**
 * Opens a table that a column looks up; the caller closes its file.
 * @param run null for the attached table
 * @param named one of the column's tables; null takes the first
 * @throws GraftError `invalid-setting` where the column has no attached table and no run is named, `not-found` for a run
 *   without saved weights or without the column, and for a table that the column does not have
 */
export async function openColumnTable(
  session: ProjectSession,
  column: Column,
  run: string | null,
  named: string | null = null,
): Promise<ColumnTable> {
  const { path, array, ...names } =
    run === null ? attachedPlace(session, column, named) : await learntPlace(session, column, run, named)
  const file = await openVectorFile(path)
  try {
    return { file, array: chooseArray(file, array), ...names }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** What the rows of a column's table stand for: its vocabulary, and the ids that only the table has. */
export async function tableVocabulary(
  session: ProjectSession,
  column: Column,
  { keysOf, array }: ColumnTable,
): Promise<Vocabulary> {
  const [rows = 0] = array.shape
  return withOwnKeys(session, await requireVocabulary(session.data, column), keysOf, rows)
}

/** A vocabulary with the ids that only a table of so many rows has. */
export async function withOwnKeys(
  session: ProjectSession,
  vocabulary: Vocabulary,
  name: string,
  rows: number,
): Promise<Vocabulary> {
  if (rows <= vocabulary.size + 1) return vocabulary
  const keys = await session.embeddings.extraKeys(name).catch((): string[] => [])
  return keys.length === rows - vocabulary.size - 1 ? withExtraKeys(vocabulary, keys) : vocabulary
}

interface Place {
  readonly path: string
  readonly array: string
  readonly name: string
  readonly keysOf: string
}

function attachedPlace(session: ProjectSession, column: Column, named: string | null): Place {
  const tables = tablesAttachedTo(session.document, column.name).map(({ id }) => id)
  const [first] = tables
  if (first !== undefined) {
    const name = named ?? first
    if (!tables.includes(name)) throw noSuchTable(`Column ${column.name}`, name, tables)
    return { path: session.embeddings.pathOf(name), array: '', name, keysOf: name }
  }
  throw new GraftError(
    'invalid-setting',
    `Column ${column.name} has no attached table, and its random one exists only in runs.`,
    'Attach vectors to the column, or name a run that learnt a table for it.',
    { column: column.name },
  )
}

const noSuchTable = (owner: string, name: string, tables: readonly string[]): GraftError =>
  new GraftError('not-found', `${owner} has no table ${name}.`, `Its tables are: ${tables.join(', ')}.`, {
    tables,
  })

async function learntPlace(
  session: ProjectSession,
  column: Column,
  run: string,
  named: string | null,
): Promise<Place> {
  const folder = session.runs.folder(run)
  const text = await readFile(folder.file('model'), 'utf8').catch((error: unknown) => {
    if (toGraftError(error).code !== 'not-found') throw error
    throw new GraftError('not-found', `There is no run ${run} with a model.`, 'Choose a run of this project.')
  })
  const spec = modelSpec.parse(JSON.parse(text))
  const input = spec.inputs.find((candidate) => candidate.column === column.name)
  if (input?.kind !== 'categorical') {
    throw new GraftError(
      'not-found',
      `Run ${run} has no table for ${column.name}.`,
      'Choose another column or run.',
    )
  }
  const tables = tablesOf(spec, input).flatMap((table) => {
    const residual = residualOf(table)
    return [table, ...(residual ? [residual] : [])].map(({ name }) => ({ name, keysOf: table.name }))
  })
  const wanted = named ?? input.table
  const found = tables.find(({ name }) => name === wanted)
  if (!found)
    throw noSuchTable(
      `Column ${column.name} of run ${run}`,
      wanted,
      tables.map(({ name }) => name),
    )
  return { path: `${folder.file('weights')}.index`, array: `emb/${nodeName(wanted)}`, ...found }
}
