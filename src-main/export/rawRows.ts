import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ProjectDocument, TablesSource } from '../contract'
import { describeFile } from '../dataset/check'
import { withDuck } from '../dataset/duckdb'
import { encodedColumns } from '../dataset/encode/apply'
import { vocabularyFile } from '../dataset/encode/dataset'
import { learntFile } from '../dataset/encode/derived'
import { hasIds, readEncoding, type FittedColumn, type FittedEncoding } from '../dataset/encode/fitted'
import { safeFileName } from '../dataset/files'
import { lookupFile } from '../dataset/sources/raw'
import { missingSpellings } from '../dataset/sources/types'
import type { ModelSpec } from '../model'

/** What `predict.py` needs to take raw rows: a description, and files of the project that it names. */
export const rawRows = z.object({
  /** Text of `encoding/encoding.json`. */
  encoding: z.string(),
  /** Parquet files: where they are, and their names inside of the model folder. */
  files: z.array(z.object({ from: z.string(), name: z.string(), bytes: z.int(), description: z.string() })),
})
export type RawRows = z.infer<typeof rawRows>

/** The folder of the model folder that holds all of it. */
export const encodingFolder = 'encoding'

/** Ids that the tables of a column know beyond its vocabulary: a Parquet file (index, value), and what makes ids equal. */
export interface BeyondIds {
  readonly column: string
  readonly keys: string
  readonly rules: readonly string[]
}

export interface RawRowsRequest {
  readonly project: string
  readonly document: ProjectDocument
  readonly model: ModelSpec
  readonly beyond: readonly BeyondIds[]
}

/**
 * Gathers how raw rows become the model's inputs: of the columns that the model takes, and no others.
 * @returns null where the run was not trained on raw tables
 * @throws GraftError `not-found`, `invalid-file` where the project's encoding cannot be read
 */
export async function gatherRawRows(request: RawRowsRequest): Promise<RawRows | null> {
  const { project, document, model } = request
  const { source } = document
  if (source?.kind !== 'tables') return null
  const fitted = await readEncoding(project)
  const columns = usedColumns(fitted, model)
  const files: RawRows['files'] = []
  /** Takes a file along. @returns its name in the encoding's folder */
  const take = async (from: string, folder: string, name: string, description: string): Promise<string> => {
    const place = `${folder}/${safeFileName(name)}.parquet`
    const full = `${encodingFolder}/${place}`
    if (!files.some((file) => file.name === full))
      files.push({ from, name: full, bytes: (await stat(from)).size, description })
    return place
  }
  const vocabularies = join(project, 'dataset', 'vocabularies')
  const described = []
  for (const column of columns) {
    if (!hasIds(column) || column.hashed) {
      described.push(column)
      continue
    }
    const from = vocabularyFile(vocabularies, column.domain)
    const file = await take(from, 'vocabularies', column.domain, `Vocabulary of ${column.domain}`)
    described.push({ ...column, file })
  }
  const learnt = []
  for (const of of fitted.learnt.filter(({ name }) => columns.some(({ column }) => column === name))) {
    const from = learntFile(join(project, 'dataset', 'derived'), of.name)
    learnt.push({ ...of, file: await take(from, 'derived', of.name, `${of.name} by category`) })
  }
  const beyond: Record<string, unknown> = {}
  for (const { column, keys, rules } of request.beyond) {
    if (!columns.some((one) => one.column === column && hasIds(one) && !one.hashed)) continue
    const file = await take(keys, 'beyond', column, `Ids of ${column} that only its vectors have`)
    beyond[column] = { file, rules }
  }
  const encoding = {
    version: 1,
    options: source.options,
    raw: fitted.raw.map((column) => ({ ...column, missing: missingSpellings(column.type) })),
    derived: fitted.derived,
    learnt,
    columns: described,
    joins: await describeJoins(project, source, fitted, take),
    beyond,
    weights: weightsOf(model),
  }
  return { encoding: `${JSON.stringify(encoding, null, 2)}\n`, files }
}

/** The fitted columns that the model's inputs come from. */
function usedColumns(fitted: FittedEncoding, model: ModelSpec): FittedColumn[] {
  const inputs = new Set([...model.inputs.map(({ column }) => column), ...Object.values(weightsOf(model))])
  return fitted.columns.filter((column) =>
    encodedColumns({ ...fitted, columns: [column] }, false).some(({ name }) => inputs.has(name)),
  )
}

/** Columns of weights, by the list that they weigh. */
function weightsOf(model: ModelSpec): Record<string, string> {
  const weighed = model.inputs.flatMap((input) => {
    const weights = input.kind === 'categorical' ? (input.list?.weights ?? null) : null
    return weights === null ? [] : [[input.column, weights] as const]
  })
  return Object.fromEntries(weighed)
}

/** The joined tables: their columns by name, with what the project calls them. */
async function describeJoins(
  project: string,
  { joins }: TablesSource,
  fitted: FittedEncoding,
  take: (from: string, folder: string, name: string, description: string) => Promise<string>,
): Promise<{ on: string; key: string; file: string; columns: Record<string, string> }[]> {
  const tables = await withDuck((duck) =>
    Promise.all(
      joins.map(async ({ on, key }, index) => {
        const from = lookupFile(project, index)
        const names = [...(await describeFile(duck, from)).keys()].filter((name) => name !== key)
        return { on, key, from, names }
      }),
    ),
  )
  const counted = tables.reduce((sum, { names }) => sum + names.length, 0)
  // A project's raw columns are those of its rows, then those of the joined tables, in their order.
  const own = fitted.raw.slice(fitted.raw.length - counted).map(({ name }) => name)
  const described = []
  for (const [index, { on, key, from, names }] of tables.entries()) {
    const file = await take(from, 'joined', `table-${index + 1}`, `What is joined by ${on}`)
    const columns = Object.fromEntries(names.map((name) => [name, own.shift() ?? name]))
    described.push({ on, key, file, columns })
  }
  return described
}
