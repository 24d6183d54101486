import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GraftError } from '../contract/errors'
import type { TablesSource } from '../contract/tables'
import { describeFile } from './check'
import { identifier, literal, parquetSource, withDuck, type Duck } from './duckdb'
import { encodedColumns, lookupJoins, prepareDomains, type EncodedColumn } from './encode/apply'
import { keptRows, vocabularyFile } from './encode/dataset'
import { viewRows } from './encode/rowView'
import { prepareExtraIds, type ExtraIds } from './encode/extraIds'
import { isLearnt, readEncoding, type FittedEncoding } from './encode/fitted'
import { partFiles, partNames, writeAtomically } from './files'
import { findRaw, rawFolder, writeRows } from './sources/raw'
import { parquetOptions } from './write'
import { exists } from '../project/files'

export interface ExtendRequest {
  readonly project: string
  readonly source: TablesSource
  readonly extra: readonly ExtraIds[]
  /** Tells one set of extra ids from another. */
  readonly key: string
}

interface Prepared {
  readonly encoding: FittedEncoding
  /** Id columns in which such ids are, and their SQL over raw rows. */
  readonly changed: readonly EncodedColumn[]
  /** What the SQL looks ids up in, to be joined with the rows. */
  readonly lookups: string
}

/** The files of a part, in the order of their rows. */
export interface PartRows {
  rows: number
  files: string[]
}

/** Those that there are. */
export type HeldOutParts = Partial<Record<'validation' | 'test', PartRows>>

/**
 * The held-out parts of a project with ids that the training part lacks and an attached table has rows for: `encoded/`
 * says unknown there, for it holds what the training part taught and no more. They are kept in `dataset/extended/`, which
 * goes with the rest of `dataset/` when that is encoded anew.
 */
export async function extendedParts(request: ExtendRequest): Promise<HeldOutParts> {
  const { project, extra } = request
  if (extra.length === 0) return {}
  const folder = join(project, 'dataset', 'extended', request.key)
  const parts: HeldOutParts = {}
  const scratch = await mkdtemp(join(tmpdir(), 'graft-extended-'))
  try {
    await withDuck(async (duck) => {
      let prepared: Prepared | null = null
      for (const [index, part] of partNames.entries()) {
        const files = await partFiles(project, part)
        if (part === 'train' || files.length === 0) continue
        const path = join(folder, `${part}.parquet`)
        if (!(await exists(path))) {
          prepared ??= await prepare(duck, request, scratch)
          await writePart(duck, prepared, { index, files, path, scratch })
        }
        parts[part] = { rows: await rowsOf(duck, path), files: [path] }
      }
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  return parts
}

async function prepare(
  duck: Duck,
  { project, source, extra }: ExtendRequest,
  scratch: string,
): Promise<Prepared> {
  const encoding = await readEncoding(project)
  // Ids need no columns that are learnt from the rows.
  const plain = { ...source, derived: source.derived.filter((column) => !isLearnt(column)) }
  await viewRows(duck, await findRaw(duck, rawFolder(project)), plain, scratch)
  const vocabularies = join(project, 'dataset', 'vocabularies')
  const vocabulary = (domain: string): string => parquetSource([vocabularyFile(vocabularies, domain)])
  const heldOut = '(SELECT * FROM graft_rows WHERE graft_part > 0)'
  await prepareDomains(duck, encoding.columns, vocabulary)
  const found = await prepareExtraIds(duck, encoding, extra, heldOut, vocabulary)
  const changed = encodedColumns(encoding, true, found).filter(({ name }) => found.has(name))
  return { encoding, changed, lookups: lookupJoins(encoding.columns, vocabulary) }
}

/** Writes a part with the changed columns in the place of those that it has; its other columns stay as they are. */
async function writePart(
  duck: Duck,
  { encoding, changed, lookups }: Prepared,
  part: { index: number; files: readonly string[]; path: string; scratch: string },
): Promise<void> {
  const { files, path } = part
  const encoded = parquetSource(files)
  if (changed.length === 0) {
    await writeAtomically(path, (temporary) =>
      duck.run(`COPY (SELECT * FROM ${encoded}) TO ${literal(temporary)} (${parquetOptions})`),
    )
    return
  }
  const ids = join(part.scratch, `part-${part.index}.parquet`)
  const select = changed.map(({ name, sql }) => `${sql} AS ${identifier(name)}`).join(', ')
  const own = `(SELECT * FROM graft_rows WHERE ${keptRows(encoding, part.index)})`
  await writeRows(duck, `SELECT ${select} FROM ${own}${lookups} ORDER BY graft_row`, ids)
  // What the training part knows must be the same in both, row by row: only then they are the same rows.
  const differs = changed.map((column) => {
    const name = identifier(column.name)
    const isList = encoding.columns.some(({ kind, column: of }) => kind === 'items' && of === column.name)
    return isList
      ? `(len(e.${name}) <> len(i.${name}) OR len(list_filter(list_zip(e.${name}, i.${name}), pair -> pair[1] <> 0 AND pair[1] <> pair[2])) > 0)`
      : `(e.${name} <> 0 AND e.${name} <> i.${name})`
  })
  const joined = `${encoded} e POSITIONAL JOIN ${parquetSource([ids])} i`
  const [check] = await duck.all(
    `SELECT count(*)::DOUBLE AS n, (count(*) FILTER (WHERE coalesce(${differs.join(' OR ')}, true)))::DOUBLE AS wrong FROM ${joined}`,
  )
  if (Number(check?.wrong ?? 0) > 0)
    throw new GraftError(
      'invalid-data',
      `The raw rows are not those that ${files.join(', ')} was encoded from: ${Number(check?.wrong)} of ${Number(check?.n)} rows differ.`,
      'Split the data again: that encodes them anew.',
    )
  const names = new Set(changed.map(({ name }) => name))
  const columns = [...(await describeFile(duck, files[0] ?? '')).keys()].map((name) =>
    names.has(name) ? `i.${identifier(name)}` : `e.${identifier(name)}`,
  )
  await writeAtomically(path, (temporary) =>
    duck.run(
      `COPY (SELECT ${columns.join(', ')} FROM ${joined}) TO ${literal(temporary)} (${parquetOptions})`,
    ),
  )
}

async function rowsOf(duck: Duck, path: string): Promise<number> {
  const [found] = await duck.all(`SELECT num_rows FROM parquet_file_metadata(${literal(path)})`)
  return Number(found?.num_rows ?? 0)
}
