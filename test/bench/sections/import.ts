import { spawn } from 'node:child_process'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Bench, inScratch, type Report } from '../bench'
import { scikitPython } from '../environments'
import { count, decimal, spreadText } from '../format'
import { type TreeUsage, watchTree } from '../processTree'
import { writeRawTable } from '../rawTable'
import { ratio, takeTurns, type Turn } from '../turns'

const seed = 42
const ratioGoal = 5
const memoryGoal = 4 * 2 ** 30
const gibibyte = 2 ** 30

const parts = z.object({ train: z.number(), validation: z.number(), test: z.number() })
const imported = z.object({ rows: parts })

interface Outcome {
  readonly rows: z.infer<typeof parts>
  readonly seconds: number
  readonly usage: TreeUsage | null
}

/**
 * A raw CSV of 12 columns becomes a split, encoded data set in Parquet: `graft import` against a script of pandas and
 * scikit-learn that does the same, each a process of its own from its start to its end. Memory is looked at in a turn
 * apart.
 */
export function rawImport(bench: Bench): Promise<Report> {
  return inScratch(bench, 'import', async (folder) => {
    await mkdir(folder, { recursive: true })
    const table = join(folder, 'table.csv')
    bench.said(`Import of ${count(bench.rows)} rows`)
    await writeRawTable(table, bench.rows)
    const python = await scikitPython(bench.root, bench.said)
    const own = (memory: boolean): Promise<Outcome> => graftImport(bench, folder, table, memory)
    const theirs = (memory: boolean): Promise<Outcome> => scikitImport(bench, python, folder, table, memory)
    const [ownPeak, theirPeak] = [peak(await own(true)), peak(await theirs(true))]
    const contestants = [
      { name: 'Graft', turn: async () => turnOf(bench, await own(false)) },
      { name: 'pandas and scikit-learn', turn: async () => turnOf(bench, await theirs(false)) },
    ]
    const standings = await takeTurns(contestants, bench.turns, (name, round, { rowsPerSecond }) =>
      bench.said(`  ${round}/${bench.turns} ${name}: ${count(rowsPerSecond)} rows/s`),
    )
    const [graft, peer] = standings
    if (!graft || !peer) throw new Error('nothing was imported')
    const over = ratio(graft, peer)
    const peaks = [ownPeak, theirPeak]
    return {
      title: `Import of a CSV of ${count(bench.rows)} rows, 12 columns, ${count((await stat(table)).size / 1e6)} MB`,
      table: [
        ['', 'rows/s', 'min – max', 'CPU µs/row', 'peak GiB'],
        ...standings.map(({ name, rowsPerSecond, cpuMicroseconds }, i) => [
          name,
          count(rowsPerSecond.median),
          spreadText(rowsPerSecond, count),
          cpuMicroseconds ? decimal(cpuMicroseconds.median, 2) : '',
          decimal((peaks[i] ?? 0) / gibibyte, 2),
        ]),
      ],
      notes: [
        `Turns: ${graft.turns.length}; medians. Whole processes. Graft also keeps the typed rows and profiles what it guesses.`,
      ],
      verdicts: [
        {
          name: 'rows/s of an import ÷ pandas and scikit-learn',
          value: over.median,
          unit: '×',
          goal: `≥ ${ratioGoal}`,
          met: over.median >= ratioGoal,
          note: '',
        },
        {
          name: 'peak memory of an import',
          value: ownPeak / gibibyte,
          unit: 'GiB',
          goal: '< 4',
          met: ownPeak < memoryGoal,
          note: '',
        },
      ],
      figures: { standings, ratio: over, peakBytes: { graft: ownPeak, peer: theirPeak } },
    }
  })
}

function peak({ usage }: Outcome): number {
  if (!usage) throw new Error('Memory is read from /proc, which this platform does not have.')
  return usage.peakBytes
}

function turnOf(bench: Bench, { rows, seconds, usage }: Outcome): Turn {
  const all = rows.train + rows.validation + rows.test
  if (all !== bench.rows) throw new Error(`${all} rows were encoded of ${bench.rows}`)
  return { rowsPerSecond: all / seconds, cpuMicroseconds: usage && (1e6 * usage.cpuSeconds) / all }
}

async function graftImport(bench: Bench, folder: string, table: string, memory: boolean): Promise<Outcome> {
  const project = join(folder, 'project')
  await bench.graft.run(z.unknown(), ['new', project])
  const split = ['--split', 'random:0.8,0.1,0.1', '--seed', String(seed)]
  const { value, seconds, usage } = await bench.graft.run(imported, ['import', project, table, ...split], {
    memory,
  })
  await rm(project, { recursive: true })
  return { rows: value.rows, seconds, usage }
}

async function scikitImport(
  bench: Bench,
  python: string,
  folder: string,
  table: string,
  memory: boolean,
): Promise<Outcome> {
  const script = join(bench.root, 'test', 'bench', 'peers', 'scikit_import.py')
  const out = join(folder, 'scikit')
  await mkdir(out)
  const start = performance.now()
  const child = spawn(python, [script, table, out, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const watched = watchTree(child.pid ?? 0, { memory })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)))
  const status = await new Promise<number | null>((done, fail) => {
    child.once('error', fail)
    child.once('close', done)
  })
  const seconds = (performance.now() - start) / 1000
  const usage = await watched()
  if (status !== 0) throw new Error(`pandas and scikit-learn ended with status ${status}:\n${stderr.trim()}`)
  await rm(out, { recursive: true })
  return { rows: parts.parse(JSON.parse(stdout)), seconds, usage }
}
