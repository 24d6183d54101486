import { resolve } from 'node:path'
import { type Job } from '../../../src-main/contract'
import { composeServices, type Services } from '../../../src-main/services/compose'
import { type DesktopPort } from '../../../src-main/services/desktop'
import { type ForkTrainer } from '../../../src-main/training/worker'

const root = resolve(import.meta.dirname, '..', '..', '..')

/** The services as the command line composes them, with their own home folder. */
export function makeServices(
  home: string,
  desktop: DesktopPort | null = null,
  fork: ForkTrainer = () => {
    throw new Error('no trainer in this test')
  },
  samples = resolve(root, 'resources', 'samples'),
): Services {
  return composeServices({
    app: {
      version: '0.0.0',
      mode: 'served',
      platform: process.platform,
      runtime: `Node ${process.versions.node}`,
      standIn: false,
      canShowDialogs: desktop !== null,
    },
    home,
    samples,
    remember: true,
    fork,
    desktop,
  })
}

/** Starts a job and waits for how it ends. */
export async function waitForJob({ bench }: Services, start: () => Promise<{ job: string }>): Promise<Job> {
  const { job } = await start()
  const find = (): Job | undefined =>
    bench.jobs.list().find(({ id, state }) => id === job && state !== 'running')
  return new Promise((resolve) => {
    const check = (): void => {
      const ended = find()
      if (!ended) return
      unsubscribe()
      resolve(ended)
    }
    const unsubscribe = bench.bus.subscribe(check)
    check()
  })
}

/** Starts a job and waits for its result. @throws Error with the job's own words where it fails */
export async function resultOf(services: Services, start: () => Promise<{ job: string }>): Promise<unknown> {
  const job = await waitForJob(services, start)
  if (job.error) throw new Error(`${job.error.message} ${job.error.hint}`)
  return job.result
}

/** The last column of a CSV file, which is where a prediction stands. */
export function predictionsIn(csv: string): number[] {
  return csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.slice(line.lastIndexOf(',') + 1)))
}
