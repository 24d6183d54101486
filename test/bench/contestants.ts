import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TrainResult } from '../../src-main/contract/runs'
import type { Bench } from './bench'
import { type BenchProject, train } from './projects'
import type { Contestant, Turn } from './turns'
import type { EpochFigures, Worker } from './worker'

/** A peer that lives in a process of its own; epochs of its turns, all of them warm. */
export function peer(worker: Worker, epochs: number): Contestant {
  return { name: worker.name, turn: async () => turnOf(await worker.train(epochs)) }
}

function turnOf(epochs: readonly EpochFigures[]): Turn {
  const sum = (pick: (epoch: EpochFigures) => number): number =>
    epochs.reduce((total, epoch) => total + pick(epoch), 0)
  const rows = sum((epoch) => epoch.rows)
  return {
    rowsPerSecond: rows / sum((epoch) => epoch.seconds),
    cpuMicroseconds: (1e6 * sum((epoch) => epoch.cpuSeconds)) / rows,
  }
}

/** What Graft's turns tell beyond rows per second. */
export interface GraftTurn extends Turn {
  readonly sessionShare: number
  /**
   * Rows per second of the further epochs as seen from outside: of the wall time of a run with one epoch and a run with
   * all of them the difference, so that nothing that Graft says of itself goes into it.
   */
  readonly outsideRowsPerSecond: number
}

/**
 * Graft: each turn is two commands, `train` with one epoch and `train` with `epochs` more, each with its own trainer process.
 * The second gives the rows per second of epochs 2 and on, the difference of the two the processor time.
 */
export class GraftContestant implements Contestant {
  readonly name = 'Graft'
  readonly turns: GraftTurn[] = []

  constructor(
    private readonly bench: Bench,
    private readonly project: BenchProject,
  ) {}

  async turn(): Promise<Turn> {
    const { bench, project } = this
    const short = await train(bench.graft, project, 1)
    const long = await train(bench.graft, project, 1 + bench.epochs)
    const warm = long.value.epochs.filter(({ epoch }) => epoch > 1)
    const seconds = warm.reduce((sum, epoch) => sum + epoch.seconds, 0)
    const rows = warm.reduce((sum, epoch) => sum + epoch.rowsPerSecond * epoch.seconds, 0)
    const cpu = long.usage && short.usage ? long.usage.cpuSeconds - short.usage.cpuSeconds : null
    const turn: GraftTurn = {
      rowsPerSecond: rows / seconds,
      cpuMicroseconds: cpu === null ? null : (1e6 * cpu) / rows,
      sessionShare: long.value.sessionShare,
      outsideRowsPerSecond: rows / (long.seconds - short.seconds),
    }
    this.turns.push(turn)
    await forget(project, short.value)
    await forget(project, long.value)
    return turn
  }
}

/** Removes a run, whose weights may weigh gigabytes. */
export async function forget(project: BenchProject, run: TrainResult): Promise<void> {
  await rm(join(project.folder, 'runs', run.run), { recursive: true, force: true })
}
