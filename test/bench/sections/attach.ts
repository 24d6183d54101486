import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { lastLines, runCommand } from '../../../scripts/lib/command.mjs'
import { type Bench, inScratch, type Report } from '../bench'
import { kerasPython } from '../environments'
import { count, decimal, spreadText } from '../format'
import { type BenchProject, tableProject } from '../projects'
import { ServedWorkbench } from '../served'
import { quantile } from '../statistics'
import { ratio, type Standing, takeTurns, type Turn } from '../turns'

const rows = 1_000_000
const width = 256
const tableBytes = 4 * rows * width
const goal = 1.5
/** Milliseconds that a window waits for an answer, 95th percentile, and between its requests. */
const waitGoal = 50
const pause = 15

/** The forms of the file, and how Graft is told of it. */
const kinds = [
  { name: 'npy', title: '.npy with ids.txt', flags: ['--file', 'vectors.npy', '--ids', 'ids.txt'] },
  { name: 'parquet', title: 'Parquet with keys', flags: ['--file', 'vectors.parquet', '--key', 'key'] },
] as const

const report = z.object({ table: z.string(), matchedIds: z.int(), rows: z.int() })

/**
 * Attaching 1,000,000 × 256 float32 (1 GB) by key, against numpy.load (or pandas.read_parquet) and a pandas join that save
 * and fsync the same table. Graft's time is the whole command's, its start included; the peer's is without its imports.
 */
export function attach(bench: Bench): Promise<Report> {
  return inScratch(bench, 'attach', async (folder) => {
    bench.said(`Attach ${count(rows)} × ${width}`)
    const python = await kerasPython(bench.root, bench.said)
    const script = join(bench.root, 'test', 'bench', 'peers', 'attach.py')
    const project = await tableProject(bench.graft, folder, rows, width)
    const source = `${folder}-source`
    await runPeer(python, [script, 'make', source, String(rows), String(width)])
    const standings: Standing[][] = []
    for (const kind of kinds) {
      const contestants = [
        { name: `Graft, ${kind.title}`, turn: () => graftTurn(bench, project, source, kind.flags) },
        { name: `numpy and pandas, ${kind.title}`, turn: () => peerTurn(python, script, kind.name, source) },
      ]
      standings.push(
        await takeTurns(contestants, bench.turns, (name, round, { rowsPerSecond }) =>
          bench.said(`  ${round}/${bench.turns} ${name}: ${decimal(rows / rowsPerSecond, 1)} s`),
        ),
      )
    }
    const memory = await memoryAboveIdle(bench, project, source)
    const waits = await roundTrips(bench, project, source)
    return makeReport(standings, memory, waits)
  })
}

async function graftTurn(
  bench: Bench,
  project: BenchProject,
  source: string,
  flags: readonly string[],
): Promise<Turn> {
  const { value, seconds } = await bench.graft.run(report, attachment(project, source, flags))
  if (value.matchedIds !== rows) throw new Error(`${value.matchedIds} of ${rows} ids were matched.`)
  await forgetTable(project, value.table)
  return { rowsPerSecond: rows / seconds, cpuMicroseconds: null }
}

const attachment = ({ folder }: BenchProject, source: string, flags: readonly string[]): string[] => [
  'attach',
  folder,
  '--column',
  'id',
  ...flags.map((flag) => (flag.includes('.') ? join(source, flag) : flag)),
]

/** Removes what was attached: each turn writes a gigabyte. */
async function forgetTable({ folder }: BenchProject, table: string): Promise<void> {
  await rm(join(folder, 'embeddings', table, 'table.npy'), { force: true })
}

async function runPeer(python: string, parameters: readonly string[]): Promise<string> {
  const result = await runCommand(python, parameters)
  if (result.status !== 0) throw new Error(`The peer failed:\n${lastLines(result, 6)}`)
  return result.stdout
}

async function peerTurn(python: string, script: string, kind: string, source: string): Promise<Turn> {
  const told: unknown = JSON.parse(await runPeer(python, [script, 'run', kind, source]))
  const { seconds } = z.object({ seconds: z.number() }).parse(told)
  return { rowsPerSecond: rows / seconds, cpuMicroseconds: null }
}

/** Peak of attaching over the peak of a command that does nothing, bytes. */
async function memoryAboveIdle(bench: Bench, project: BenchProject, source: string): Promise<number> {
  const idle = await bench.graft.run(z.unknown(), ['schema', project.folder, 'show'], { memory: true })
  const flags = kinds[0].flags
  const busy = await bench.graft.run(report, attachment(project, source, flags), { memory: true })
  await forgetTable(project, busy.value.table)
  if (!idle.usage || !busy.usage)
    throw new Error('Memory is read from /proc, which this platform does not have.')
  return busy.usage.peakBytes - idle.usage.peakBytes
}

interface Waits {
  readonly requests: number
  readonly p95: number
  readonly longest: number
}

/** Round trips of a window's requests while it attaches the table, milliseconds. */
async function roundTrips(bench: Bench, project: BenchProject, source: string): Promise<Waits> {
  const workbench = await ServedWorkbench.open(bench.graft, project.folder)
  try {
    const { client } = workbench
    const ended = workbench.until(({ name, data }) => name === 'job.changed' && data.job.state !== 'running')
    await client.embeddings.attach({
      column: 'id',
      path: join(source, 'vectors.npy'),
      array: null,
      ids: join(source, 'ids.txt'),
      byPosition: false,
      frozen: true,
    })
    let attaching = true
    const settled = ended.then((event) => {
      attaching = false
      return event
    })
    const times: number[] = []
    while (attaching) {
      const start = performance.now()
      await client.session.connect({})
      times.push(performance.now() - start)
      await sleep(pause)
    }
    const { name, data } = await settled
    if (name !== 'job.changed' || data.job.state !== 'done')
      throw new Error(`Attaching ended: ${JSON.stringify(data)}`)
    return { requests: times.length, p95: quantile(times, 0.95), longest: quantile(times, 1) }
  } finally {
    await workbench.close()
  }
}

function makeReport(standings: readonly Standing[][], memory: number, waits: Waits): Report {
  const seconds = (perSecond: number): string => decimal(rows / perSecond, 2)
  const times = standings.map(([graft, peer], i) => {
    if (!graft || !peer) throw new Error('nobody attached')
    // Rows per second of the peer over Graft's are Graft's seconds over the peer's.
    return { title: kinds[i]?.title ?? '', over: ratio(peer, graft) }
  })
  return {
    title: `Attaching ${count(rows)} × ${width} float32 by key, shuffled rows`,
    table: [
      ['', 's', 'min – max'],
      ...standings
        .flat()
        .map(({ name, rowsPerSecond }) => [
          name,
          seconds(rowsPerSecond.median),
          spreadText(
            { ...rowsPerSecond, min: rows / rowsPerSecond.max, max: rows / rowsPerSecond.min },
            (value) => decimal(value, 2),
          ),
        ]),
    ],
    notes: [
      'Graft: the whole command, which also hashes file and table and counts matched rows. The peer: loading, join, saving and fsync.',
    ],
    verdicts: [
      ...times.map(({ title, over }) => ({
        name: `time to attach, ${title}`,
        value: over.median,
        unit: '× numpy and pandas',
        goal: `≤ ${goal}`,
        met: over.median <= goal,
        note: '',
      })),
      {
        name: 'memory above idle',
        value: memory / tableBytes,
        unit: '× the table',
        goal: `≤ ${goal}`,
        met: memory <= goal * tableBytes,
        note: '',
      },
      {
        name: 'round trip of a request while attaching, 95th percentile',
        value: waits.p95,
        unit: 'ms',
        goal: `< ${waitGoal}`,
        met: waits.p95 < waitGoal,
        note: `the longest of ${count(waits.requests)} took ${decimal(waits.longest, 0)} ms`,
      },
    ],
    figures: { standings, times, memoryAboveIdle: memory, tableBytes, waits },
  }
}
