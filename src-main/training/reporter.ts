import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import type { RunProgress, StepMetrics } from '../contract/runs'
import type { FromTrainer } from './protocol'

/** Main hears of steps at most this often. */
const interval = 100 // ms

/**
 * Tells main what happens and keeps `metrics.jsonl`, in batches: a step costs a line in memory, and what was flushed
 * survives whatever becomes of the process.
 */
export class Reporter {
  private readonly file: number
  private steps: StepMetrics[] = []
  private lines = ''
  private last = 0
  private progress: RunProgress

  constructor(
    run: string,
    epochs: number,
    metricsPath: string,
    private readonly tell: (message: FromTrainer) => void,
  ) {
    this.file = openSync(metricsPath, 'a')
    this.progress = {
      run,
      phase: 'preparing',
      epoch: 0,
      epochs,
      step: 0,
      stepsPerEpoch: 0,
      rowsPerSecond: null,
      secondsLeft: null,
    }
  }

  phase(changes: Partial<RunProgress>): void {
    this.progress = { ...this.progress, ...changes }
    this.flush()
  }

  /** Takes a step in, and passes it on with those that wait if it is time. `progress` is asked for only then. */
  step(metrics: StepMetrics, progress: () => Partial<RunProgress>): void {
    this.steps.push(metrics)
    this.lines += `${JSON.stringify(metrics)}\n`
    if (performance.now() - this.last < interval) return
    this.progress = { ...this.progress, ...progress() }
    this.flush()
  }

  flush(): void {
    this.last = performance.now()
    if (this.lines !== '') writeSync(this.file, this.lines)
    this.lines = ''
    if (this.steps.length > 0) this.tell({ type: 'steps', steps: this.steps })
    this.steps = []
    this.tell({ type: 'progress', progress: this.progress })
  }

  close(): void {
    this.flush()
    fsyncSync(this.file)
    closeSync(this.file)
  }
}
