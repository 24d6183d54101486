import { readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { columnProfile, type ColumnProfile } from '../contract/views'
import { parquetSource } from './duckdb'
import { writeAtomically, type PartName } from './files'
import { profileColumns } from './profileColumns'
import { findRaw, rawFolder } from './sources/raw'
import type { DataColumn, DatasetStore } from './store'

const profileCache = z.record(z.string(), z.object({ version: z.string(), columns: z.array(columnProfile) }))
type ProfileCache = z.infer<typeof profileCache>

/** Profiles of one dataset are made one after the other, so that none overwrites what another has just kept. */
const turns = new WeakMap<DatasetStore, Promise<unknown>>()

/**
 * Profiles the columns of a part, each computed once for a state of the files.
 * @param names the columns to profile, in any order; all by default. Names that the part does not have are left out
 * @throws GraftError `not-found` where the part has no rows
 */
export function profilePart(
  store: DatasetStore,
  part: PartName,
  names: readonly string[] | null = null,
): Promise<ColumnProfile[]> {
  return inTurn(store, async () =>
    remember(store, names, {
      key: part,
      version: await store.version(part),
      columns: await store.columns(part),
      source: parquetSource(await store.files(part)),
      rows: await store.rowCount(part),
    }),
  )
}

function inTurn(store: DatasetStore, work: () => Promise<ColumnProfile[]>): Promise<ColumnProfile[]> {
  const before = turns.get(store) ?? Promise.resolve()
  const turn = before.then(work)
  turns.set(
    store,
    turn.catch(() => undefined),
  )
  return turn
}

/**
 * Profiles the raw columns of a project, as they were imported, each computed once for a state of the raw files.
 * @param names the columns to profile; all by default
 * @throws GraftError `not-found` where the project has no raw rows
 */
export function profileRaw(
  store: DatasetStore,
  names: readonly string[] | null = null,
): Promise<ColumnProfile[]> {
  return inTurn(store, async () => {
    const duck = await store.duck()
    const { files, columns, rows } = await findRaw(duck, rawFolder(store.project))
    const paths = files.map(({ path }) => path)
    const states = await Promise.all(paths.map((path) => stat(path)))
    const version = states.map(({ size, mtimeMs }, i) => `${basename(paths[i] ?? '')} ${size} ${mtimeMs}`)
    return remember(store, names, {
      key: 'raw',
      version: version.join('\n'),
      columns: columns.map(({ name, type, isList }) => ({ name, type: `${type}${isList ? '[]' : ''}` })),
      source: parquetSource(paths, 'union_by_name = true'),
      rows,
    })
  })
}

interface Profiled {
  /** Under which profiles are kept, and the state of the files that they are of. */
  key: PartName | 'raw'
  version: string
  columns: readonly DataColumn[]
  source: string
  rows: number
}

async function remember(
  store: DatasetStore,
  names: readonly string[] | null,
  { key, version, columns, source, rows }: Profiled,
): Promise<ColumnProfile[]> {
  const path = profilesFile(store.project)
  const wanted = names === null ? columns : columns.filter(({ name }) => names.includes(name))
  const cache = await readCache(path)
  const known = cache[key]?.version === version ? cache[key].columns : []
  const kept = new Map(known.map((profile) => [profile.column, profile]))
  const missing = wanted.filter(({ name, type }) => kept.get(name)?.type !== type)
  if (missing.length > 0) {
    for (const profile of await profileColumns(await store.duck(), source, rows, missing))
      kept.set(profile.column, profile)
    cache[key] = { version, columns: [...kept.values()] }
    // What cannot be kept (a read-only project) is computed again next time.
    await writeAtomically(path, (temporary) => writeFile(temporary, JSON.stringify(cache))).catch(
      () => undefined,
    )
  }
  return wanted.flatMap(({ name }) => {
    const profile = kept.get(name)
    return profile ? [profile] : []
  })
}

/** Where profiles are kept; those of raw columns outlast a new encoding. */
export function profilesFile(project: string): string {
  return join(project, 'dataset', '.profiles.json')
}

async function readCache(path: string): Promise<ProfileCache> {
  try {
    const parsed = profileCache.safeParse(JSON.parse(await readFile(path, 'utf8')))
    return parsed.success ? parsed.data : {}
  } catch {
    return {}
  }
}
