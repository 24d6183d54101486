import { type Handlers } from '../../contract'
import { type Workbench } from '../workbench'
import { datasetHandlers } from './dataset'
import { desktopHandlers } from './desktop'
import { embeddingsHandlers } from './embeddings'
import { engineHandlers, jobsHandlers, sessionHandlers } from './session'
import { evaluationHandlers } from './evaluation'
import { exportHandlers } from './export'
import { modelHandlers } from './model'
import { projectHandlers } from './project'
import { schemaHandlers } from './schema'
import { tablesHandlers } from './tables'
import { runsHandlers, trainingHandlers } from './training'

/** One function for every request of the contract. */
export function createHandlers(bench: Workbench): Handlers {
  return {
    session: sessionHandlers(bench),
    project: projectHandlers(bench),
    schema: schemaHandlers(bench),
    dataset: datasetHandlers(bench),
    tables: tablesHandlers(bench),
    embeddings: embeddingsHandlers(bench),
    model: modelHandlers(bench),
    training: trainingHandlers(bench),
    runs: runsHandlers(bench),
    evaluation: evaluationHandlers(bench),
    export: exportHandlers(bench),
    engine: engineHandlers(bench),
    jobs: jobsHandlers(bench),
    desktop: desktopHandlers(bench),
  }
}
