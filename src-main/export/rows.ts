import { offsetsName, valuesName, type ModelSpec } from '../model'
import type { Feed } from '../tensorflow/session'
import type { Replay } from '../training/replay'
import { outputName } from './servingModel'

const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text)

/** The columns of rows that the model takes: those of its inputs, and those that weigh lists. */
function columnsOf(spec: ModelSpec): string[] {
  const names = spec.inputs.flatMap((input) => {
    const weights = input.kind === 'categorical' ? (input.list?.weights ?? null) : null
    return weights === null ? [input.column] : [input.column, weights]
  })
  return [...new Set(names)]
}

/**
 * The rows of a replay as CSV (RFC 4180), the predictions last. Numbers are written so that they read back to the same
 * float32, lists and vectors as JSON.
 */
export function replayCsv(spec: ModelSpec, rows: Replay): string {
  const columns = columnsOf(spec)
  const lines = [[...columns, outputName].map(quote).join(',')]
  const cell = (value: number | number[] | undefined): string =>
    typeof value === 'object' ? quote(JSON.stringify(value)) : String(value ?? '')
  rows.predictions.forEach((prediction, row) => {
    lines.push([...columns.map((column) => cell(rows.columns[column]?.[row])), prediction].join(','))
  })
  return `${lines.join('\n')}\n`
}

/** A replay's columns as a serving model is fed. */
export function replayFeeds(
  spec: ModelSpec,
  feeds: ReadonlyMap<string, string>,
  rows: Replay,
): Record<string, Feed> {
  const fed: Record<string, Feed> = {}
  const give = (name: string, feed: Feed): void => {
    const placeholder = feeds.get(name)
    if (placeholder) fed[placeholder] = feed
  }
  for (const input of spec.inputs) {
    const { column } = input
    const values = rows.columns[column] ?? []
    if (input.kind === 'vector') {
      const data = Float32Array.from(values.flat())
      give(column, { data, shape: [values.length, input.width] })
    } else if (input.kind === 'continuous') give(column, Float32Array.from(values.flat()))
    else if (!input.list) give(column, Int32Array.from(values.flat()))
    else {
      give(valuesName(column), Int32Array.from(values.flat()))
      give(offsetsName(column), offsetsOf(values))
      const { weights } = input.list
      if (weights === null) continue
      const numbers = rows.columns[weights] ?? []
      give(valuesName(weights), Float32Array.from(numbers.flat()))
      give(offsetsName(weights), offsetsOf(numbers))
    }
  }
  return fed
}

/** Where each list begins among the items of all, and where the last one ends: [rows + 1]. */
function offsetsOf(lists: readonly (number | readonly number[])[]): Int32Array {
  const offsets = new Int32Array(lists.length + 1)
  lists.forEach(
    (list, i) => (offsets[i + 1] = (offsets[i] ?? 0) + (typeof list === 'number' ? 1 : list.length)),
  )
  return offsets
}
