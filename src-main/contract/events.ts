import { z } from 'zod'
import { epochResult, runProgress, runSummary, stepMetrics } from './runs'
import { engineStatus, job, projectSnapshot, recentProject } from './views'

/** Everything that main tells: facts. Each carries a sequence number, larger than that of the snapshot before it. */
export const events = {
  /** The document or anything derived from it changed; null when the project was closed. */
  'project.changed': z.object({ project: projectSnapshot.nullable() }),
  'recent.changed': z.object({ recent: z.array(recentProject) }),
  'engine.changed': z.object({ engine: engineStatus }),
  'job.changed': z.object({ job }),
  'job.dismissed': z.object({ job: z.string() }),
  /** All runs of the project, newest first; sent when it is opened. */
  'runs.changed': z.object({ runs: z.array(runSummary) }),
  /** A run began, changed its state, ended an epoch or ended. */
  'run.changed': z.object({ run: runSummary }),
  'run.progress': runProgress,
  /** Steps since the last such event, at most every 100 ms. */
  'run.steps': z.object({ run: z.string(), steps: z.array(stepMetrics) }),
  'run.epoch': z.object({ run: z.string(), epoch: epochResult }),
  'run.log': z.object({ run: z.string(), lines: z.array(z.string()) }),
} as const

export type Events = typeof events
export type EventName = keyof Events
export type EventData<N extends EventName> = z.output<Events[N]>

export type EventMessage = {
  [N in EventName]: { readonly sequence: number; readonly name: N; readonly data: EventData<N> }
}[EventName]
