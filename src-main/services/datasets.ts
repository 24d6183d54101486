import {
  type DatasetReport,
  datasetReport,
  type DatasetSummary,
  type EncodedFrom,
  GraftError,
  type Part,
  type ProjectDocument,
  type RowWindow,
} from '../contract'
import { type DatasetStore, partFiles, readEncodedFrom, vocabularyFile } from '../dataset'
import { identifier, parquetSource } from '../dataset/duckdb'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodedVocabulary, valueVocabulary, type Vocabulary } from '../embeddings'
import { isFile } from '../project/files'
import { type Column, tableName, tableRows, taskOf } from '../schema'

/** What the window shows of the data: rows and target rate of each part, and the columns; null where there is no data. */
export async function summarizeDataset(
  store: DatasetStore,
  document: ProjectDocument,
): Promise<DatasetSummary | null> {
  const parts = await store.parts()
  const [first] = parts
  if (!first) return null
  const columns = await store.columns(first.part)
  const largest = await store.largest()
  const target = document.schema.columns.find(({ name }) => name === document.target)
  const rated =
    target && taskOf(target) === 'binary' && columns.some(({ name }) => name === target.name)
      ? target.name
      : null
  const ofTables = document.source?.kind === 'tables'
  const report = ofTables ? await readReport(store.project) : null
  const made = ofTables ? await readEncodedFrom(store.project) : null
  const known = rated === null ? null : toldRates(report, made, rated)
  return {
    parts: await Promise.all(
      parts.map(async ({ part, rows }) => {
        const targetRate =
          rated === null || rows === 0 ? null : (known?.get(part) ?? (await meanOf(store, part, rated)))
        return { part, rows, targetRate }
      }),
    ),
    columns: columns.map((column) => ({ ...column, largest: largest.get(column.name) ?? null })),
    report,
    made,
  }
}

/** The rates that were told when the rows were encoded, where they are of this target. */
function toldRates(
  report: DatasetReport | null,
  made: EncodedFrom | null,
  target: string,
): Map<Part, number> | null {
  const targets = Object.entries(made?.settings ?? {}).filter(([, { kind }]) => kind === 'target')
  if (!report || targets.length !== 1 || targets[0]?.[0] !== target) return null
  return new Map(
    report.split.parts.flatMap(({ part, targetRate }) => (targetRate === null ? [] : [[part, targetRate]])),
  )
}

/** What the last encoding found; null where it was made before there was such a report. */
async function readReport(project: string): Promise<DatasetReport | null> {
  try {
    const text = await readFile(join(project, 'dataset', 'report.json'), 'utf8')
    const parsed = datasetReport.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

async function meanOf(store: DatasetStore, part: Part, column: string): Promise<number | null> {
  const duck = await store.duck()
  const source = parquetSource(await partFiles(store.project, part))
  const [row] = await duck.all(`SELECT avg(TRY_CAST(${identifier(column)} AS DOUBLE)) AS mean FROM ${source}`)
  const mean = Number(row?.mean ?? Number.NaN)
  return Number.isFinite(mean) ? mean : null
}

/** A window of rows, column by column. */
export async function readRows(
  store: DatasetStore,
  part: Part,
  offset: number,
  limit: number,
  names: readonly string[] | null = null,
): Promise<RowWindow> {
  const { total, columns, rows } = await store.rows(part, offset, limit, names ?? undefined)
  return {
    part,
    offset,
    total,
    columns: columns.map(({ name, type }, index) => ({
      name,
      type,
      values: rows.map((row) => asCell(row[index])),
    })),
  }
}

type Cell = RowWindow['columns'][number]['values'][number]

/** What the grid can show: plain values and lists of them; anything deeper as its JSON. */
function asCell(value: unknown): Cell {
  if (Array.isArray(value)) return value.map(asScalar)
  return typeof value === 'boolean' ? value : asScalar(value)
}

function asScalar(value: unknown): number | string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value)
}

/**
 * Counts the rows of the training part, and those of them whose id has a vector of its own; of lists it counts the items.
 * @param matched [n + 1], 1 where the id has a vector
 */
export async function countMatchedRows(
  store: DatasetStore,
  column: string,
  matched: Uint8Array,
): Promise<{ rows: number; matched: number }> {
  const parts = await store.parts()
  const train = parts.find(({ part }) => part === 'train')
  const present = train && (await store.columns('train')).find(({ name }) => name === column)
  if (!train || !present) return { rows: 0, matched: 0 }
  const duck = await store.duck()
  const source = parquetSource(await partFiles(store.project, 'train'))
  const id = isListType(present.type) ? `unnest(${identifier(column)})` : identifier(column)
  const counts = `SELECT id, count(*) AS n FROM (SELECT ${id} AS id FROM ${source}) GROUP BY 1`
  const sum = { rows: 0, matched: 0 }
  // Chunk by chunk: there may be a million ids, and the window is answered meanwhile.
  for await (const chunk of duck.chunksBeside(counts)) {
    const numbers = chunk.getColumnValues(1)
    for (const [i, found] of chunk.getColumnValues(0).entries()) {
      const n = Number(numbers[i])
      sum.rows += n
      if (matched[Number(found)] === 1) sum.matched += n
    }
  }
  return sum
}

/**
 * The vocabulary of a column's domain: `dataset/vocabularies/<domain>.parquet` (index, value, count) where the data were
 * encoded by Graft, the ids themselves where they came encoded, and null where ids are hashes: those tell no values.
 */
export async function readVocabulary(store: DatasetStore, column: Column): Promise<Vocabulary | null> {
  const folder = join(store.project, 'dataset')
  const path = vocabularyFile(join(folder, 'vocabularies'), tableName(column))
  const size = tableRows(column) - 1
  if (!(await isFile(path))) {
    return (await isFile(join(folder, 'encoding.json'))) ? null : encodedVocabulary(size)
  }
  const values = new Array<string>(size).fill('')
  const duck = await store.duck()
  const source = parquetSource([path])
  const sql = `SELECT "index", CAST("value" AS VARCHAR) FROM ${source}`
  for await (const chunk of duck.chunksBeside(sql)) {
    const texts = chunk.getColumnValues(1)
    for (const [row, index] of chunk.getColumnValues(0).entries()) {
      const id = Number(index)
      if (id >= 1 && id <= size) values[id - 1] = String(texts[row] ?? '')
    }
  }
  return valueVocabulary(values)
}

/** The vocabulary of a column that vectors are to be laid onto. @throws GraftError `invalid-setting` where ids are hashes */
export async function requireVocabulary(store: DatasetStore, column: Column): Promise<Vocabulary> {
  const vocabulary = await readVocabulary(store, column)
  if (vocabulary) return vocabulary
  throw new GraftError(
    'invalid-setting',
    `The ids of ${column.name} are hashes of its values, several values to an id: no vector belongs to one.`,
    'Encode the column with a vocabulary instead.',
    { column: column.name },
  )
}

const isListType = (type: string): boolean => type.endsWith(']')

/** How many rows of the training part have this id in the column, or in its list; 0 where there are no rows. */
export async function countId(store: DatasetStore, column: string, id: number): Promise<number> {
  const files = await partFiles(store.project, 'train')
  const found = files.length > 0 && (await store.columns('train')).find(({ name }) => name === column)
  if (!found) return 0
  const duck = await store.duck()
  const name = identifier(column)
  const holds = isListType(found.type) ? `list_contains(${name}, ${id})` : `${name} = ${id}`
  const sql = `SELECT count(*) AS n FROM ${parquetSource(files)} WHERE ${holds}`
  const [row] = await duck.all(sql)
  return Number(row?.n ?? 0)
}
