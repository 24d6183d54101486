import { resolve } from 'node:path'
import { GraftError, type Handlers } from '../../contract'
import { findMerlin, profilePart, type EncodedSources } from '../../dataset'
import { importEncodedRows, importMerlin } from '../encodedRows'
import { lookAtFolder } from '../folderContent'
import { createFilled } from '../newProject'
import { parseRandomSplit } from '../split'
import { readRows } from '../datasets'
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
      const job = bench.jobs.start('import', 'Import data', (context) =>
        importEncodedRows(session, { schema: session.document.schema, sources, split, seed }, context),
      )
      return { job }
    },

    findMerlin: async ({ path }) => ({ found: (await findMerlin(resolve(path))) !== null }),

    lookAtFolder: ({ path }) => lookAtFolder(path),

    importMerlin: async ({ path, newProject }) => {
      const folder = await findMerlin(resolve(path))
      if (!folder)
        throw new GraftError(
          'not-found',
          `${path} is no folder of preprocessed data: it has no schema.pbtxt beside Parquet files for training.`,
          'Choose the folder that holds train/ and schema.pbtxt.',
        )
      if (newProject === null) {
        const session = bench.requireSession()
        bench.refuseWhileRowsAreInUse()
        return {
          job: bench.jobs.start('import', 'Import preprocessed data', (context) =>
            importMerlin(session, folder, context),
          ),
        }
      }
      bench.refuseWhileTraining()
      bench.refuseWhileImporting()
      return {
        job: bench.jobs.start('import', 'Import preprocessed data', (context) =>
          createFilled(bench, resolve(newProject), (session) => importMerlin(session, folder, context)),
        ),
      }
    },
  }
}
