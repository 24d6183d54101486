import { basename, resolve } from 'node:path'
import { type Handlers } from '../../contract'
import { profileRaw } from '../../dataset'
import { encodeProject, importIntoProject, inferProject, lastReport, previewOf } from '../tables'
import { checkCommand } from '../models'
import { createFilled } from '../newProject'
import { type Workbench } from '../workbench'
import { readSchemaFile } from './schema'

export function tablesHandlers(bench: Workbench): Handlers['tables'] {
  const looking = new Map<string, AbortController>()
  const stopPreview = (asker: string): void => looking.get(asker)?.abort()
  return {
    preview: async ({ asker, ...given }) => {
      stopPreview(asker)
      const controller = new AbortController()
      looking.set(asker, controller)
      try {
        return await previewOf(given, controller.signal)
      } finally {
        if (looking.get(asker) === controller) looking.delete(asker)
      }
    },
    stopPreview: async ({ asker }) => {
      stopPreview(asker)
      return {}
    },
    report: async () => ({ report: await lastReport(bench.requireSession().path) }),

    import: async ({ newProject, ...given }) => {
      if (newProject === null) {
        const session = bench.requireSession()
        bench.refuseWhileRowsAreInUse()
        return {
          job: bench.jobs.start('import', 'Import tables', (context) =>
            importIntoProject(session, given, context),
          ),
        }
      }
      bench.refuseWhileTraining()
      bench.refuseWhileImporting()
      return {
        job: bench.jobs.start('import', 'Import tables', (context) =>
          createFilled(bench, resolve(newProject), (session) => importIntoProject(session, given, context)),
        ),
      }
    },
    encode: async ({ schema, commands = [], ...changes }) => {
      const session = bench.requireSession()
      bench.refuseWhileRowsAreInUse()
      commands.forEach(checkCommand)
      const file = schema === undefined ? null : resolve(schema)
      const found = file === null ? null : await readSchemaFile(file)
      return {
        job: bench.jobs.start('import', 'Encode rows', async (context) => {
          if (file === null || found === null)
            return encodeProject(session, { ...changes, edits: commands }, context)
          return session.schemas.keepFor(found, basename(file), (imported) => {
            const edits = [{ type: 'importSchema' as const, schema: found, file: basename(file), imported }]
            return encodeProject(session, { ...changes, edits: [...edits, ...commands] }, context)
          })
        }),
      }
    },

    infer: async () => inferProject(bench.requireSession()),

    profile: async ({ columns }) => ({ columns: await profileRaw(bench.requireSession().data, columns) }),
  }
}
