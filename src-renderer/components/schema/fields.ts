import { type ColumnView, type DocumentCommand } from '../../../src-main/contract'

/** The editable cells of a row of the schema grid, from left to right. */
export const fields = ['role', 'tags', 'dtype', 'domain', 'width'] as const
export type Field = (typeof fields)[number]

export type ColumnChanges = Extract<DocumentCommand, { type: 'setColumns' }>['changes']

export interface Cursor {
  row: number
  field: number
}

/** Where a key takes the cursor; null for a key that does not move it. */
export function moveCursor(key: string, cursor: Cursor, rows: number, page = 12): Cursor | null {
  const last = { row: rows - 1, field: fields.length - 1 }
  const moves: Record<string, Cursor> = {
    ArrowUp: { row: cursor.row - 1, field: cursor.field },
    ArrowDown: { row: cursor.row + 1, field: cursor.field },
    ArrowLeft: { row: cursor.row, field: cursor.field - 1 },
    ArrowRight: { row: cursor.row, field: cursor.field + 1 },
    Home: { row: cursor.row, field: 0 },
    End: { row: cursor.row, field: last.field },
    PageUp: { row: cursor.row - page, field: cursor.field },
    PageDown: { row: cursor.row + page, field: cursor.field },
  }
  const next = Object.hasOwn(moves, key) ? moves[key] : undefined
  if (!next || rows === 0) return null
  const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most)
  return { row: clamp(next.row, last.row), field: clamp(next.field, last.field) }
}

/** Columns whose name, role, dtype or tags hold every word. */
export function filterColumns(columns: readonly ColumnView[], text: string): ColumnView[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return columns.filter((column) => {
    const hay = [column.name, column.role, column.dtype, ...column.tags].join(' ').toLowerCase()
    return words.every((word) => hay.includes(word))
  })
}

/** What a typed width says: a number, a rule's name, or (empty) the project's rule; null where it says none of them. */
export function parseWidth(text: string): { width: ColumnChanges['width'] } | null {
  const word = text.trim().toLowerCase()
  if (word === '') return { width: null }
  if (word === 'merlin' || word === 'schema' || word === 'nvtabular') return { width: word }
  const width = Number(word)
  return Number.isInteger(width) && width >= 1 && width <= 65_536 ? { width } : null
}

/** What a typed domain maximum says; null where it is no whole number from 1. */
export function parseDomainMax(text: string): { domainMax: number } | null {
  const max = Number(text.trim().replaceAll(',', ''))
  return Number.isInteger(max) && max >= 1 ? { domainMax: max } : null
}

/** The columns in groups that get the same tags, for one command a group. */
export function groupByTags(
  columns: readonly ColumnView[],
  edit: (tags: readonly string[]) => string[],
): { columns: string[]; tags: string[] }[] {
  const groups = new Map<string, { columns: string[]; tags: string[] }>()
  for (const column of columns) {
    const tags = edit(column.tags)
    if (tags.join('\n') === column.tags.join('\n')) continue
    const group = groups.get(tags.join('\n')) ?? { columns: [], tags }
    group.columns.push(column.name)
    groups.set(tags.join('\n'), group)
  }
  return [...groups.values()]
}
