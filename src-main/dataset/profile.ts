import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { columnProfile, type ColumnProfile } from '../contract/views'
import { parquetSource } from './duckdb'
import { writeAtomically, type PartName } from './files'
import { profileColumns } from './profileColumns'
import type { DatasetStore } from './store'

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
  const before = turns.get(store) ?? Promise.resolve()
  const turn = before.then(() => profileInTurn(store, part, names))
  turns.set(
    store,
    turn.catch(() => undefined),
  )
  return turn
}

async function profileInTurn(
  store: DatasetStore,
  part: PartName,
  names: readonly string[] | null,
): Promise<ColumnProfile[]> {
  const path = join(store.project, 'dataset', '.profiles.json')
  const version = await store.version(part)
  const present = await store.columns(part)
  const wanted = names === null ? present : present.filter(({ name }) => names.includes(name))
  const cache = await readCache(path)
  const known = cache[part]?.version === version ? cache[part].columns : []
  const kept = new Map(known.map((profile) => [profile.column, profile]))
  const missing = wanted.filter(({ name, type }) => kept.get(name)?.type !== type)
  if (missing.length > 0) {
    const source = parquetSource(await store.files(part))
    const made = await profileColumns(await store.duck(), source, await store.rowCount(part), missing)
    for (const profile of made) kept.set(profile.column, profile)
    cache[part] = { version, columns: [...kept.values()] }
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

async function readCache(path: string): Promise<ProfileCache> {
  try {
    const parsed = profileCache.safeParse(JSON.parse(await readFile(path, 'utf8')))
    return parsed.success ? parsed.data : {}
  } catch {
    return {}
  }
}
