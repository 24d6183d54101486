import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../../src-main/contract/requests'
import { type Bench, inScratch, type Report } from '../bench'
import { decimal } from '../format'
import { sampleProject } from '../projects'
import { ServedWorkbench } from '../served'
import { quantile } from '../statistics'

const goal = 50 // milliseconds, 95th percentile
const samples = 300
const pause = 15 // milliseconds between requests, as a person scrolling makes them

/** What a window asks for while a run goes on. */
const asked: Readonly<Record<string, (client: Client, i: number) => Promise<unknown>>> = {
  'session.connect': (client) => client.session.connect({}),
  // A stride that is no divisor of the rows: a new place every time.
  'dataset.rows': (client, i) =>
    client.dataset.rows({ part: 'train', offset: (i * 7919) % 99_900, limit: 100 }),
}

interface Latency {
  readonly request: string
  readonly p50: number
  readonly p95: number
  readonly worst: number
}

/** Round trips of requests over the served WebSocket, in milliseconds, while a run trains and while nothing does. */
export function latency(bench: Bench): Promise<Report> {
  return inScratch(bench, 'latency', async (folder) => {
    bench.said('Round trips')
    await sampleProject(bench.graft, folder, 'merlin')
    const workbench = await ServedWorkbench.open(bench.graft, folder)
    try {
      const idle = await measure(workbench.client)
      const { run } = await workbench.client.training.start({ overrides: { epochs: 10_000 } })
      await workbench.until(({ name, data }) => name === 'run.epoch' && data.run === run)
      const training = await measure(workbench.client)
      const before = await workbench.client.runs.detail({ run })
      if (before.summary.status !== 'running')
        throw new Error(`The run was ${before.summary.status} before all round trips were measured.`)
      const ended = workbench.until(
        ({ name, data }) => name === 'run.changed' && data.run.id === run && data.run.status === 'stopped',
      )
      await workbench.client.training.stop({ run })
      await ended
      return report(idle, training)
    } finally {
      await workbench.close()
    }
  })
}

async function measure(client: Client): Promise<Latency[]> {
  const measured: Latency[] = []
  for (const [request, ask] of Object.entries(asked)) {
    const times: number[] = []
    for (let i = 0; i < samples; i++) {
      const start = performance.now()
      await ask(client, i)
      times.push(performance.now() - start)
      await sleep(pause)
    }
    measured.push({
      request,
      p50: quantile(times, 0.5),
      p95: quantile(times, 0.95),
      worst: quantile(times, 1),
    })
  }
  return measured
}

function report(idle: readonly Latency[], training: readonly Latency[]): Report {
  const rows = (when: string, measured: readonly Latency[]): string[][] =>
    measured.map(({ request, p50, p95, worst }) => [
      `${request}, ${when}`,
      ...[p50, p95, worst].map((value) => decimal(value, 1)),
    ])
  return {
    title: 'Round trip of a request over the served WebSocket, ms',
    table: [['', 'median', '95th percentile', 'worst'], ...rows('training', training), ...rows('idle', idle)],
    notes: [`${samples} requests each, ${pause} ms apart, while the sample trains.`],
    verdicts: training.map(({ request, p95 }) => ({
      name: `round trip of ${request} while training, 95th percentile`,
      value: p95,
      unit: 'ms',
      goal: `< ${goal}`,
      met: p95 < goal,
      note: '',
    })),
    figures: { idle, training },
  }
}
