import { GraftError, type Handlers } from '../../contract'
import { type Workbench } from '../workbench'

export function exportHandlers(_bench: Workbench): Handlers['export'] {
  return {
    preview: async () => {
      throw new GraftError('internal', 'export')
    },
    write: async () => {
      throw new GraftError('internal', 'export')
    },
  }
}
