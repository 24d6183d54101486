import { resolve } from 'node:path'
import { type DataSource, GraftError, type Handlers } from '../../contract'
import { importEncoded, profilePart, type EncodedSources } from '../../dataset'
import { parseRandomSplit } from '../split'
import { readRows } from '../datasets'
import { removeTables } from '../tables'
import { type Workbench } from '../workbench'

export function datasetHandlers(bench: Workbench): Handlers['dataset'] {
  return {
    rows: ({ part, offset, limit, columns }) =>
      readRows(bench.requireSession().data, part, offset, limit, columns),

    profile: async ({ part, columns }) => ({
      columns: await profilePart(bench.requireSession().data, part, columns),
    }),

    importEncoded: async ({ train, validation, test, split, seed }) => {
      const session = bench.requireSession()
      bench.refuseWhileRowsAreInUse()
      const files = {
        train: train.map((path) => resolve(path)),
        validation: validation.map((path) => resolve(path)),
        test: test.map((path) => resolve(path)),
      }
      if (split !== null && files.validation.length + files.test.length > 0)
        throw new GraftError(
          'invalid-request',
          'Files are either split, or given for each part.',
          'Leave out the split, or the files for validation and test.',
        )
      const sources: EncodedSources =
        split === null
          ? { kind: 'parts', ...files }
          : { kind: 'random', files: files.train, shares: parseRandomSplit(split), seed }
      const job = bench.jobs.start('import', 'Import data', async ({ signal, report }) => {
        const result = await importEncoded({
          project: session.path,
          schema: session.document.schema,
          sources,
          signal,
          onProgress: ({ phase, done, total }) =>
            report({
              phase: phase === 'checking' ? 'Checking files' : 'Writing parts',
              done,
              total,
              unit: phase === 'checking' ? 'files' : 'parts',
            }),
        })
        const source: DataSource = {
          kind: 'encoded',
          files: [
            ...files.train.map((path) => ({ part: 'train' as const, path })),
            ...files.validation.map((path) => ({ part: 'validation' as const, path })),
            ...files.test.map((path) => ({ part: 'test' as const, path })),
          ],
          split,
          seed,
        }
        await removeTables(session.path)
        const { train, validation, test } = result.rows
        session.replace({
          type: 'importData',
          source,
          schema: session.document.schema,
          rows: train + validation + test,
        })
        await session.refreshDataset()
        await session.project.flush()
        return result
      })
      return { job }
    },
  }
}
