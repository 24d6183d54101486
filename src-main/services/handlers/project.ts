import { basename, resolve } from 'node:path'
import { type Handlers } from '../../contract'
import { emptyDocument } from '../../project/document'
import { freePath, projectsFolder } from '../../project/folders'
import { Project } from '../../project/project'
import { checkCommand } from '../models'
import { createSample } from '../samples'
import { type Workbench } from '../workbench'

export function projectHandlers(bench: Workbench): Handlers['project'] {
  return {
    open: async ({ path }) => {
      if (bench.session?.path !== resolve(path)) bench.refuseWhileImporting()
      return (await bench.open(path)).snapshot()
    },

    create: async ({ path, sample }) => {
      bench.refuseWhileImporting()
      const absolute = resolve(path)
      const job = bench.jobs.start('create', `Create ${basename(absolute)}`, async (context) => {
        if (sample === null) await (await Project.create(absolute, emptyDocument(basename(absolute)))).close()
        else await createSample(bench.options.samples, sample, absolute, context)
        await bench.open(absolute)
        return absolute
      })
      return { job }
    },

    close: async () => {
      bench.refuseWhileImporting()
      await bench.closeProject()
      return {}
    },

    execute: async ({ command }) => {
      checkCommand(command)
      return bench.requireSession().execute(command)
    },

    undo: async () => {
      const session = bench.requireSession()
      session.project.undo()
      return session.snapshot()
    },

    redo: async () => {
      const session = bench.requireSession()
      session.project.redo()
      return session.snapshot()
    },

    forget: async ({ path }) => {
      await bench.recent.forget(path)
      await bench.tellRecent()
      return {}
    },

    suggestPath: async ({ sample, name }) => ({
      path: await freePath(projectsFolder(), name ?? sample ?? 'project'),
    }),
  }
}
