import { type Bench, inScratch, type Report } from '../bench'
import { forget } from '../contestants'
import { count, decimal, spreadText } from '../format'
import { type BenchProject, generatedRows, tableProject, train } from '../projects'
import { ratio, takeTurns, type Turn } from '../turns'

const width = 64
const sizes = [100_000, 1_000_000, 10_000_000]
const goal = 0.9
/**
 * Epochs of a turn, about ten seconds of them: the largest table's first rows are kept on disk for the freeze proof, and in
 * the first seconds the system is still writing those gigabytes.
 */
const epochs = 12

/** Whether a step costs the same however many rows its table has: one trainable table of three sizes. */
export function tables(bench: Bench): Promise<Report> {
  return inScratch(bench, 'tables', async (folder) => {
    const projects: BenchProject[] = []
    try {
      for (const ids of sizes) {
        bench.said(`Table of ${count(ids)} × ${width}`)
        projects.push(await tableProject(bench.graft, `${folder}/${ids}`, ids, width))
      }
      const contestants = projects.map((project, i) => ({
        name: `${count(sizes[i] ?? 0)} rows`,
        turn: () => turn(bench, project),
      }))
      const standings = await takeTurns(contestants, bench.turns, (name, round, { rowsPerSecond }) =>
        bench.said(`  ${round}/${bench.turns} ${name}: ${count(rowsPerSecond)} rows/s`),
      )
      const smallest = standings[0]
      const largest = standings.at(-1)
      if (!smallest || !largest) throw new Error('no table was trained')
      const over = ratio(largest, smallest)
      return {
        title: `One trainable table, ${width} wide, ids drawn uniformly, batch 1024, ${count(generatedRows)} rows an epoch`,
        table: [
          ['', 'rows/s', 'min – max', '÷ smallest'],
          ...standings.map((standing) => [
            standing.name,
            count(standing.rowsPerSecond.median),
            spreadText(standing.rowsPerSecond, count),
            decimal(ratio(standing, smallest).median, 2),
          ]),
        ],
        notes: [`Turns: ${smallest.turns.length}, of ${epochs} epochs each, a first one apart; medians.`],
        verdicts: [
          {
            name: `rows/s with ${largest.name} ÷ with ${smallest.name}`,
            value: over.median,
            unit: '×',
            goal: `≥ ${goal}`,
            met: over.median >= goal,
            note: '',
          },
        ],
        figures: { standings, ratio: over },
      }
    } finally {
      bench.said('Removing the generated projects')
    }
  })
}

async function turn(bench: Bench, project: BenchProject): Promise<Turn> {
  const { value } = await train(bench.graft, project, 1 + epochs)
  await forget(project, value)
  const warm = value.epochs.filter(({ epoch }) => epoch > 1)
  const seconds = warm.reduce((sum, epoch) => sum + epoch.seconds, 0)
  return { rowsPerSecond: (warm.length * generatedRows) / seconds, cpuMicroseconds: null }
}
