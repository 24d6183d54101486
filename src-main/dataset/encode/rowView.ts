import { mkdir } from 'node:fs/promises'
import { GraftError } from '../../contract/errors'
import type { TablesSource } from '../../contract/tables'
import { parquetSource, type Duck } from '../duckdb'
import { partNames } from '../files'
import type { RawRows } from '../sources/raw'
import { labelParts, type Labels } from '../split/label'
import { parseSplit } from '../split/spec'
import { derivedSelection } from './apply'
import { allColumns } from './columns'
import { learnDerived, withLearnt } from './derived'
import { isLearnt, type LearntColumn } from './fitted'

/** The number of a file's first row: later parts start above any row of earlier ones. */
export const firstRow = (part: number): number => part * 2 ** 40

/**
 * The view `graft_rows`: raw and derived columns, `graft_part`, and `graft_row`, which numbers the rows.
 * @param folder where the values of learnt columns are written
 * @returns what was learnt, and the rows of each part where they are known without counting
 */
export async function viewRows(
  duck: Duck,
  raw: RawRows,
  source: TablesSource,
  folder: string,
): Promise<{ learnt: LearntColumn[]; counts: Labels['counts'] }> {
  const wanted = source.derived.filter(isLearnt)
  const view = wanted.length === 0 ? 'graft_rows' : 'graft_plain_rows'
  const derived = derivedSelection(source.derived)
    .map((sql) => `, ${sql}`)
    .join('')
  const numbered = (path: string): string => parquetSource([path], 'file_row_number = true')
  const select = (part: number): string =>
    `SELECT * EXCLUDE (file_row_number), ${firstRow(part)}::BIGINT + file_row_number AS graft_row${derived}`
  const [only] = raw.files
  let counts: Labels['counts'] = null
  if (only?.part === null) {
    const names = raw.columns.map(({ name }) => name)
    const from = numbered(only.path)
    const labels = await labelParts(duck, from, raw.rows, names, parseSplit(source.split), source.seed)
    counts = labels.counts
    await duck.run(
      `CREATE OR REPLACE VIEW ${view} AS ${select(0)}, ${labels.part} AS graft_part FROM ${from}`,
    )
  } else {
    if (source.split !== null)
      throw new GraftError(
        'invalid-setting',
        'The parts were imported as files of their own, so they are not split.',
        'Import the files together to split them.',
      )
    const parts = raw.files.map(({ part, path }) => {
      const index = part === null ? 0 : partNames.indexOf(part)
      return `${select(index)}, ${index} AS graft_part FROM ${numbered(path)}`
    })
    await duck.run(`CREATE OR REPLACE VIEW ${view} AS ${parts.join(' UNION ALL BY NAME ')}`)
  }
  if (wanted.length === 0) return { learnt: [], counts }
  await mkdir(folder, { recursive: true })
  const learnt = await learnDerived(duck, wanted, {
    rows: view,
    columns: allColumns(raw.columns, source.derived),
    positives: positivesOf(source.encoding),
    seed: source.seed,
    folder,
  })
  await duck.run(`CREATE OR REPLACE VIEW graft_rows AS SELECT * FROM ${withLearnt(view)}`)
  return { learnt, counts }
}

function positivesOf(encoding: TablesSource['encoding']): Map<string, string | null> {
  return new Map(
    Object.entries(encoding).flatMap(([name, of]) => (of.kind === 'target' ? [[name, of.positive]] : [])),
  )
}
