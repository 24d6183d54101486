import { exists } from '../project/files'
import { identifier, literal, parquetSource, type Duck } from './duckdb'
import { partFiles, type PartName } from './files'
import { findRaw, rawFolder } from './sources/raw'
import { type DatasetStore } from './store'

/**
 * What the rows say of each id of a column: titles and genres of a movie, its mean rating. Facts that hold of an id wherever
 * it occurs are read from the raw rows where there are any, in the words of the person; everything else from the encoded
 * training part.
 */

/** Rows that are looked at to find out which columns are facts of an id. */
const sampledRows = 200_000
/** Share of the ids that must have one value, of those that occur more than once. */
const steady = 0.99

export interface IdSource {
  /** A query with `id` (the row of the table) beside the columns. */
  readonly from: string
  readonly kind: 'raw' | 'encoded'
}

export interface FoundColumn {
  readonly column: string
  /** DuckDB's name of the type. */
  readonly type: string
  readonly source: IdSource
  /** Whether an id has one value wherever it occurs. */
  readonly ofId: boolean
  readonly distinct: number
  readonly ids: number
}

/** The rows to look at for an id column; raw ones first. @param vocabulary the file of its vocabulary */
async function idSources(store: DatasetStore, column: string, vocabulary: string): Promise<IdSource[]> {
  const sources: IdSource[] = []
  const duck = await store.duck()
  const raw = await rawSource(duck, store.project, column, vocabulary)
  if (raw) sources.push(raw)
  const part: PartName = 'train'
  const files = await partFiles(store.project, part)
  const found = files.length > 0 ? await store.columns(part) : []
  const own = found.find(({ name }) => name === column)
  if (own) {
    const id = own.type.endsWith(']') ? `unnest(${identifier(column)})` : identifier(column)
    sources.push({ kind: 'encoded', from: `SELECT ${id} AS graft_id, * FROM ${parquetSource(files)}` })
  }
  return sources
}

async function rawSource(
  duck: Duck,
  project: string,
  column: string,
  vocabulary: string,
): Promise<IdSource | null> {
  const raw = (await exists(vocabulary)) ? await findRaw(duck, rawFolder(project)).catch(() => null) : null
  const own = raw?.columns.find(({ name }) => name === column)
  if (!raw || !own || own.isList) return null
  const rows = parquetSource(
    raw.files.map(({ path }) => path),
    'union_by_name = true',
  )
  const values = `(SELECT "index" AS graft_id, "value"::VARCHAR AS graft_value FROM read_parquet(${literal(vocabulary)}))`
  return {
    kind: 'raw',
    from: `SELECT v.graft_id, r.* FROM ${rows} r JOIN ${values} v ON r.${identifier(column)}::VARCHAR = v.graft_value`,
  }
}

/** All columns that say something of the ids of a column, each from the source that says it best. */
export async function findIdColumns(
  store: DatasetStore,
  column: string,
  vocabulary: string,
): Promise<FoundColumn[]> {
  const found = new Map<string, FoundColumn>()
  const duck = await store.duck()
  for (const source of await idSources(store, column, vocabulary)) {
    const described = await duck.schema(source.from)
    const names = described
      .map(({ name, type }) => ({ name, type: String(type) }))
      .filter(({ name, type }) => name !== 'graft_id' && name !== column && !type.endsWith(']'))
    if (names.length === 0) continue
    for (const fact of await measure(duck, source, names)) {
      // What varies is left to the training part, which alone may teach anything.
      if (source.kind === 'raw' && !fact.ofId) continue
      if (!found.has(fact.column)) found.set(fact.column, fact)
    }
  }
  return [...found.values()]
}

/** Counts, over a sample of rows, how many values each id has of each column. */
async function measure(
  duck: Duck,
  source: IdSource,
  columns: readonly { name: string; type: string }[],
): Promise<FoundColumn[]> {
  const sample = `SELECT * FROM (${source.from}) LIMIT ${sampledRows}`
  const perId = columns.map(({ name }, i) => `count(DISTINCT ${identifier(name)}) AS d${i}`).join(', ')
  const shares = columns.map((_, i) => `avg((d${i} <= 1)::INT) FILTER (WHERE n > 1) AS s${i}`).join(', ')
  const [kept] = await duck.all(
    `SELECT count(*)::DOUBLE AS ids, ${shares} FROM (SELECT graft_id, count(*) AS n, ${perId} FROM (${sample}) GROUP BY graft_id)`,
  )
  const counts = columns
    .map(({ name }, i) => `approx_count_distinct(${identifier(name)})::DOUBLE AS d${i}`)
    .join(', ')
  const [distinct] = await duck.all(`SELECT ${counts} FROM (${sample})`)
  return columns.map(({ name, type }, i) => ({
    column: name,
    type,
    source,
    // Where every id occurs once, all of its values hold of it.
    ofId: Number(kept?.[`s${i}`] ?? 1) >= steady,
    distinct: Number(distinct?.[`d${i}`] ?? 0),
    ids: Number(kept?.ids ?? 0),
  }))
}

/** The mean of a column's numbers for each id. @param size rows of the table @returns [size], NaN where there is none */
export async function meansById(
  store: DatasetStore,
  { source, column }: FoundColumn,
  size: number,
): Promise<Float32Array> {
  const means = new Float32Array(size).fill(Number.NaN)
  const value = `avg(TRY_CAST(${identifier(column)} AS DOUBLE))`
  await eachId(store, `SELECT graft_id, ${value} AS v FROM (${source.from}) GROUP BY 1`, (id, mean) => {
    if (id < size && mean !== null) means[id] = Number(mean)
  })
  return means
}

/** The most frequent value of a column for each id, as text. @returns values by id; ids without one are left out */
export async function modesById(
  store: DatasetStore,
  { source, column }: FoundColumn,
  size: number,
): Promise<Map<number, string>> {
  const modes = new Map<number, string>()
  // Of values as frequent as each other the smallest, so that it is the same every time.
  const counted = `SELECT graft_id, ${identifier(column)}::VARCHAR AS v, count(*) AS n FROM (${source.from}) WHERE ${identifier(column)} IS NOT NULL GROUP BY ALL`
  const sql = `SELECT graft_id, arg_max(v, n::DOUBLE ORDER BY v) AS v FROM (${counted}) GROUP BY 1`
  await eachId(store, sql, (id, value) => {
    if (id < size && value !== null) modes.set(id, String(value))
  })
  return modes
}

/** How many rows of the training part have each id. @returns [size] */
export async function countsById(
  store: DatasetStore,
  columns: readonly string[],
  size: number,
): Promise<Float32Array> {
  const counts = new Float32Array(size)
  const files = await partFiles(store.project, 'train')
  const present = files.length > 0 ? await store.columns('train') : []
  for (const column of columns) {
    const own = present.find(({ name }) => name === column)
    if (!own) continue
    const id = own.type.endsWith(']') ? `unnest(${identifier(column)})` : identifier(column)
    const sql = `SELECT graft_id, count(*)::DOUBLE AS v FROM (SELECT ${id} AS graft_id FROM ${parquetSource(files)}) GROUP BY 1`
    await eachId(store, sql, (row, count) => {
      if (row < size) counts[row] = (counts[row] ?? 0) + Number(count)
    })
  }
  return counts
}

async function eachId(
  store: DatasetStore,
  sql: string,
  visit: (id: number, value: unknown) => void,
): Promise<void> {
  const duck = await store.duck()
  const [ids = [], values = []] = await duck.columns(sql)
  ids.forEach((id, place) => {
    if (id !== null) visit(Number(id), values[place] ?? null)
  })
}
