import { basename, join, resolve } from 'node:path'
import { type Handlers } from '../../contract'
import { checkPlace, exportInProcess, planExport, previewExport, type ExportRequest } from '../../export'
import { projectFiles } from '../../project/folders'
import { gatherRawRows } from '../../export/rawRows'
import { extraIdsOf } from '../../training/extraIds'
import { type ProjectSession } from '../session'
import { type Workbench } from '../workbench'

/** What an export of a run of this project needs to take raw rows, while its vocabularies are there. */
function rawRowsOf(session: ProjectSession): NonNullable<ExportRequest['gatherRaw']> {
  return async ({ record: { document, datasetHash }, model }) => {
    if ((await session.data.hash()) !== datasetHash) return null
    const beyond = extraIdsOf(document, session.embeddings)
    return gatherRawRows({ project: session.path, document, model, beyond })
  }
}

export function exportHandlers(bench: Workbench): Handlers['export'] {
  return {
    preview: async ({ run, folder }) => {
      const session = bench.requireSession()
      const place = folder ?? join(session.path, projectFiles.exports, run)
      const plan = await planExport({
        run: session.runs.folder(run),
        folder: resolve(place),
        force: false,
        gatherRaw: rawRowsOf(session),
      })
      return previewExport(plan)
    },

    write: async ({ run, folder, force }) => {
      const session = bench.requireSession()
      const engine = bench.engine.requireFolder()
      const plan = await planExport({
        run: session.runs.folder(run),
        folder: resolve(folder),
        force,
        gatherRaw: rawRowsOf(session),
      })
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
