import { type ProjectSnapshot, type RunSummary } from '../../src-main/contract'
import { places, placeTitles, type Place } from './steps'

/** Something that can be gone to: a step, a column, a table, a run. */
export interface SearchEntry {
  kind: 'step' | 'column' | 'table' | 'run'
  /** Name of the column or table, id of the run; empty for a step. */
  id: string
  title: string
  /** What tells it from others of its name. */
  detail: string
  place: Place
}

/** All that a project has to go to, in the order of the rail. */
export function searchEntries(project: ProjectSnapshot, runs: readonly RunSummary[]): SearchEntry[] {
  return [
    ...places.map((place) => ({
      kind: 'step' as const,
      id: '',
      title: placeTitles[place],
      detail: 'step',
      place,
    })),
    ...project.columns.map((column) => ({
      kind: 'column' as const,
      id: column.name,
      title: column.name,
      detail: [column.role, ...column.tags].join(' · '),
      place: 'schema' as const,
    })),
    ...project.tables.map((table) => ({
      kind: 'table' as const,
      id: table.columns[0] ?? table.id,
      title: table.columns.join(', '),
      detail: `table ${table.rows} × ${table.width}${table.frozen ? ' · frozen' : ''}`,
      place: 'embeddings' as const,
    })),
    ...runs.map((run) => ({
      kind: 'run' as const,
      id: run.id,
      title: run.id,
      detail: `run · ${run.status} · ${run.target}`,
      place: 'runs' as const,
    })),
  ]
}

/** Entries that hold every word: those whose name begins with the text first, then by the place of the match. */
export function searchIn(entries: readonly SearchEntry[], text: string, most = 12): SearchEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const rank = (entry: SearchEntry): number => {
    const title = entry.title.toLowerCase()
    const first = words[0] ?? ''
    return title.startsWith(first) ? 0 : title.includes(first) ? 1 : 2
  }
  return entries
    .filter((entry) => {
      const hay = `${entry.title} ${entry.detail}`.toLowerCase()
      return words.every((word) => hay.includes(word))
    })
    .map((entry, index) => ({ entry, index }))
    .sort((a, b) => rank(a.entry) - rank(b.entry) || a.index - b.index)
    .slice(0, most)
    .map(({ entry }) => entry)
}
