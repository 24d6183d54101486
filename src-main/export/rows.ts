import type { ModelSpec } from '../model'
import type { Replay } from '../training/replay'
import { outputName } from './servingModel'

const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text)

/**
 * The rows of a replay as CSV (RFC 4180), the predictions last. Numbers are written so that they read back to the same
 * float32.
 */
export function replayCsv(spec: ModelSpec, rows: Replay): string {
  const columns = spec.inputs.map(({ column }) => column)
  const lines = [[...columns, outputName].map(quote).join(',')]
  rows.predictions.forEach((prediction, row) => {
    lines.push([...columns.map((column) => rows.columns[column]?.[row] ?? ''), prediction].join(','))
  })
  return `${lines.join('\n')}\n`
}

/** A replay's columns as a serving model is fed. */
export function replayFeeds(
  spec: ModelSpec,
  feeds: ReadonlyMap<string, string>,
  rows: Replay,
): Record<string, Float32Array | Int32Array> {
  const fed: Record<string, Float32Array | Int32Array> = {}
  for (const input of spec.inputs) {
    const values = (rows.columns[input.column] ?? []).flat()
    const name = feeds.get(input.column)
    if (name) fed[name] = input.kind === 'categorical' ? Int32Array.from(values) : Float32Array.from(values)
  }
  return fed
}
