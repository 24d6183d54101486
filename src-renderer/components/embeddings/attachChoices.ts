import { type TableView, type VectorFile } from '../../../src-main/contract'

export interface AttachChoice {
  column: string
  fits: boolean
  /** Rows that the column's table needs. */
  rows: number
  sentence: string
}

/** Every column with a table: first those that the array fits, best first, then the others with what they need. */
export function attachChoices(
  array: VectorFile['arrays'][number],
  tables: readonly TableView[],
): AttachChoice[] {
  const all = tables.flatMap((table) => table.columns.map((column) => ({ column, rows: table.rows })))
  const rowsOf = new Map(all.map((entry) => [entry.column, entry.rows]))
  const fitting = array.fits.map((fit) => ({
    column: fit.column,
    fits: true,
    rows: rowsOf.get(fit.column) ?? array.shape[0] ?? 0,
    sentence: fit.sentence,
  }))
  const fitted = new Set(fitting.map((choice) => choice.column))
  const others = all
    .filter((entry) => !fitted.has(entry.column))
    .map((entry) => ({ ...entry, fits: false, sentence: '' }))
  return [...fitting, ...others]
}
