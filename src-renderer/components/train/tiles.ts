import {
  type EpochResult,
  type RunProgress,
  type RunSummary,
  scoreOf,
  scores,
} from '../../../src-main/contract'
import { count, duration, metric, none, rate } from '../../format'
import { isActive } from '../../stores/runs'

export interface TileText {
  label: string
  value: string
  note: string
}

/** The epoch with the best AUC (validation where there is one), else the lowest loss; null before the first. */
export function bestEpoch(epochs: readonly EpochResult[]): EpochResult | null {
  const score = (epoch: EpochResult): number => {
    const values = epoch.validation ?? epoch.train
    return values.auc ?? -(values.rmse ?? values.loss)
  }
  return epochs.reduce<EpochResult | null>(
    (best, epoch) => (!best || score(epoch) > score(best) ? epoch : best),
    null,
  )
}

const phases: Record<RunProgress['phase'], string> = {
  preparing: 'preparing',
  training: 'training',
  validating: 'validating',
  saving: 'saving weights',
}

/** What the tiles above the charts say of a run, while it goes on and when it has ended. */
export function trainTiles(run: RunSummary | null, progress: RunProgress | null, epochs: number): TileText[] {
  const best = run ? bestEpoch(run.epochs) : null
  const bestValues = best ? (best.validation ?? best.train) : null
  const task = run?.task ?? 'binary'
  const score = scoreOf(task, bestValues)
  const active = run !== null && isActive(run)
  const done = run?.epochs.length ?? 0
  const seconds = run?.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0) ?? 0
  const meanRate = run?.epochs.at(-1)?.rowsPerSecond ?? null
  return [
    {
      label: 'Epoch',
      value:
        active && progress ? `${progress.epoch} of ${progress.epochs}` : run ? `${done} of ${epochs}` : none,
      note: active
        ? progress
          ? `${phases[progress.phase]}${progress.stepsPerEpoch ? `, step ${count(progress.step)} of ${count(progress.stepsPerEpoch)}` : ''}`
          : 'starting'
        : (run?.status ?? 'not started'),
    },
    {
      label: 'Throughput',
      value: rate(active ? (progress?.rowsPerSecond ?? null) : meanRate),
      note: active ? 'now' : run ? 'in the last epoch' : '',
    },
    active
      ? {
          label: 'Time left',
          value: duration(progress?.secondsLeft ?? null),
          note: `${duration(seconds)} so far`,
        }
      : { label: 'Training time', value: run ? duration(seconds) : none, note: run ? 'of all epochs' : '' },
    {
      label: 'Best so far',
      value: bestValues ? metric(score ?? bestValues.loss) : none,
      note: best
        ? `${best.validation ? 'validation' : 'train'} ${score === null ? 'loss' : scores[task].title}, epoch ${best.epoch}`
        : '',
    },
  ]
}
