import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GraftError, toGraftError } from '../../contract/errors'
import { literal, type Duck } from '../duckdb'

const tableName =
  /\.(csv|tsv|txt|data|json|jsonl|ndjson|parquet|feather|ftr|arrows?|ipc)(\.(gz|gzip|zst|zstd))?$/i

/** Whether a folder's file is called as tables are. */
export const isTableName = (file: string): boolean => tableName.test(file)

/**
 * Files of raw tables that a person named: files as they are, the tables of a folder and of the folders in it
 * (`country=se/part-0.parquet`), or a pattern, each group in the order of its names.
 * @throws GraftError `not-found` naming the path that led nowhere
 */
export async function expandTables(duck: Duck, paths: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const path of paths) {
    const found = await stat(path).catch(() => null)
    if (!found?.isDirectory()) files.push(...(await expandOne(duck, path)))
    else {
      const inside = (await filesUnder(path)).filter(isTableName)
      if (inside.length === 0)
        throw new GraftError('not-found', `${path} holds no tables`, 'Choose another folder.')
      files.push(...inside)
    }
  }
  return files
}

/** All files of a folder and of those in it, but hidden ones, in the order of their names. */
export async function filesUnder(folder: string): Promise<string[]> {
  const files: string[] = []
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (/^[._]/.test(entry.name)) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) files.push(...(await filesUnder(path)))
    else if (entry.isFile()) files.push(path)
  }
  return files
}

/**
 * Files that a person named: files as they are, a folder's Parquet files, or a pattern (`data/*.parquet`), each group in
 * the order of its names.
 * @throws GraftError `not-found` naming the path that led nowhere
 */
export async function expandFiles(duck: Duck, paths: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const path of paths) files.push(...(await expandOne(duck, path)))
  if (files.length === 0) throw new GraftError('not-found', 'no files were given', 'Name at least one file.')
  return files
}

async function expandOne(duck: Duck, path: string): Promise<string[]> {
  try {
    const found = await stat(path)
    if (!found.isDirectory()) return [path]
    const names = (await readdir(path)).filter((name) => name.endsWith('.parquet') && !name.startsWith('.'))
    if (names.length > 0) return names.sort().map((name) => join(path, name))
    throw new GraftError('not-found', `${path} holds no Parquet files`, 'Choose another folder.')
  } catch (error) {
    const failure = toGraftError(error)
    if (failure !== error && failure.code === 'not-found' && /[*?[]/.test(path))
      return expandPattern(duck, path)
    throw failure
  }
}

async function expandPattern(duck: Duck, pattern: string): Promise<string[]> {
  const rows = await duck.all(`SELECT file FROM glob(${literal(pattern)}) ORDER BY file`)
  if (rows.length === 0)
    throw new GraftError('not-found', `no file fits the pattern ${pattern}`, 'Check the pattern.')
  return rows.map((row) => String(row.file))
}
