import { basename, join, resolve } from 'node:path'
import { type Handlers } from '../../contract'
import { checkPlace, exportInProcess, planExport, previewExport } from '../../export'
import { projectFiles } from '../../project/folders'
import { type Workbench } from '../workbench'

export function exportHandlers(bench: Workbench): Handlers['export'] {
  return {
    preview: async ({ run, folder }) => {
      const session = bench.requireSession()
      const place = folder ?? join(session.path, projectFiles.exports, run)
      const plan = await planExport({ run: session.runs.folder(run), folder: resolve(place), force: false })
      return previewExport(plan)
    },

    write: async ({ run, folder, force }) => {
      const session = bench.requireSession()
      const engine = bench.engine.requireFolder()
      const plan = await planExport({ run: session.runs.folder(run), folder: resolve(folder), force })
      await checkPlace(plan.folder, force)
      const job = bench.jobs.start(
        'export',
        `Export ${run} to ${basename(plan.folder)}`,
        ({ signal, report }) =>
          exportInProcess(plan, {
            fork: bench.options.fork,
            engine,
            signal,
            report: (phase, done, total, unit) => report({ phase, done, total, unit }),
          }),
      )
      return { job }
    },
  }
}
