import { createHash } from 'node:crypto'
import { writeParquet } from '../dataset'
import { parquetSource, withDuck } from '../dataset/duckdb'
import { pieces } from './breathe'
import { keysAtOnce } from './vocabulary'

/** SHA-256 of keys in their order, each on a line. */
export async function hashKeys(keys: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for await (const [start, end] of pieces(keys.length, keysAtOnce))
    for (const key of keys.slice(start, end)) hash.update(`${JSON.stringify(key)}\n`)
  return hash.digest('hex')
}

/**
 * Writes the ids of a table's rows after those of the vocabulary as Parquet (index, value).
 * @param first the row of the first one
 */
export async function writeKeys(path: string, first: number, keys: readonly string[]): Promise<void> {
  await writeParquet(path, [
    { name: 'index', dtype: 'int32', values: Int32Array.from(keys, (_, i) => first + i) },
    { name: 'value', dtype: 'string', values: [...keys] },
  ])
}

/** The ids of such a file, in the order of their rows. @throws GraftError `not-found`, `invalid-file` */
export async function readKeys(path: string): Promise<string[]> {
  const keys: string[] = []
  await withDuck(async (duck) => {
    for await (const chunk of duck.chunks(`SELECT value FROM ${parquetSource([path])} ORDER BY "index"`))
      for (const value of chunk.getColumnValues(0)) keys.push(String(value))
  })
  return keys
}
