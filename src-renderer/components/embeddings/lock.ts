import { type TableView } from '../../../src-main/contract'

export type LockState = 'random' | 'open' | 'closed' | 'proved'

/** What a table's lock shows: proved where the newest finished run had it frozen and left it as it was. */
export function lockOf(table: TableView): LockState {
  if (!table.attached) return 'random'
  if (!table.frozen) return 'open'
  return table.proof?.frozen && !table.proof.changed ? 'proved' : 'closed'
}
