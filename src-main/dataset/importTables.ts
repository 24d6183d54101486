import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { GraftError } from '../contract/errors'
import { parquetSource, withDuck, type Duck } from './duckdb'
import { buildDataset, setAsideParts, takeRaw, type BuildRequest, type BuiltDataset } from './encode/dataset'
import { replaceFolder } from './files'
import { gatherFacts } from './infer/facts'
import { infer, type Inference, type TargetWish } from './infer/rules'
import { profilesFile } from './profile'
import { findRaw, rawFolder, writeRaw } from './sources/raw'
import type { RawColumn } from './sources/types'
import { parseSplit } from './split/spec'

export type TablesRequest = Omit<BuildRequest, 'vocabulariesBefore'> & { project: string }

/**
 * Imports raw tables: typed Parquet, guesses, split, encoding. The project's `dataset/` is replaced as a whole at the
 * end, so a failure or a cancel leaves what there was.
 * @throws GraftError naming file, line or column
 */
export async function importTables(request: TablesRequest): Promise<BuiltDataset> {
  parseSplit(request.source.split)
  return build(request, async (duck, folder, scratch) => {
    const raw = join(folder, 'raw')
    await mkdir(raw)
    const { files, joins, options } = request.source
    const { report, signal } = request
    return writeRaw(duck, { files, joins, options, report, signal }, raw, scratch)
  })
}

/** Splits and encodes the raw rows that a project has anew, with the settings of `source` and `schema`. */
export async function encodeAgain(request: TablesRequest): Promise<BuiltDataset> {
  return build(request, async (_duck, folder) => {
    await takeRaw(rawFolder(request.project), join(folder, 'raw'))
    await copyFile(profilesFile(request.project), join(folder, basename(profilesFile('')))).catch(
      () => undefined,
    )
    return []
  })
}

/**
 * What the rules take each raw column of a project for, from all its rows. Changes nothing.
 * @param target what is predicted; null leaves it to the rules
 * @param split the split in force
 * @throws GraftError `not-found` where the project has no raw rows
 */
export async function inferAgain(
  project: string,
  target: TargetWish | null,
  split: string | null,
): Promise<Inference & { columns: RawColumn[] }> {
  return withDuck(async (duck) => {
    const raw = await findRaw(duck, rawFolder(project))
    const from = parquetSource(
      raw.files.map(({ path }) => path),
      'union_by_name = true',
    )
    const found = infer(await gatherFacts(duck, from, raw.rows, raw.columns), target)
    setAsideParts(found.guesses, split)
    return { columns: raw.columns, ...found }
  })
}

async function build(
  request: TablesRequest,
  prepare: (duck: Duck, folder: string, scratch: string) => Promise<string[]>,
): Promise<BuiltDataset> {
  const { signal } = request
  const scratch = await mkdtemp(join(tmpdir(), 'graft-import-'))
  try {
    return await withDuck(async (duck) => {
      const interrupt = (): void => duck.interrupt()
      signal.addEventListener('abort', interrupt)
      try {
        const built: BuiltDataset[] = []
        await replaceFolder(join(request.project, 'dataset'), async (folder) => {
          const warnings = await prepare(duck, folder, scratch)
          const vocabulariesBefore = join(request.project, 'dataset', 'vocabularies')
          const result = await buildDataset(duck, { ...request, vocabulariesBefore }, folder)
          built.push({
            ...result,
            report: { ...result.report, warnings: [...warnings, ...result.report.warnings] },
          })
          if (signal.aborted) throw new GraftError('cancelled', 'The import was cancelled.')
        })
        const [result] = built
        if (!result) throw new GraftError('internal', 'The import ended without a result.')
        return result
      } finally {
        signal.removeEventListener('abort', interrupt)
      }
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
