import { rm } from 'node:fs/promises'
import { GraftError } from '../contract/errors'
import { exportResult, type ExportResult } from '../contract/runs'
import { runTrainerJob } from '../training/job'
import type { ForkTrainer } from '../training/worker'
import type { ExportPlan } from './plan'
import type { ReportExport } from './targets'

export interface ExportHostOptions {
  readonly fork: ForkTrainer
  /** Folder of the TensorFlow engine. */
  readonly engine: string
  readonly report?: ReportExport
  readonly signal?: AbortSignal
}

/**
 * Exports in a process of its own: TensorFlow blocks the thread that it runs on, and may not take this one with it.
 * Whatever happens there, nothing half-written stays.
 * @throws GraftError what the process reported, `crashed` where it died, `cancelled`
 */
export async function exportInProcess(
  plan: ExportPlan,
  { fork, engine, report, signal }: ExportHostOptions,
): Promise<ExportResult> {
  try {
    const value = await runTrainerJob(
      fork,
      { kind: 'export', plan, engine },
      {
        signal,
        // A folder that is being replaced is put back by the process itself.
        cancelBy: 'asking',
        onProgress: ({ phase, done, total, unit }) => report?.(phase, done, total, unit),
      },
    )
    return exportResult.parse(value)
  } catch (error) {
    // A process that was killed could not do this itself.
    await rm(plan.staging, { recursive: true, force: true })
    throw inWordsOfAnExport(error)
  }
}

function inWordsOfAnExport(error: unknown): unknown {
  if (!(error instanceof GraftError)) return error
  if (error.code === 'cancelled') return new GraftError('cancelled', 'The export was cancelled.')
  if (error.code !== 'crashed') return error
  return new GraftError(
    'crashed',
    `${error.message.replace('The trainer process', 'The process of the export')} Nothing was written.`,
    'Where memory ran out, close other programs and export again.',
    error.details,
  )
}
