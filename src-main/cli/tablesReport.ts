import { GraftError, type TablesReport, tablesReport } from '../contract'
import { formatCount, formatShare, formatTable } from './format'

/** A job's result as the report that it documents. */
export function tablesResult(result: unknown): TablesReport {
  const parsed = tablesReport.safeParse(result)
  if (parsed.success) return parsed.data
  throw new GraftError('internal', parsed.error.message)
}

/** What was imported, why each column is taken for what it is, and what to look at. */
export function describeTables({ rows, columns, unseen, warnings }: TablesReport): string {
  const strange = (part: string): string =>
    unseen
      .filter((found) => found.part === part)
      .map(({ column, share }) => `${column} ${formatShare(share)}`)
      .join(', ')
  return [
    formatTable(
      [{ title: 'part' }, { title: 'rows', align: 'right' }, { title: 'ids that training does not know' }],
      Object.entries(rows).map(([part, count]) => [part, formatCount(count), strange(part)]),
    ),
    '',
    formatTable(
      [{ title: 'column' }, { title: 'dtype' }, { title: 'role' }, { title: 'tags' }, { title: 'why' }],
      columns.map(({ name, dtype, role, tags, reason }) => [name, dtype, role, tags.join(', '), reason]),
    ),
    ...(warnings.length > 0 ? [''] : []),
    ...warnings.map((warning) => `Note: ${warning}`),
  ].join('\n')
}
