import { GraftError, type Handlers } from '../../contract'
import { readRows } from '../datasets'
import { type Workbench } from '../workbench'

export function datasetHandlers(bench: Workbench): Handlers['dataset'] {
  return {
    rows: ({ part, offset, limit }) => readRows(bench.requireSession().data, part, offset, limit),
    profile: async () => ({ columns: [] }),
    importEncoded: async () => {
      throw new GraftError('internal', 'import')
    },
  }
}
