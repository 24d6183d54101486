import { type ColumnView, type Problem, type Role } from '../../../src-main/contract'
import { type Field } from './fields'

/** Which columns the grid shows. Null: all. */
export interface ColumnFilter {
  text: string
  role: Role | null
  tag: string | null
  /** Only columns with a problem, or only those that changed since the import. */
  only: 'problems' | 'changed' | null
}
export const noFilter: ColumnFilter = { text: '', role: null, tag: null, only: null }

export type SortKey = Field | 'name' | 'problems'
export interface Sort {
  key: SortKey
  down: boolean
}

/** A click on a header: up, down, and back to the order of the schema. */
export function nextSort(sort: Sort | null, key: SortKey): Sort | null {
  if (sort?.key !== key) return { key, down: false }
  return sort.down ? null : { key, down: true }
}

export function problemsByColumn(problems: readonly Problem[]): ReadonlyMap<string, readonly Problem[]> {
  const found = new Map<string, Problem[]>()
  for (const problem of problems) {
    if (problem.column === null) continue
    const others = found.get(problem.column)
    if (others) others.push(problem)
    else found.set(problem.column, [problem])
  }
  return found
}

/** The names of the columns to show, in the order to show them. Equal ones stay in the order of the schema. */
export function arrangeColumns(
  columns: readonly ColumnView[],
  filter: ColumnFilter,
  sort: Sort | null,
  problems: ReadonlyMap<string, readonly Problem[]>,
): string[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = columns.filter((column) => {
    if (filter.role !== null && column.role !== filter.role) return false
    if (filter.tag !== null && !column.tags.includes(filter.tag)) return false
    if (filter.only === 'problems' && !problems.has(column.name)) return false
    if (filter.only === 'changed' && column.changed.length === 0) return false
    if (words.length === 0) return true
    const hay = [column.name, column.role, column.dtype, ...column.tags].join(' ').toLowerCase()
    return words.every((word) => hay.includes(word))
  })
  if (!sort) return shown.map(({ name }) => name)
  const keys = new Map(shown.map((column) => [column, sortValue(column, sort.key, problems)]))
  const direction = sort.down ? -1 : 1
  return [...shown]
    .sort((a, b) => direction * compare(keys.get(a) ?? '', keys.get(b) ?? ''))
    .map(({ name }) => name)
}

function sortValue(
  column: ColumnView,
  key: SortKey,
  problems: ReadonlyMap<string, readonly Problem[]>,
): number | string {
  switch (key) {
    case 'name':
      return column.name
    case 'role':
      return ['target', 'feature', 'ignored'].indexOf(column.role)
    case 'tags':
      return [...column.tags].sort().join(' ')
    case 'dtype':
      return column.dtype
    case 'domain':
      return column.domain?.max ?? -1
    case 'width':
      return column.width?.width ?? -1
    case 'problems': {
      const own = problems.get(column.name) ?? []
      // Those that stand in the way come first.
      return own.some(({ severity }) => severity === 'error') ? 0 : own.length > 0 ? 1 : 2
    }
  }
}

/** Names with numbers in them in the order of the numbers: c2 before c10. */
const byName = new Intl.Collator('en', { numeric: true })
function compare(a: number | string, b: number | string): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : byName.compare(String(a), String(b))
}
