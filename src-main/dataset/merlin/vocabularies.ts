import { mkdir, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import {
  featuresOf,
  inputKind,
  roleOf,
  tableName,
  taskOf,
  targetsOf,
  type Column,
  type Schema,
} from '../../schema'
import { describeFile } from '../check'
import { escapePattern, identifier, literal, parquetSource, type Duck } from '../duckdb'
import { vocabularyFile } from '../encode/dataset'
import type { FittedColumn, FittedEncoding } from '../encode/fitted'
import { writeRows } from '../sources/raw'
import { rawTypeOf, type RawColumn } from '../sources/types'

/**
 * Brings NVTabular's `categories/` along with encoded rows: `unique.<column>.parquet` holds the raw values in the order of
 * their ids, and `meta.<column>.parquet` where they begin. Since 23.02 ids 0, 1 and 2 are padding, missing and unknown, and
 * values follow; before, missing and unknown were 0. Writes `vocabularies/<domain>.parquet`, and where raw rows can be
 * encoded by them alone `encoding.json`.
 * @param folder the project's new `dataset/`
 * @returns what is to be told
 */
export async function bringCategories(
  duck: Duck,
  categories: string,
  schema: Schema,
  folder: string,
): Promise<string[]> {
  const vocabularies = join(folder, 'vocabularies')
  const warnings: string[] = []
  const known = new Map<string, Known>()
  for (const column of featuresOf(schema)) {
    if (inputKind(column) !== 'categorical') continue
    const found = await readCategories(duck, categories, column)
    if (typeof found === 'string') {
      warnings.push(found)
      continue
    }
    await mkdir(vocabularies, { recursive: true })
    const path = vocabularyFile(vocabularies, tableName(column))
    const count = found.size === null ? 'NULL::BIGINT' : `${identifier(found.size)}::BIGINT`
    const values = `SELECT * FROM ${found.from} WHERE file_row_number >= ${found.skip}`
    await writeRows(
      duck,
      `SELECT (file_row_number + ${found.offset})::BIGINT AS index, ${identifier(found.column)}::VARCHAR AS value, ${count} AS count FROM (${values}) WHERE ${identifier(found.column)} IS NOT NULL ORDER BY index`,
      path,
    )
    known.set(column.name, found)
  }
  const encoding = rawEncoding(schema, known)
  if (encoding) await writeFile(join(folder, 'encoding.json'), `${JSON.stringify(encoding, null, 2)}\n`)
  return warnings
}

interface Known {
  from: string
  /** The column of values, and that of how often each occurs. */
  column: string
  size: string | null
  type: RawColumn['type']
  /** What is added to a value's row to give its id. */
  offset: number
  /** Rows before the first value. */
  skip: number
  /** The ids of missing values and of values never seen. */
  nullId: number
  unknownId: number
  /** Whether values never seen share one id. */
  oneUnknown: boolean
}

/** The values of a column; a text says why there are none. */
async function readCategories(duck: Duck, categories: string, column: Column): Promise<Known | string> {
  // Columns that were encoded together share a file, which the schema names.
  const stated = column.properties['cat_path']
  const named = typeof stated === 'string' && stated !== '' ? basename(stated.replace(/\\/g, '/')) : null
  const names = [named, `unique.${column.name}.parquet`, `unique.${tableName(column)}.parquet`]
  let files: string[] | null = null
  let name = ''
  for (const candidate of names) {
    if (candidate === null || files) continue
    files = await filesOf(duck, join(categories, candidate))
    name = candidate
  }
  if (!files) return `no values of ${column.name} are in ${categories}: its ids are shown as they are`
  const types = await describeFile(duck, files[0] ?? '')
  const key = types.has(column.name) ? column.name : [...types.keys()].find((one) => !one.endsWith('_size'))
  const type = key === undefined ? null : rawTypeOf(types.get(key) ?? '')
  const size = [...types.keys()].find((one) => one.endsWith('_size')) ?? null
  if (key === undefined || !type || type.isList)
    return `${name} holds no values of ${column.name}: its ids are shown as they are`
  const from = numbered(files)
  const [facts] = await duck.all(
    `SELECT count(*)::DOUBLE AS n, (count(*) FILTER (WHERE file_row_number = 0 AND ${identifier(key)} IS NULL))::DOUBLE AS first FROM ${from}`,
  )
  const rows = Number(facts?.n ?? 0)
  const skip = Number(facts?.first ?? 0)
  const layout = await readLayout(duck, join(categories, name.replace(/^unique\./, 'meta.')))
  const max = column.domain?.max ?? null
  // Without a word about it: old files begin with the missing value at 0; of new ones the last value has the largest id.
  const begin = layout?.unique ?? (skip > 0 || max === null ? skip : max - rows + 1)
  const last = begin + rows - skip - 1
  if (begin < 0 || (max !== null && last > max))
    return `the values of ${column.name} in ${name} end at id ${last}, the domain at ${max}: its ids are shown as they are`
  const reserved = layout !== null || begin >= 3
  return {
    from,
    column: key,
    size,
    type: type.type,
    offset: begin - skip,
    skip,
    nullId: reserved ? 1 : 0,
    unknownId: reserved ? 2 : 0,
    oneUnknown: reserved ? begin === 3 : begin <= 1,
  }
}

/** The file, or those of the folder of that name, in the order of their numbers. */
async function filesOf(duck: Duck, path: string): Promise<string[] | null> {
  const found = await stat(path).catch(() => null)
  if (!found) return null
  if (!found.isDirectory()) return [path]
  const rows = await duck.all(`SELECT file FROM glob(${literal(`${escapePattern(path)}/*.parquet`)})`)
  const files = rows.map((row) => String(row.file))
  return files.length === 0 ? null : files.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

/** Rows of files one after the other, numbered through. */
function numbered(files: readonly string[]): string {
  if (files.length === 1) return parquetSource(files, 'file_row_number = true')
  const source = parquetSource(files)
  return `(SELECT *, row_number() OVER () - 1 AS file_row_number FROM ${source})`
}

/** Where `meta.<column>.parquet` says that values begin; null where there is none. */
async function readLayout(duck: Duck, path: string): Promise<{ unique: number } | null> {
  if (!(await stat(path).catch(() => null))) return null
  const [found] = await duck.all(
    `SELECT "offset"::DOUBLE AS start FROM ${parquetSource([path])} WHERE kind = 'unique'`,
  )
  return found ? { unique: Number(found.start) } : null
}

/**
 * How raw rows are encoded, where the folder tells all of it: every feature is a category with its values. What a workflow
 * did to numbers is in a pickle of its own, which is not read; nor is how values never seen are hashed.
 */
function rawEncoding(schema: Schema, known: ReadonlyMap<string, Known>): FittedEncoding | null {
  const columns: FittedColumn[] = []
  const raw: RawColumn[] = []
  for (const column of featuresOf(schema)) {
    const found = known.get(column.name)
    if (!found?.oneUnknown) return null
    const { nullId, unknownId } = found
    const ids = {
      column: column.name,
      domain: tableName(column),
      size: column.domain?.max ?? 1,
      hashed: false,
      nullId,
      unknownId,
    }
    raw.push({ name: column.name, type: found.type, isList: column.isList })
    columns.push(
      column.isList
        ? {
            kind: 'items',
            ...ids,
            separator: null,
            firstId: Math.max(1, found.offset + found.skip),
            counts: { min: column.valueCount?.min ?? 0, max: column.valueCount?.max ?? 0 },
          }
        : { kind: 'categorical', ...ids },
    )
  }
  for (const column of targetsOf(schema)) {
    if (roleOf(column) !== 'target') continue
    raw.push({ name: column.name, type: 'DOUBLE', isList: false })
    columns.push({ kind: 'target', column: column.name, positive: null, binary: taskOf(column) === 'binary' })
  }
  return { version: 1, raw, derived: [], learnt: [], columns, settings: null }
}
