import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { GraftError, toGraftError } from '../contract/errors'
import type { DelimitedOptions, JoinSource, TablesPreview } from '../contract/tables'
import { withDuck, parquetSource, type Duck } from './duckdb'
import { derivedSelection } from './encode/apply'
import { gatherFacts } from './infer/facts'
import { infer, type TargetWish } from './infer/rules'
import { toJsonCell } from './json'
import { expandTables } from './sources/expand'
import { checkKey, joinedRows, rawColumns, writeRows } from './sources/raw'
import { openTable, readError, sampledCells, typedRows, type TableSource } from './sources/table'
import { probeTypes, sampleRows } from './sources/types'

export interface PreviewRequest {
  files: readonly string[]
  /** Keys that are null are suggested from the names. */
  joins: readonly { path: string; on: string | null; key: string | null }[]
  options: DelimitedOptions
  target: TargetWish | null
  signal?: AbortSignal
}

type File = TablesPreview['files'][number]
type Join = TablesPreview['joins'][number]

const shownRows = 20

/**
 * What an import would read and guess, from the first rows (at most 20,000) and the whole of the joined tables. Nothing
 * is written but scratch files.
 * @throws GraftError naming file, line or column; `unknown-column` for keys and targets that are not there
 */
export async function previewTables(request: PreviewRequest): Promise<TablesPreview> {
  const scratch = await mkdtemp(join(tmpdir(), 'graft-preview-'))
  try {
    return await withDuck((duck) => preview(duck, request, scratch), {
      signal: request.signal,
      tempFolder: join(scratch, 'spill'),
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function preview(duck: Duck, request: PreviewRequest, scratch: string): Promise<TablesPreview> {
  const files = await expandTables(duck, request.files)
  const source = await openTable(duck, files, request.options, scratch, { most: sampleRows })
  const path = join(scratch, 'rows.parquet')
  const most = Math.max(200, Math.min(sampleRows, Math.floor(sampledCells / source.columns.length)))
  await writeSample(duck, source, path, most)
  const before = await rawColumns(duck, parquetSource([path]))
  const warnings = [...source.warnings]
  const lookups: { path: string; join: JoinSource }[] = []
  const joins: Join[] = []
  for (const [index, asked] of request.joins.entries()) {
    const lookup = join(scratch, `lookup-${index + 1}.parquet`)
    const opened = await openTable(duck, [asked.path], request.options, scratch)
    await writeSample(duck, opened, lookup, null)
    warnings.push(...opened.warnings)
    const columns = opened.columns.map(({ name }) => name)
    const keys = chooseKeys(
      before.map(({ name }) => name),
      columns,
      asked,
    )
    joins.push({ ...(await describe(asked.path)), ...keys, columns })
    if (keys.on === null || keys.key === null) continue
    const chosen = { path: asked.path, on: keys.on, key: keys.key }
    await checkKey(duck, lookup, chosen)
    lookups.push({ path: lookup, join: chosen })
  }
  const joined = await joinedRows(duck, parquetSource([path], 'file_row_number = true'), path, lookups)
  await duck.run(`CREATE TEMP TABLE graft_preview AS ${joined.sql}`)
  const columns = await rawColumns(duck, 'graft_preview')
  const [counted] = await duck.all('SELECT count(*)::DOUBLE AS n FROM graft_preview')
  const sampled = Number(counted?.n ?? 0)
  if (sampled === 0)
    throw new GraftError(
      'invalid-data',
      `${files[0]} has a header and no rows.`,
      'Choose a file with rows.',
      {
        file: files[0],
      },
    )
  if (request.target && !columns.some(({ name }) => name === request.target?.column))
    throw new GraftError(
      'unknown-column',
      `The table has no column ${request.target.column} to predict.`,
      'Choose another target.',
      { column: request.target.column },
    )
  const facts = await gatherFacts(duck, 'graft_preview', sampled, columns)
  const guessed = infer(facts, request.target)
  const derived = guessed.derived.map(({ name, column, above }) => ({
    name,
    type: 'BIGINT' as const,
    isList: false,
    joined: false,
    derived: true,
    role: name === guessed.target ? ('target' as const) : ('feature' as const),
    encoding: name === guessed.target ? ('target' as const) : ('categorical' as const),
    tags: ['target', 'binary_classification'],
    reason: `1 where ${column} is above ${above}`,
    min: 0,
    max: 1,
  }))
  const shown = ['*', ...derivedSelection(guessed.derived)].join(', ')
  const rows = await duck.all(`SELECT ${shown} FROM graft_preview LIMIT ${shownRows}`)
  const names = [...columns, ...derived].map(({ name }) => name)
  return {
    files: await Promise.all(files.map(describe)),
    dialect: source.dialect && {
      delimiter: source.dialect.delimiter,
      quote: source.dialect.quote,
      header: source.dialect.header,
    },
    joins,
    columns: [
      ...columns.map(({ name, type, isList }, index): TablesPreview['columns'][number] => {
        const guess = guessed.guesses.find((candidate) => candidate.column === name)
        const { min = null, max = null } = facts[index] ?? {}
        const isTarget = name === guessed.target
        return {
          name,
          type,
          isList,
          joined: index >= before.length,
          derived: false,
          role: isTarget ? 'target' : guess?.ignored ? 'ignored' : 'feature',
          encoding: guess?.encoding?.kind ?? null,
          tags: guess?.tags ?? [],
          reason: guess?.reason ?? '',
          min,
          max,
        }
      }),
      ...derived,
    ],
    rows: rows.map((row) =>
      names.map((name) => {
        const cell = toJsonCell(row[name] ?? null)
        return typeof cell === 'object' && cell !== null && !Array.isArray(cell) ? JSON.stringify(cell) : cell
      }),
    ),
    sampled,
    whole: sampled < most,
    target: guessed.target,
    warnings: [...warnings, ...joined.unmatched, ...guessed.warnings],
  }
}

/** Writes the first rows of a table, or all, typed by what these rows hold. */
async function writeSample(
  duck: Duck,
  source: TableSource,
  path: string,
  rows: number | null,
): Promise<void> {
  const limit = rows === null ? '' : ` LIMIT ${rows}`
  try {
    await duck.run(`CREATE OR REPLACE TEMP TABLE graft_sample AS SELECT * FROM ${source.from}${limit}`)
    if (source.isText) {
      const names = source.columns.map(({ name }) => name)
      source.columns = await probeTypes(duck, 'graft_sample', names)
    }
    await writeRows(duck, typedRows(source, 'graft_sample'), path)
  } catch (error) {
    throw readError(error, source.files[0] ?? '')
  }
}

async function describe(path: string): Promise<File> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw toGraftError(error, path)
  })
  return { path, name: basename(path), bytes: size }
}

/** The asked keys; where there are none, a name that both tables have, an identifier's before others. */
function chooseKeys(
  rows: readonly string[],
  lookup: readonly string[],
  asked: PreviewRequest['joins'][number],
): Pick<Join, 'on' | 'key'> {
  if (asked.on !== null && asked.key !== null) return { on: asked.on, key: asked.key }
  const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '')
  const pairs = rows.flatMap((on) =>
    lookup.filter((key) => plain(on) === plain(key)).map((key) => ({ on, key })),
  )
  const identifier = pairs.find(({ on }) => /id$|key$/.test(plain(on)))
  const found = identifier ?? pairs[0] ?? null
  const subject = plain(basename(asked.path).replace(/\..*$/, '')).replace(/s$/, '')
  // `users.csv` with a column `id` belongs to `user_id`.
  const byName = rows.find((on) => [subject, `${subject}id`].includes(plain(on)))
  const own = lookup.find((key) => ['id', 'key', subject].includes(plain(key)))
  const suggested = found ?? (byName && own ? { on: byName, key: own } : null)
  return { on: asked.on ?? suggested?.on ?? null, key: asked.key ?? suggested?.key ?? null }
}
