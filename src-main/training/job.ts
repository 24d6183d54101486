import { GraftError } from '../contract/errors'
import { crashError } from './crash'
import { fromTrainer, type TrainerJob } from './protocol'
import type { ForkTrainer } from './worker'

export interface JobProgress {
  readonly phase: string
  readonly done: number
  readonly total: number | null
  readonly unit: string
}

export interface JobOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: JobProgress) => void
  /** How a cancelled job ends: killed, or asked to, where it has to put something back. Killed by default. */
  readonly cancelBy?: 'killing' | 'asking'
}

/**
 * Does a job other than training (an export, an evaluation) in a process of its own, with TensorFlow.
 * @returns what the job produced, to be checked by whoever knows its form
 * @throws GraftError the job's own, `cancelled`, or `crashed` where the process ended without a word
 */
export function runTrainerJob(
  fork: ForkTrainer,
  job: Exclude<TrainerJob, { kind: 'train' }>,
  { signal, onProgress, cancelBy = 'killing' }: JobOptions = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(cancelled())
      return
    }
    const worker = fork()
    const words: string[] = []
    let settle: (() => void) | null = null
    const abort = (): void => {
      if (cancelBy === 'asking') {
        worker.send({ type: 'stop' })
        return
      }
      settle = () => reject(cancelled())
      worker.kill()
    }
    signal?.addEventListener('abort', abort, { once: true })
    worker.onOutput((text) => words.push(text.trimEnd()))
    worker.onMessage((raw) => {
      const parsed = fromTrainer.safeParse(raw)
      if (!parsed.success) return
      const message = parsed.data
      if (message.type === 'jobProgress') onProgress?.(message)
      if (message.type !== 'result' && message.type !== 'failed') return
      settle =
        message.type === 'result'
          ? () => resolve(message.value)
          : () => reject(GraftError.fromWire(message.error))
      worker.send({ type: 'heard' })
    })
    worker.onExit((code, exitSignal) => {
      signal?.removeEventListener('abort', abort)
      if (settle) settle()
      else if (signal?.aborted) reject(cancelled())
      else reject(crashError(code, exitSignal, words))
    })
    worker.send({ type: 'start', job })
  })
}

function cancelled(): GraftError {
  return new GraftError('cancelled', 'The job was cancelled.', 'Nothing was changed.')
}
