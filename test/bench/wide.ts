import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { z } from 'zod'
import type { Graft } from './graft'
import type { BenchProject } from './projects'

/** A made-up table of ids and numbers, wide enough that gigabytes of it are tens of millions of rows. */

const ids = 8
const numbers = 31
const idMax = 100_000

export interface WideFiles {
  readonly files: readonly string[]
  readonly rows: number
  readonly columns: number
}

const quoted = (path: string): string => `'${path.replaceAll("'", "''")}'`

/**
 * Writes Parquet files of ids drawn uniformly, numbers on [0, 1) and a coin.
 * @param size bytes of all files together, about; or the rows
 */
export async function wideFiles(
  folder: string,
  files: number,
  size: number | { rows: number },
): Promise<WideFiles> {
  await mkdir(folder, { recursive: true })
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const columns = [
    ...Array.from({ length: ids }, (_, i) => `(1 + floor(random() * ${idMax}))::INTEGER AS id${i}`),
    ...Array.from({ length: numbers }, (_, i) => `random()::FLOAT AS x${i}`),
    '(random() < 0.5)::INTEGER AS label',
  ]
  const write = (path: string, rows: number): Promise<unknown> =>
    connection.run(
      `COPY (SELECT ${columns.join(', ')} FROM range(${rows})) TO ${quoted(path)} (FORMAT parquet, ROW_GROUP_SIZE 122880)`,
    )
  try {
    // setseed: the same rows on every run of the bench.
    await connection.run('SELECT setseed(0.5)')
    let rows = typeof size === 'number' ? 0 : Math.ceil(size.rows / files)
    if (typeof size === 'number') {
      const probe = join(folder, 'probe.parquet')
      const probed = 122_880
      await write(probe, probed)
      rows = Math.ceil((size / files / (await stat(probe)).size) * probed)
    }
    const paths = Array.from({ length: files }, (_, i) =>
      join(folder, `part-${String(i).padStart(2, '0')}.parquet`),
    )
    for (const path of paths) await write(path, rows)
    return { files: paths, rows: rows * files, columns: columns.length }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** A project on such files. */
export async function wideProject(
  graft: Graft,
  folder: string,
  { files }: Pick<WideFiles, 'files'>,
): Promise<BenchProject> {
  await mkdir(folder, { recursive: true })
  const schema = `${folder}-schema.json`
  const feature = [
    ...Array.from({ length: ids }, (_, i) => ({
      name: `id${i}`,
      type: 'INT',
      intDomain: { name: `id${i}`, min: '0', max: String(idMax), isCategorical: true },
      annotation: { tag: ['categorical'] },
    })),
    ...Array.from({ length: numbers }, (_, i) => ({
      name: `x${i}`,
      type: 'FLOAT',
      annotation: { tag: ['continuous'] },
    })),
    { name: 'label', type: 'INT', annotation: { tag: ['binary_classification', 'target'] } },
  ]
  await writeFile(schema, JSON.stringify({ feature }))
  const anything = z.unknown()
  await graft.run(anything, ['new', folder])
  await graft.run(anything, ['schema', folder, 'import', schema])
  await graft.run(anything, ['import', folder, '--train', ...files])
  return { folder, flags: [] }
}
