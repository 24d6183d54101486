import { takesText } from '../../composables/useShortcuts'
import { moveCursor, type Cursor } from './fields'

/** What keys do in a grid of cells, as in a spreadsheet. */
export interface CellActions {
  cursor(): Cursor
  rows(): number
  /** Rows that a page key goes. */
  page(): number
  isEditing(): boolean
  go(row: number, field: number, extend: boolean): void
  /** Opens the cell; `seed` is what was typed to open it. */
  edit(seed: string): void
  toggle(): void
  all(): void
  clear(): void
  erase(): void
}

/**
 * Arrows, Home, End, PageUp and PageDown move, with Shift they choose rows, with Ctrl they go to the end; Tab goes from
 * cell to cell and out of the grid at either end of a row; Enter, F2 or typing edits, Delete empties, Space and Ctrl+A
 * choose, Escape chooses none.
 */
export function cellKeys(actions: CellActions): (event: KeyboardEvent) => void {
  return (event) => {
    if (actions.isEditing() || takesText(event.target)) return
    const control = event.ctrlKey || event.metaKey
    const cursor = actions.cursor()
    const next = event.altKey
      ? null
      : moveCursor(tabAsArrow(event), cursor, actions.rows(), actions.page(), control)
    if (event.key === 'Tab' && next?.field === cursor.field) return
    if (next) actions.go(next.row, next.field, event.shiftKey && next.row !== cursor.row)
    else if (control && event.key.toLowerCase() === 'a') actions.all()
    else if (control || event.altKey) return
    else if (event.key === 'Enter' || event.key === 'F2') actions.edit('')
    else if (event.key === ' ') actions.toggle()
    else if (event.key === 'Escape') actions.clear()
    else if (event.key === 'Delete' || event.key === 'Backspace') actions.erase()
    else if (/^[\p{L}\p{N}]$/u.test(event.key)) actions.edit(event.key)
    else return
    event.preventDefault()
  }
}

function tabAsArrow({ key, shiftKey }: KeyboardEvent): string {
  return key === 'Tab' ? (shiftKey ? 'ArrowLeft' : 'ArrowRight') : key
}
