import { join, resolve } from 'node:path'
import { version } from '../../package.json'
import { type Client, GraftError, type Job } from '../contract'
import { userFolder } from '../project/folders'
import { composeServices, type Services } from '../services/compose'
import { type ProjectSession } from '../services/session'
import { nodeTrainer } from '../training/worker'
import { formatBar, formatBytes, formatCount, formatSeconds } from './format'
import { type Output } from './output'

/** What every command gets: where things are, what it may ask, and where it prints. */
export interface Context {
  readonly output: Output
  readonly root: string
  /** A path as the person meant it: relative to where they stood, not to where npm went. */
  readonly path: (given: string) => string
  readonly services: (options?: { readonly remember?: boolean }) => Services
}

/** @param bundles folder of the built main bundles */
export function makeContext(output: Output, bundles: string): Context {
  const root = resolve(bundles, '..', '..')
  const stood = process.env['INIT_CWD'] ?? process.cwd()
  return {
    output,
    root,
    path: (given) => resolve(stood, given),
    services: ({ remember = false } = {}) =>
      composeServices({
        app: {
          version,
          mode: 'served',
          platform: process.platform,
          runtime: `Node ${process.versions.node}`,
          standIn: false,
          canShowDialogs: false,
        },
        home: userFolder(),
        samples: join(root, 'resources', 'samples'),
        remember,
        fork: nodeTrainer(join(bundles, 'trainer.cjs')),
        desktop: null,
      }),
  }
}

/** Opens the project in `folder`, does the work, and closes it again with everything saved. */
export async function withProject<T>(
  context: Context,
  folder: string,
  work: (session: ProjectSession, client: Client, services: Services) => Promise<T>,
): Promise<T> {
  const services = context.services()
  try {
    const session = await services.bench.open(context.path(folder))
    const result = await work(session, services.client, services)
    await session.project.flush()
    return result
  } finally {
    await services.bench.close()
  }
}

/**
 * Starts a job, draws its progress, and waits for it. Ctrl-C cancels it.
 * @returns what the job produced
 * @throws the GraftError that it failed with; `cancelled`
 */
export async function runJob(
  { bench, client }: Services,
  output: Output,
  start: () => Promise<{ job: string }>,
): Promise<unknown> {
  let phase = ''
  const draw = (job: Job): void => {
    if (output.isLive) output.live(progressLine(job, output.width))
    else if (job.phase !== phase && job.state === 'running') output.say(job.phase)
    phase = job.phase
  }
  const ended = new Map<string, Job>()
  let notice: () => void = () => undefined
  const unsubscribe = bench.bus.subscribe(({ name, data }) => {
    if (name !== 'job.changed') return
    if (data.job.state === 'running') draw(data.job)
    else ended.set(data.job.id, data.job)
    notice()
  })
  const { job: id } = await start()
  const interrupt = (): void => void client.jobs.cancel({ job: id })
  process.once('SIGINT', interrupt)
  try {
    let job = ended.get(id)
    while (!job) {
      await new Promise<void>((resolve) => (notice = resolve))
      job = ended.get(id)
    }
    if (job.error) throw GraftError.fromWire(job.error)
    if (job.state === 'cancelled') throw new GraftError('cancelled', `${job.title}: cancelled.`)
    return job.result
  } finally {
    process.off('SIGINT', interrupt)
    unsubscribe()
  }
}

function progressLine(job: Job, width: number): string {
  const { phase, done, total, unit, rate, secondsLeft } = job
  const amount = unit === 'bytes' ? formatBytes : formatCount
  const share = total === null || total === 0 ? null : done / total
  const parts = [
    phase,
    share === null ? '' : formatBar(share, Math.max(10, Math.min(30, width - 60))),
    total === null ? `${amount(done)} ${unit === 'bytes' ? '' : unit}` : `${amount(done)} / ${amount(total)}`,
    rate === null ? '' : `${amount(rate)}/s`,
    secondsLeft === null ? '' : `${formatSeconds(secondsLeft)} left`,
  ]
  return parts.filter((part) => part.trim() !== '').join('  ')
}

/** Gets TensorFlow where it is not there yet: the first command that computes brings it. */
export async function ensureEngine(services: Services, output: Output): Promise<void> {
  const { state } = await services.client.engine.status({})
  if (state === 'ready') return
  output.say('TensorFlow is not here yet: getting it once.')
  await runJob(services, output, () => services.client.engine.install({ device: 'cpu' }))
}
