import { copyFile, mkdir, rm } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { basename, join } from 'node:path'
import { toGraftError } from '../contract/errors'
import { stopIfAborted, withDuck, type Duck } from './duckdb'
import { buildDataset, setAsideParts, takeRaw, type BuildRequest, type BuiltDataset } from './encode/dataset'
import { flushFolder, replaceFolder } from './files'
import { gatherTableFacts } from './infer/facts'
import { infer, type Inference, type TargetWish } from './infer/rules'
import { profilesFile } from './profile'
import { findRaw, rawFolder, writeRaw } from './sources/raw'
import type { RawColumn } from './sources/types'
import { parseSplit } from './split/spec'

export type TablesRequest = Omit<BuildRequest, 'vocabulariesBefore'> & {
  project: string
  /** Threads that DuckDB works with; what is written is the same with any number. By default the machine's, at most 8. */
  threads?: number
  /** Keeps what the new rows are described by; where it fails the rows that there were come back. */
  keep?: (built: BuiltDataset) => Promise<void>
}

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
    const paths = raw.files.map(({ path }) => path)
    const found = infer(await gatherTableFacts(duck, paths, raw.rows, raw.columns), target)
    setAsideParts(found.guesses, split)
    return { columns: raw.columns, ...found }
  })
}

/** What DuckDB may hold before it spills to the project's own disk; the process stays well below 4 GiB with it. */
const memoryLimit = Math.min(2 * 2 ** 30, Math.floor(totalmem() / 4))

async function build(
  request: TablesRequest,
  prepare: (duck: Duck, folder: string, scratch: string) => Promise<string[]>,
): Promise<BuiltDataset> {
  const { signal, project } = request
  return replaceFolder(
    join(project, 'dataset'),
    async (folder) => {
      const scratch = join(folder, '.scratch')
      await mkdir(scratch)
      const result = await withDuck(
        async (duck) => {
          const warnings = await prepare(duck, folder, scratch)
          const vocabulariesBefore = join(project, 'dataset', 'vocabularies')
          // The disk takes in the raw rows while they are encoded.
          const flushed = flushFolder(join(folder, 'raw')).catch((error: unknown) => toGraftError(error))
          const { report, ...rest } = await buildDataset(duck, { ...request, vocabulariesBefore }, folder)
          const failure = await flushed
          if (failure) throw failure
          return { ...rest, report: { ...report, warnings: [...warnings, ...report.warnings] } }
        },
        {
          memoryLimit,
          tempFolder: join(scratch, 'spill'),
          signal,
          ...(request.threads && { threads: request.threads }),
        },
      )
      await rm(scratch, { recursive: true, force: true })
      await flushFolder(folder)
      stopIfAborted(signal)
      return result
    },
    request.keep,
  )
}
