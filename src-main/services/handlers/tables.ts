import { type Handlers } from '../../contract'
import { profileRaw } from '../../dataset'
import { encodeProject, importIntoProject, inferProject, previewOf } from '../tables'
import { type Workbench } from '../workbench'

export function tablesHandlers(bench: Workbench): Handlers['tables'] {
  return {
    preview: previewOf,

    import: async (given) => {
      const session = bench.requireSession()
      bench.refuseWhileRowsAreInUse()
      return {
        job: bench.jobs.start('import', 'Import tables', (context) =>
          importIntoProject(session, given, context),
        ),
      }
    },
    encode: async (changes) => {
      const session = bench.requireSession()
      bench.refuseWhileRowsAreInUse()
      return {
        job: bench.jobs.start('import', 'Encode rows', (context) => encodeProject(session, changes, context)),
      }
    },

    infer: async () => inferProject(bench.requireSession()),

    profile: async ({ columns }) => ({ columns: await profileRaw(bench.requireSession().data, columns) }),
  }
}
