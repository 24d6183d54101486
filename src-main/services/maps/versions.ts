import { access, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Column, GraftError, type RunRecord, type TableVersion, toGraftError } from '../../contract'
import { chooseArray, openVectorFile, type TableRows } from '../../embeddings'
import { nodeName } from '../../graph'
import { modelSpec } from '../../model'
import { makeFolder, stagingPath } from '../../project/files'
import { projectFiles } from '../../project/folders'
import { inputKind, tableName } from '../../schema'
import { firstTable } from '../../training/firstTable'
import { runTrainerJob } from '../../training/job'
import { type ProjectSession } from '../session'
import { type Workbench } from '../workbench'

/** Where the rows of a version lie, and what they are. */
export interface VersionPlace {
  readonly path: string
  readonly array: string
  /** SHA-256 of its rows. */
  readonly hash: string
}

/** First values that are being drawn: who asks meanwhile waits for the same. */
const drawing = new Map<string, Promise<VersionPlace>>()

/** The columns that look a table up, attached or not. @throws GraftError `not-found` */
export function columnsOf(session: ProjectSession, table: string): Column[] {
  const { document } = session
  const attached = document.tables.find(({ id }) => id === table)
  const found = document.schema.columns.filter((column) =>
    attached
      ? attached.columns.includes(column.name)
      : inputKind(column) === 'categorical' && tableName(column) === table,
  )
  if (found.length > 0) return found
  throw new GraftError(
    'not-found',
    `There is no embedding table ${table}.`,
    'Choose a table of this project.',
  )
}

/**
 * Finds the rows of a version. Those that a run began with are the attached ones where it began with them, and are drawn
 * again where it began at random: the seed gives the same ones, and their hash proves it.
 * @throws GraftError `invalid-setting` for a random table without a run, `not-found`
 */
export async function findVersion(
  bench: Workbench,
  session: ProjectSession,
  version: TableVersion,
  signal?: AbortSignal,
): Promise<VersionPlace> {
  const { table, run, moment } = version
  if (run === null) {
    const attached = session.document.tables.find(({ id }) => id === table)
    if (attached) return { path: session.embeddings.pathOf(table), array: '', hash: attached.hash }
    throw new GraftError(
      'invalid-setting',
      `Table ${table} starts at random: its rows exist only in runs.`,
      'Train first, or attach vectors to its column.',
      { table },
    )
  }
  const record = await session.runs.record(run)
  const result = record.tables.find((candidate) => candidate.table === table)
  const folder = session.runs.folder(run)
  const weights = folder.file('weights')
  if (!result || !(await isThere(`${weights}.index`)))
    throw new GraftError(
      'not-found',
      `Run ${run} has left no table ${table}.`,
      'Choose a run that completed, or that was stopped and kept.',
      { run, table },
    )
  if (moment === 'after')
    return { path: `${weights}.index`, array: `emb/${nodeName(table)}`, hash: result.hashAfter }
  const attached = await session.embeddings.read(table).catch(() => null)
  if (attached?.hash === result.hashBefore)
    return { path: session.embeddings.pathOf(table), array: '', hash: attached.hash }
  return drawFirst(bench, session, record, table, result.hashBefore, signal)
}

/** Opens a version; the caller closes its file. @throws GraftError as `findVersion` does */
export async function openVersion(
  bench: Workbench,
  session: ProjectSession,
  version: TableVersion,
): Promise<TableRows> {
  const place = await findVersion(bench, session, version)
  const file = await openVectorFile(place.path)
  try {
    return { file, array: chooseArray(file, place.array) }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The first values of a run's table, from the cache or drawn again. */
function drawFirst(
  bench: Workbench,
  session: ProjectSession,
  record: RunRecord,
  table: string,
  hash: string,
  signal?: AbortSignal,
): Promise<VersionPlace> {
  const folder = join(session.path, projectFiles.cache, 'tables')
  const path = join(folder, `${hash.slice(0, 32)}.npy`)
  const running = drawing.get(path)
  if (running) return running
  const work = (async (): Promise<VersionPlace> => {
    if (await isThere(path)) return { path, array: '', hash }
    await makeFolder(folder)
    await prune(folder, keptTables - 1)
    const staging = stagingPath(path)
    try {
      const text = await readFile(session.runs.folder(record.id).file('model'), 'utf8')
      const plan = {
        model: modelSpec.parse(JSON.parse(text)),
        optimizer: record.document.training.optimizer,
        seed: record.seed,
        initialWeights: record.initialWeights?.path ?? null,
        table,
        out: staging,
      }
      const job = { kind: 'firstTable' as const, engine: bench.engine.requireFolder(), plan }
      const drawn = firstTable.parse(await runTrainerJob(bench.options.fork, job, signal ? { signal } : {}))
      if (drawn.hash !== hash)
        throw new GraftError(
          'not-found',
          `The first values of ${table} in run ${record.id} cannot be found any more.`,
          'They depend on the engine, and on files that have changed since. A new run can be seen before and after.',
          { run: record.id, table },
        )
      await rename(staging, path)
    } catch (error) {
      await rm(staging, { force: true })
      throw toGraftError(error)
    }
    return { path, array: '', hash }
  })()
  drawing.set(path, work)
  const forget = (): void => void drawing.delete(path)
  work.then(forget, forget)
  return work
}

const keptTables = 12

/** Removes all but the newest files of a folder of the cache. */
export async function prune(folder: string, keep: number): Promise<void> {
  const names = await readdir(folder).catch((): string[] => [])
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name)
      const facts = await stat(path).catch(() => null)
      return { path, at: facts?.mtimeMs ?? 0 }
    }),
  )
  files.sort((a, b) => b.at - a.at)
  for (const { path } of files.slice(Math.max(0, keep))) await rm(path, { force: true })
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
