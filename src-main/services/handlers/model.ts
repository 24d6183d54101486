import { type Handlers } from '../../contract'
import { listCatalog, summarizeModel } from '../models'
import { type Workbench } from '../workbench'

export function modelHandlers(_bench: Workbench): Handlers['model'] {
  return {
    catalog: async () => listCatalog(),
    preview: async ({ document }) => summarizeModel(document),
  }
}
