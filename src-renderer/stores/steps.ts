import { type Job, type Problem, type ProjectSnapshot, type RunSummary } from '../../src-main/contract'
import { isActive, isExportable } from './runs'

export const places = ['data', 'schema', 'embeddings', 'model', 'train', 'runs', 'export'] as const
export type Place = (typeof places)[number]

export const placeTitles: Readonly<Record<Place, string>> = {
  data: 'Data',
  schema: 'Schema',
  embeddings: 'Embeddings',
  model: 'Model',
  train: 'Train',
  runs: 'Runs',
  export: 'Export',
}

export interface StepState {
  state: 'empty' | 'ready' | 'attention' | 'running'
  /** Errors that stand in the way, of this step. */
  errors: number
  warnings: number
}

/** The state that each step of the rail wears. */
export function stepStates(
  project: ProjectSnapshot,
  runs: readonly RunSummary[],
  jobs: readonly Job[],
): Record<Place, StepState> {
  const running = (kind: Job['kind']): boolean =>
    jobs.some((job) => job.kind === kind && job.state === 'running')
  const step = (place: Place, filled: boolean, busy: boolean): StepState => {
    const own = project.problems.filter((problem) => problem.place === place)
    const errors = bySeverity(own, 'error')
    const state = busy ? 'running' : errors > 0 ? 'attention' : filled ? 'ready' : 'empty'
    return { state, errors, warnings: bySeverity(own, 'warning') }
  }
  return {
    data: step('data', project.dataset !== null, running('import')),
    schema: step('schema', project.columns.length > 0, false),
    embeddings: step('embeddings', project.tables.length > 0, running('attach')),
    model: step('model', project.model !== null, false),
    train: step('train', runs.length > 0, runs.some(isActive)),
    runs: step('runs', runs.length > 0, false),
    export: step('export', runs.some(isExportable), running('export')),
  }
}

function bySeverity(problems: readonly Problem[], severity: Problem['severity']): number {
  return problems.filter((problem) => problem.severity === severity).length
}
