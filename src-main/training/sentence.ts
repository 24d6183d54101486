import type { Task } from '../contract/document'
import { scoreOf, scores, type MetricValues, type RunRecord, type RunSummary } from '../contract/runs'
import { targetTask } from '../project/modelSpec'

function taskOfRun({ document: { schema }, target }: RunRecord): Task {
  return targetTask({ schema, target })
}

/** The metric that a run is judged by, in words. */
export function scoreText(task: Task, values: MetricValues, digits: number): string {
  return `${scores[task].title} ${scoreOf(task, values)?.toFixed(digits) ?? '–'}`
}

/** Turns a record into a row of the Runs table, with one sentence that says what happened. */
export function summarizeRun(record: RunRecord): RunSummary {
  return {
    id: record.id,
    status: record.status,
    startedAt: record.startedAt,
    finishedAt: record.finishedAt,
    architecture: record.document.model.architecture,
    target: record.target,
    task: taskOfRun(record),
    seed: record.seed,
    epochs: record.epochs,
    tables: record.tables,
    trains: record.model?.tables ?? [],
    locks: record.locks,
    error: record.error,
    sentence: sentenceOf(record),
  }
}

function sentenceOf(record: RunRecord): string {
  const done = record.epochs.length
  const epochs = `${done} of ${record.document.training.epochs} epochs`
  switch (record.status) {
    case 'starting':
      return 'Starting.'
    case 'running':
      return `Training: ${epochs} done.`
    case 'stopping':
      return 'Stopping after the current step.'
    case 'completed':
      return `${trained(done)}${result(record)}${proof(record)}${turned(record)}`
    case 'stopped':
      return `Stopped after ${epochs}; what it learnt is kept.${result(record)}${proof(record)}${turned(record)}`
    case 'failed':
    case 'crashed':
      return record.error ? record.error.message : `Ended after ${epochs}.`
  }
}

function trained(epochs: number): string {
  return epochs === 1 ? 'Trained 1 epoch.' : `Trained ${epochs} epochs.`
}

function result(record: RunRecord): string {
  const last = record.epochs[record.epochs.length - 1]
  if (!last) return ''
  const values = last.validation ?? last.train
  const part = last.validation ? 'Validation' : 'Train'
  return ` ${part} loss ${values.loss.toFixed(4)}, ${scoreText(taskOfRun(record), values, 4)}.`
}

/** What became of the locks that were turned in mid-run: the last turn of each. */
function turned(record: RunRecord): string {
  const last = new Map(record.locks.map((lock) => [lock.table, lock]))
  return [...last.values()]
    .map(({ table, frozen, epoch }) => ` ${table} was ${frozen ? 'locked' : 'unlocked'} in epoch ${epoch}.`)
    .join('')
}

/** The freeze proof in words. */
function proof(record: RunRecord): string {
  const names = (frozen: boolean, changed: boolean): string[] =>
    record.tables
      .filter((table) => table.frozen === frozen && table.changed === changed)
      .map((table) => table.table)
  const kept = names(true, false)
  const broken = names(true, true)
  if (broken.length) return ` ${broken.join(', ')} changed although frozen.`
  return kept.length ? ` ${kept.join(', ')} unchanged, as frozen.` : ''
}
