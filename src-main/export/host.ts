import { rm } from 'node:fs/promises'
import { GraftError } from '../contract/errors'
import { exportResult, type ExportResult } from '../contract/runs'
import { crashError } from '../training/crash'
import { fromTrainer, type ToTrainer } from '../training/protocol'
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

const outputLinesKept = 50

/**
 * Exports in a process of its own: TensorFlow blocks the thread that it runs on, and may not take this one with it.
 * Whatever happens there, nothing half-written stays.
 * @throws GraftError what the process reported, `crashed` where it died, `cancelled`
 */
export async function exportInProcess(plan: ExportPlan, options: ExportHostOptions): Promise<ExportResult> {
  try {
    return await converse(plan, options)
  } catch (error) {
    // A process that was killed could not do this itself.
    await rm(plan.staging, { recursive: true, force: true })
    throw error
  }
}

function converse(
  plan: ExportPlan,
  { fork, engine, report, signal }: ExportHostOptions,
): Promise<ExportResult> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled())
    const worker = fork()
    const send = (message: ToTrainer): void => worker.send(message)
    const stop = (): void => send({ type: 'stop' })
    const output: string[] = []
    let outcome: { value: ExportResult } | { error: GraftError } | null = null
    signal?.addEventListener('abort', stop)
    worker.onOutput((text) => {
      output.push(...text.split('\n').filter((line) => line.trim() !== ''))
      output.splice(0, output.length - outputLinesKept)
    })
    worker.onMessage((raw) => {
      const message = fromTrainer.safeParse(raw).data
      if (message?.type === 'jobProgress') report?.(message.phase, message.done, message.total, message.unit)
      if (message?.type === 'failed') outcome = { error: GraftError.fromWire(message.error) }
      if (message?.type === 'result') {
        const value = exportResult.safeParse(message.value)
        outcome = value.success
          ? { value: value.data }
          : { error: new GraftError('internal', value.error.message) }
      }
    })
    // Settled at the end only: the folder of a process that still lives is not ours to clear.
    worker.onExit((code, end) => {
      signal?.removeEventListener('abort', stop)
      if (outcome && 'value' in outcome) resolve(outcome.value)
      else if (outcome) reject(outcome.error)
      else if (signal?.aborted) reject(cancelled())
      else reject(exportCrash(code, end, output))
    })
    send({ type: 'start', job: { kind: 'export', plan, engine } })
  })
}

function cancelled(): GraftError {
  return new GraftError('cancelled', 'The export was cancelled.')
}

/** The trainer's crash report in the words of an export. */
function exportCrash(code: number | null, signal: string | null, output: readonly string[]): GraftError {
  const { details } = crashError(code, signal, output)
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
  return new GraftError(
    'crashed',
    `The export's process ${how}; nothing was written.`,
    'Where memory ran out, close other programs and export again.',
    details,
  )
}
