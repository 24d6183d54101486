import { type TableView } from '../../../src-main/contract'

export type LockState = 'random' | 'open' | 'closed' | 'proved' | 'broken'

/**
 * What a table's lock shows: proved where the newest finished run had it frozen and left it as it was, broken where that run
 * moved it all the same.
 */
export function lockOf(table: TableView): LockState {
  if (!table.attached) return 'random'
  if (!table.frozen) return 'open'
  if (!table.proof?.frozen) return 'closed'
  return table.proof.changed ? 'broken' : 'proved'
}
