import { resolve } from 'node:path'
import { type Handlers } from '../../contract'
import { planRun } from '../../training/planRun'
import { type Workbench } from '../workbench'

export function trainingHandlers(bench: Workbench): Handlers['training'] {
  return {
    start: async ({ overrides }) => {
      const session = bench.requireSession()
      bench.refuseWhileImporting()
      const { initialWeights } = overrides
      const plan = await planRun({
        project: session.path,
        document: session.document,
        overrides: {
          ...overrides,
          initialWeights: initialWeights === undefined ? undefined : resolve(initialWeights),
        },
        data: session.data,
        embeddings: session.embeddings,
        engine: bench.engine.requireFolder(),
      })
      return { run: await session.runs.start(plan) }
    },

    stop: async ({ run }) => {
      bench.requireSession().runs.stop(run)
      return {}
    },

    setFrozen: async ({ run, table, frozen }) => {
      bench.requireSession().runs.setFrozen(run, table, frozen)
      return {}
    },
  }
}

export function runsHandlers(bench: Workbench): Handlers['runs'] {
  return {
    detail: ({ run }) => bench.requireSession().runs.detail(run),
    remove: async ({ run }) => {
      await bench.requireSession().runs.remove(run)
      return {}
    },
  }
}
