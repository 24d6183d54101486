import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Bench, inScratch, type Report } from '../bench'
import { forget } from '../contestants'
import { count, decimal, spreadText } from '../format'
import { type BenchProject, train } from '../projects'
import { ratio, takeTurns, type Turn } from '../turns'
import { wideFiles, wideProject } from '../wide'

/** Files of the large dataset, and steps of a turn, over two epochs: more than a window holds. */
const files = 16
const steps = 2000
const epochs = 2
/** Rows of the one that is held in memory. */
const memoryRows = 1_000_000
const rateGoal = 0.9
const memoryGoal = 3 * 2 ** 30

/**
 * Training from Parquet files that do not fit in memory against training the same model on rows that do: rows a second, and
 * the anonymous memory of all processes.
 */
export function streaming(bench: Bench): Promise<Report> {
  return inScratch(bench, 'streaming', async (scratch) => {
    const { large, small, bytes } = await datasets(bench, bench.kept ?? scratch)
    const flags = ['--set', `training.stepsPerEpoch=${Math.floor(steps / epochs)}`]
    const [fromDisk, inMemory] = [
      { ...large, flags },
      { ...small, flags },
    ]
    const standings = await takeTurns(
      [
        { name: 'from disk', turn: () => turn(bench, fromDisk) },
        { name: 'in memory', turn: () => turn(bench, inMemory) },
      ],
      bench.turns,
      (name, round, { rowsPerSecond }) =>
        bench.said(`  ${round}/${bench.turns} ${name}: ${count(rowsPerSecond)} rows/s`),
    )
    const [disk, memory] = standings
    if (!disk || !memory) throw new Error('nothing was trained')
    const over = ratio(disk, memory)
    bench.said('Memory')
    const { value, usage } = await train(bench.graft, fromDisk, epochs, { memory: true })
    await forget(fromDisk, value)
    const anonymous = usage?.peakAnonymousBytes ?? Number.NaN
    return {
      title: `${count(steps)} steps of batch 1024 from ${decimal(bytes / 2 ** 30, 1)} GiB of Parquet (${count(large.rows)} rows × ${large.columns} columns, ${files} files)`,
      table: [
        ['', 'rows/s', 'min – max'],
        ...standings.map(({ name, rowsPerSecond }) => [
          name,
          count(rowsPerSecond.median),
          spreadText(rowsPerSecond, count),
        ]),
      ],
      notes: [
        `Turns: ${disk.turns.length}; medians. In memory: ${count(small.rows)} rows of the same kind.`,
        'Anonymous memory: all processes together, looked at every 25 ms in a run of its own.',
      ],
      verdicts: [
        {
          name: 'rows/s from disk ÷ in memory',
          value: over.median,
          unit: '×',
          goal: `≥ ${rateGoal}`,
          met: over.median >= rateGoal,
          note: '',
        },
        {
          name: 'peak anonymous memory from disk',
          value: anonymous / 2 ** 30,
          unit: 'GiB',
          goal: '< 3',
          met: anonymous < memoryGoal,
          note: '',
        },
      ],
      figures: { standings, ratio: over, anonymousBytes: anonymous, parquetBytes: bytes },
    }
  })
}

async function turn(bench: Bench, project: BenchProject): Promise<Turn> {
  const { value } = await train(bench.graft, project, epochs)
  await forget(project, value)
  const seconds = value.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0)
  const rows = value.epochs.reduce((sum, epoch) => sum + epoch.seconds * epoch.rowsPerSecond, 0)
  return { rowsPerSecond: rows / seconds, cpuMicroseconds: null }
}

const datasetSize = z.object({ rows: z.int(), columns: z.int() })
const kept = z.object({ gibibytes: z.int(), large: datasetSize, small: datasetSize })
type Kept = z.output<typeof kept>

interface Datasets {
  large: BenchProject & Kept['large']
  small: BenchProject & Kept['small']
  /** Of the large one's Parquet files, as they are trained on. */
  bytes: number
}

/** The projects in a folder, made where they are not there or of another size. */
async function datasets(bench: Bench, folder: string): Promise<Datasets> {
  const [disk, memory, note] = ['disk', 'memory', 'datasets.json'].map((name) => join(folder, name))
  if (!disk || !memory || !note) throw new Error('no folder for the datasets')
  let found = await readNote(note)
  if (found?.gibibytes !== bench.gibibytes) {
    await Promise.all([note, disk, memory].map((path) => rm(path, { recursive: true, force: true })))
    bench.said(`Writing ${bench.gibibytes} GiB of Parquet in ${files} files`)
    const large = await imported(bench, disk, bench.gibibytes * 2 ** 30)
    const small = await imported(bench, memory, { rows: memoryRows })
    found = { gibibytes: bench.gibibytes, large, small }
    await writeFile(note, JSON.stringify(found))
  }
  const bytes = await sizeOf(join(disk, 'dataset', 'encoded', 'train'))
  return {
    large: { ...found.large, folder: disk, flags: [] },
    small: { ...found.small, folder: memory, flags: [] },
    bytes,
  }
}

async function readNote(path: string): Promise<Kept | null> {
  try {
    return kept.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return null
  }
}

async function imported(
  bench: Bench,
  folder: string,
  size: Parameters<typeof wideFiles>[2],
): Promise<Kept['large']> {
  const source = `${folder}-source`
  const { rows, columns, ...made } = await wideFiles(source, files, size)
  bench.said(`Importing ${count(rows)} rows`)
  await wideProject(bench.graft, folder, made)
  await rm(source, { recursive: true })
  return { rows, columns }
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
