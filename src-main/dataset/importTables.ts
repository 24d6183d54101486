import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GraftError } from '../contract/errors'
import { withDuck, type Duck } from './duckdb'
import { buildDataset, takeRaw, type BuildRequest, type BuiltDataset } from './encode/dataset'
import { replaceFolder } from './files'
import { rawFolder, writeRaw } from './sources/raw'
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
    return []
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
