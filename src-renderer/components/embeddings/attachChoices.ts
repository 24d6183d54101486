import { type TableView, type VectorFile } from '../../../src-main/contract'
import { count, plural } from '../../format'

export interface AttachChoice {
  column: string
  fits: boolean
  /** How well it fits, or what it would need. */
  hint: string
}

/**
 * Every column with a table: first those that the array fits, best first, with how many ids are covered; then the others.
 * By position only columns of as many rows can be chosen; by key any can, for a rule or another key field may help.
 */
export function attachChoices(
  array: VectorFile['arrays'][number],
  tables: readonly TableView[],
  byPosition: boolean,
): AttachChoice[] {
  const rows = new Map<string, number>()
  for (const table of tables)
    for (const column of table.columns)
      if (!rows.has(column)) rows.set(column, table.rows - (table.attached?.extraRows ?? 0))
  const fitting = array.fits.map(({ column, matched, ids }) => ({
    column,
    fits: true,
    hint: matched === undefined || ids === undefined ? '' : `${count(matched)} of ${plural(ids, 'id')}`,
  }))
  const fitted = new Set(fitting.map(({ column }) => column))
  const others = [...rows]
    .filter(([column]) => !fitted.has(column))
    .map(([column, needed]) =>
      byPosition
        ? // n + 1 rows as they are, n rows as ids 1 … n: the same that main takes.
          {
            column,
            fits: [needed, needed - 1].includes(array.shape[0] ?? 0),
            hint: `needs ${plural(needed, 'row')}`,
          }
        : { column, fits: true, hint: 'no key is an id of it' },
    )
  return [...fitting, ...others]
}
