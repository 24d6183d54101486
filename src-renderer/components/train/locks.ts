import { type RunSummary, type RunTable } from '../../../src-main/contract'

/** The tables of a run as they are now: as it began, and every turn of a lock since. */
export function locksNow({ trains, locks }: Pick<RunSummary, 'trains' | 'locks'>): RunTable[] {
  const turned = new Map(locks.map(({ table, frozen }) => [table, frozen]))
  return trains.map((table) => ({ ...table, frozen: turned.get(table.table) ?? table.frozen }))
}
