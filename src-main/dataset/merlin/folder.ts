import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parquetFiles, partNames, type PartName } from '../files'

/** A folder as NVTabular and Merlin's loaders write it. */
export interface MerlinFolder {
  path: string
  schema: string
  /** Parquet files by part, in the order of their names. */
  files: Partial<Record<PartName, string[]>>
  /** NVTabular's `categories/`: the raw values of encoded ids; null where there is none. */
  categories: string | null
}

/** What people call the folder of a part. */
const partFolders: Record<PartName, readonly string[]> = {
  train: ['train', 'training'],
  validation: ['valid', 'validation', 'val', 'eval', 'dev'],
  test: ['test', 'testing'],
}

/**
 * Looks at a folder: `schema.pbtxt` beside `train/`, `valid/` and `test/` or within them, or beside Parquet files that
 * are all for training; `categories/` there, or one folder up where the workflow kept it.
 * @returns null where it is no such folder
 */
export async function findMerlin(path: string): Promise<MerlinFolder | null> {
  const found = await stat(path).catch(() => null)
  if (!found?.isDirectory()) return null
  const names = await readdir(path)
  // A project of Graft has a schema.pbtxt, too.
  if (names.includes('graft.json')) return null
  const files: MerlinFolder['files'] = {}
  const places = [path]
  for (const part of partNames) {
    const name = partFolders[part].find((candidate) => names.includes(candidate))
    if (name === undefined) continue
    const inside = await tablesOf(join(path, name))
    if (inside.length === 0) continue
    files[part] = inside
    places.push(join(path, name))
  }
  if (!files.train) {
    const own = await tablesOf(path)
    if (own.length > 0) files.train = own
  }
  const schema = await firstThere(places.map((place) => join(place, 'schema.pbtxt')))
  if (schema === null || !files.train) return null
  const homes = [path, dirname(path), join(path, 'workflow'), join(dirname(path), 'workflow')]
  return { path, schema, files, categories: await firstThere(homes.map((home) => join(home, 'categories'))) }
}

/** Dask's and NVTabular's own files begin with an underscore. */
async function tablesOf(folder: string): Promise<string[]> {
  const files = await parquetFiles(folder).catch((): string[] => [])
  return files.filter((file) => !/[\\/]_[^\\/]*$/.test(file)).sort(byNumber)
}

/** `part_2` before `part_10`: the order in which they were written. */
const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

async function firstThere(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) if (await stat(path).catch(() => null)) return path
  return null
}
