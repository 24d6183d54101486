import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type {
  ColumnEncoding,
  ColumnUse,
  DerivedWish,
  JoinSource,
  TablesSource,
} from '../../../../src-main/contract'
import {
  importTables,
  type BuiltDataset,
  type TablesRequest,
  type TargetWish,
} from '../../../../src-main/dataset'
import { parquetSource, withDuck } from '../../../../src-main/dataset/duckdb'
import type { Json } from '../../../../src-main/schema'
import { toJsonCell } from '../../../../src-main/dataset/json'
import { temporaryFolder } from '../folder'

export const folder = temporaryFolder()

/** Writes a file of the test's folder and gives its path. */
export function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

type ListEncoding = Extract<ColumnEncoding, { kind: 'list' }>

/** The encoding of a list, as usual but for these settings. */
export function asList(settings: Partial<ListEncoding>): ListEncoding {
  return {
    kind: 'list',
    separator: null,
    as: 'ids',
    minCount: 1,
    maxSize: null,
    buckets: null,
    domain: null,
    maxLength: 50,
    keep: 'last',
    ...settings,
  }
}

export interface Given {
  project?: string
  joins?: JoinSource[]
  split?: string | null
  seed?: number
  target?: TargetWish | null
  derived?: DerivedWish[]
  uses?: Record<string, ColumnUse>
  encoding?: TablesSource['encoding']
  options?: TablesSource['options']
  signal?: AbortSignal
  report?: TablesRequest['report']
  threads?: number
}

/** Imports files as one table of the project `p`. */
export function importFiles(paths: readonly string[], given: Given = {}): Promise<BuiltDataset> {
  return importTables({
    project: given.project ?? join(folder, 'p'),
    source: {
      kind: 'tables',
      files: paths.map((path) => ({ part: null, path })),
      joins: given.joins ?? [],
      options: given.options ?? { delimiter: null, quote: null, header: null },
      split: given.split ?? null,
      seed: given.seed ?? 1,
      derived: [],
      encoding: given.encoding ?? {},
    },
    schema: { columns: [], rest: {} },
    guess: { target: given.target ?? null, derived: given.derived ?? [], uses: given.uses ?? {} },
    report: given.report ?? (() => undefined),
    signal: given.signal ?? new AbortController().signal,
    ...(given.threads && { threads: given.threads }),
  })
}

/** All rows of a Parquet file of the project's `dataset/`. */
export async function rowsOf(path: string, project = join(folder, 'p')): Promise<Record<string, Json>[]> {
  return withDuck(async (duck) => {
    const rows = await duck.all(`SELECT * FROM ${parquetSource([join(project, 'dataset', path)])}`)
    return rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, toJsonCell(cell)])),
    )
  })
}

export const raw = (): Promise<Record<string, Json>[]> => rowsOf('raw/table.parquet')
export const encoded = (part = 'train'): Promise<Record<string, Json>[]> =>
  rowsOf(`encoded/${part}/part-00000.parquet`)
