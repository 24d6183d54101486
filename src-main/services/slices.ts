import { join } from 'node:path'
import { type EvaluationSlice, GraftError, hasTag, type Schema, type Task } from '../contract'
import { vocabularyFile } from '../dataset'
import { type Duck, identifier, parquetSource } from '../dataset/duckdb'
import { inputKind, tableName } from '../schema'

export interface Sliced {
  /** Encoded rows, and the predictions for them in the same order. */
  files: readonly string[]
  predictions: string
  target: string
  /** As the run was trained. */
  schema: Schema
  project: string
  /** Columns whose values slice the rows. */
  columns: readonly string[]
  task: Task
}

/** Slices of a column: its most frequent values. */
const values = 10

/**
 * Metrics of slices of the rows: for each asked column those of its most frequent values, and for each column tagged as a
 * user's or item's id those of ids that training saw and of ids that it did not (missing ones among them).
 * @throws GraftError `unknown-column`, `invalid-setting` for a column that has no categories
 */
export async function sliceMetrics(duck: Duck, given: Sliced): Promise<EvaluationSlice[]> {
  const described = await duck.all(`DESCRIBE SELECT * FROM ${parquetSource(given.files)}`)
  const types = new Map(described.map((row) => [String(row.column_name), String(row.column_type)]))
  const slices: EvaluationSlice[] = []
  for (const column of given.schema.columns) {
    const isId = hasTag(column.tags, 'user_id') || hasTag(column.tags, 'item_id')
    const max = column.domain?.kind === 'int' ? column.domain.max : null
    if (!isId || inputKind(column) !== 'categorical' || typeof max !== 'number') continue
    if (!/INT/.test(types.get(column.name) ?? '') || /\[/.test(types.get(column.name) ?? '')) continue
    const x = identifier(column.name)
    const group = `CASE WHEN ${x} BETWEEN 1 AND ${max} THEN 'seen' ELSE 'unseen' END`
    const found = await measure(duck, given, group, 'true')
    slices.push(...found.map((slice) => ({ column: column.name, by: 'seen' as const, ...slice })))
  }
  for (const name of given.columns) {
    const type = types.get(name)
    if (type === undefined)
      throw new GraftError(
        'unknown-column',
        `The encoded rows have no column ${name} to slice by.`,
        `They have ${[...types.keys()].slice(0, 20).join(', ')}.`,
        { column: name },
      )
    if (/^(FLOAT|DOUBLE)|\[/.test(type))
      throw new GraftError(
        'invalid-setting',
        `Column ${name} holds ${type.includes('[') ? 'lists' : 'numbers'}: rows are sliced by categories.`,
        'Choose a categorical column.',
        { column: name },
      )
    slices.push(...(await sliceByValue(duck, given, name)))
  }
  return slices
}

async function sliceByValue(duck: Duck, given: Sliced, name: string): Promise<EvaluationSlice[]> {
  const x = identifier(name)
  const source = parquetSource(given.files)
  const most = `SELECT ${x} FROM ${source} WHERE ${x} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ${values}`
  const found = await measure(duck, given, `${x}::VARCHAR`, `${x} IN (${most})`)
  const column = given.schema.columns.find((candidate) => candidate.name === name)
  const names =
    column && inputKind(column) === 'categorical'
      ? await valueNames(duck, given.project, tableName(column), found)
      : null
  return found.map(({ value, ...rest }) => ({
    column: name,
    by: 'value' as const,
    value: names === null ? value : (names.get(value) ?? (value === '0' ? 'unknown' : value)),
    ...rest,
  }))
}

/** The raw values of ids, where there is a vocabulary. */
async function valueNames(
  duck: Duck,
  project: string,
  domain: string,
  slices: readonly { value: string }[],
): Promise<Map<string, string>> {
  const path = vocabularyFile(join(project, 'dataset', 'vocabularies'), domain)
  const ids = slices.map(({ value }) => Number(value)).filter(Number.isInteger)
  if (ids.length === 0) return new Map()
  const found = await duck
    .all(`SELECT index, value FROM ${parquetSource([path])} WHERE index IN (${ids.join(', ')})`)
    .catch((error: unknown) => {
      // Ids that came encoded, or that are hashes, have no vocabulary.
      if (error instanceof GraftError && error.code === 'not-found') return []
      throw error
    })
  return new Map(found.map(({ index, value }) => [String(index), String(value)]))
}

/** Metrics of each group; the AUC is exact, probabilities are kept 1e-7 away from 0 and 1 for the log loss, as Keras does. */
async function measure(
  duck: Duck,
  { files, predictions, target, task }: Sliced,
  group: string,
  where: string,
): Promise<Pick<EvaluationSlice, 'value' | 'rows' | 'metrics'>[]> {
  const rows = `SELECT ${group} AS g, ${identifier(target)}::DOUBLE AS y, graft_prediction AS p FROM ${parquetSource(files)} POSITIONAL JOIN (SELECT prediction::DOUBLE AS graft_prediction FROM ${parquetSource([predictions])}) WHERE ${where}`
  const errors = 'sqrt(avg((p - y) ** 2)) AS rmse, avg(abs(p - y)) AS mae'
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
  const ofClass = (value: unknown): number | null => (typeof value === 'number' ? value : null)
  const classes = `WITH r AS MATERIALIZED (${rows}),
     a AS (SELECT g, sum(pos * (below + neg / 2)) / nullif(sum(pos) * sum(neg), 0) AS auc FROM
       (SELECT g, pos, neg, sum(neg) OVER (PARTITION BY g ORDER BY p) - neg AS below FROM
         (SELECT g, p, sum(y) AS pos, sum(1 - y) AS neg FROM r GROUP BY g, p)) GROUP BY g),
     m AS (SELECT g, count(*)::DOUBLE AS n, avg(y) AS rate, avg(p) AS mean, ${errors},
       -avg(ln(greatest(1e-7, CASE WHEN y > 0.5 THEN p ELSE 1 - p END))) AS loss,
       avg(((p > 0.5) = (y > 0.5))::INTEGER) AS accuracy FROM r GROUP BY g)
     SELECT m.*, a.auc FROM m JOIN a ON m.g = a.g ORDER BY n DESC, m.g`
  const numbers = `SELECT g, count(*)::DOUBLE AS n, avg(y) AS rate, avg(p) AS mean, ${errors} FROM (${rows}) GROUP BY g ORDER BY n DESC, g`
  const found = await duck.all(task === 'binary' ? classes : numbers)
  return found.map((row) => ({
    value: String(row.g),
    rows: Number(row.n),
    metrics: {
      auc: ofClass(row.auc),
      logLoss: ofClass(row.loss),
      accuracy: ofClass(row.accuracy),
      rmse: number(row.rmse),
      mae: number(row.mae),
      targetRate: number(row.rate),
      meanPrediction: number(row.mean),
    },
  }))
}
