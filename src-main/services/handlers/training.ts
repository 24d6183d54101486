import { GraftError, type Handlers } from '../../contract'
import { type Workbench } from '../workbench'

export function trainingHandlers(bench: Workbench): Handlers['training'] {
  return {
    start: async () => {
      throw new GraftError('internal', 'training')
    },
    stop: async ({ run }) => {
      bench.requireSession().runs.stop(run)
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
