import { type RunSummary } from '../../../src-main/contract'

export type Tone = 'good' | 'warn' | 'bad' | 'busy'

const tones: Record<RunSummary['status'], Tone> = {
  starting: 'busy',
  running: 'busy',
  stopping: 'busy',
  completed: 'good',
  stopped: 'warn',
  failed: 'bad',
  crashed: 'bad',
}

export function toneOf(status: RunSummary['status']): Tone {
  return tones[status]
}

/** Names of the settings in which runs differ, as dotted paths with the value of each run. */
export function differences(
  documents: readonly Readonly<Record<string, unknown>>[],
): { path: string; values: string[] }[] {
  const flat = documents.map((document) => flatten(document))
  const paths = [...new Set(flat.flatMap((values) => [...values.keys()]))].sort()
  return paths.flatMap((path) => {
    const values = flat.map((entry) => entry.get(path) ?? '–')
    return values.some((value) => value !== values[0]) ? [{ path, values }] : []
  })
}

function flatten(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    for (const [key, inner] of Object.entries(value)) flatten(inner, path ? `${path}.${key}` : key, into)
  else into.set(path, typeof value === 'string' ? value : JSON.stringify(value))
  return into
}
