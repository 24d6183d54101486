import { stat } from 'node:fs/promises'
import { type Bench, inScratch, type Report } from '../bench'
import { forget } from '../contestants'
import { count, decimal, spreadText } from '../format'
import { type BenchProject, train } from '../projects'
import { ratio, takeTurns, type Turn } from '../turns'
import { type WideFiles, wideFiles, wideProject } from '../wide'

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
  return inScratch(bench, 'streaming', async (folder) => {
    bench.said(`Writing ${bench.gibibytes} GiB of Parquet in ${files} files`)
    const large = await wideFiles(`${folder}-source/large`, files, bench.gibibytes * 2 ** 30)
    const small = await wideFiles(`${folder}-source/small`, files, { rows: memoryRows })
    bench.said(`Importing ${count(large.rows)} rows, and ${count(small.rows)}`)
    const perEpoch = ['--set', `training.stepsPerEpoch=${Math.floor(steps / epochs)}`]
    const fromDisk = { ...(await wideProject(bench.graft, `${folder}/disk`, large)), flags: perEpoch }
    const inMemory = { ...(await wideProject(bench.graft, `${folder}/memory`, small)), flags: perEpoch }
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
    const bytes = await sizeOf(large)
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

async function sizeOf({ files: paths }: WideFiles): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
