import { hasTag, type ColumnView, type DocumentCommand, type Problem } from '../../../src-main/contract'

/** The editable cells of a row of the schema grid, from left to right. */
export const fields = ['role', 'tags', 'dtype', 'domain', 'width'] as const
export type Field = (typeof fields)[number]

export const fieldTitles: Readonly<Record<Field, string>> = {
  role: 'Role',
  tags: 'Tags',
  dtype: 'Dtype',
  domain: 'Domain',
  width: 'Width',
}

export type ColumnChanges = Extract<DocumentCommand, { type: 'setColumns' }>['changes']

export interface Cursor {
  row: number
  field: number
}

/** Where the cursor goes after an edit: down with Enter, to a side with Tab. */
export type CellStep = Cursor

/** Where a key takes the cursor; null for a key that does not move it. `far`: with Ctrl, to the first or last row. */
export function moveCursor(key: string, cursor: Cursor, rows: number, page = 12, far = false): Cursor | null {
  const last = { row: rows - 1, field: fields.length - 1 }
  const moves: Record<string, Cursor> = {
    ArrowUp: { row: far ? 0 : cursor.row - 1, field: cursor.field },
    ArrowDown: { row: far ? last.row : cursor.row + 1, field: cursor.field },
    ArrowLeft: { row: cursor.row, field: far ? 0 : cursor.field - 1 },
    ArrowRight: { row: cursor.row, field: far ? last.field : cursor.field + 1 },
    Home: { row: far ? 0 : cursor.row, field: 0 },
    End: { row: far ? last.row : cursor.row, field: last.field },
    PageUp: { row: cursor.row - page, field: cursor.field },
    PageDown: { row: cursor.row + page, field: cursor.field },
  }
  const next = Object.hasOwn(moves, key) ? moves[key] : undefined
  if (!next || rows === 0) return null
  const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most)
  return { row: clamp(next.row, last.row), field: clamp(next.field, last.field) }
}

/** Whether a cell of the column can be edited; a width of pretrained vectors cannot, nor one where there is no table. */
export function isEditable(column: ColumnView, field: Field): boolean {
  if (field === 'domain') return column.domain !== null || hasTag(column.tags, 'categorical')
  return field !== 'width' || (column.width !== null && column.width.from !== 'pretrained')
}

/** The text of a cell, as it is copied and as typing begins with. */
export function cellText(column: ColumnView, field: Field): string {
  if (field === 'tags') return column.tags.join(', ')
  if (field === 'domain') return column.domain ? String(column.domain.max) : ''
  if (field === 'width') return column.width ? String(column.width.width) : ''
  return column[field]
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

export interface Remark {
  severity: 'error' | 'warning'
  message: string
  /** Whether the text says nothing, so that it cannot be taken. */
  refused: boolean
}

const refusal = (message: string): Remark => ({ severity: 'error', message, refused: true })
const numbers = new Intl.NumberFormat('en-US')

/**
 * What is to be said of a text while it is typed: that it says nothing, that the data hold larger ids, that a column of
 * the same domain ends elsewhere. Null where there is nothing to say.
 */
export function remarkOn(
  field: 'domain' | 'width',
  text: string,
  targets: readonly ColumnView[],
  all: readonly ColumnView[],
): Remark | null {
  if (field === 'width')
    return parseWidth(text)
      ? null
      : refusal('A whole number from 1 to 65,536, or merlin, schema or nvtabular.')
  const max = parseDomainMax(text)?.domainMax
  if (max === undefined) return refusal('The largest id: a whole number from 1.')
  const short = targets.find(({ largest }) => largest !== null && largest > max)
  if (short)
    return {
      severity: 'error',
      message: `The data have ids of ${short.name} up to ${numbers.format(short.largest ?? 0)}.`,
      refused: false,
    }
  const names = new Set(targets.map(({ name }) => name))
  const domains = new Set(targets.map(({ domain }) => domain?.name))
  const other = all.find(
    ({ name, domain, role }) =>
      role === 'feature' && domain && !names.has(name) && domains.has(domain.name) && domain.max !== max,
  )
  return other?.domain
    ? {
        severity: 'warning',
        message: `${other.name} shares the domain ${other.domain.name} and ends at ${numbers.format(other.domain.max)}.`,
        refused: false,
      }
    : null
}

/** The cell that a problem stands in; null: the column's name. */
const fieldsOfProblems: Readonly<Record<string, Field>> = {
  'tag-collision': 'tags',
  'two-tasks': 'tags',
  'two-ids': 'tags',
  'no-domain': 'domain',
  'empty-domain': 'domain',
  'negative-ids': 'domain',
  'domain-disagrees': 'domain',
  'domain-too-small': 'domain',
  'not-integer': 'dtype',
  'not-number': 'dtype',
  'odd-embedding': 'width',
}
export function fieldOfProblem({ code }: Problem): Field | null {
  return Object.hasOwn(fieldsOfProblems, code) ? (fieldsOfProblems[code] ?? null) : null
}

/** The cells that an import said otherwise, by the fields of the comparison. */
export function isChanged(column: ColumnView, field: Field): boolean {
  if (field === 'width') return column.changed.includes('embedding')
  if (field === 'dtype') return column.changed.includes('dtype') || column.changed.includes('list')
  return column.changed.includes(field)
}
