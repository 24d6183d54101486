import { GraftError, type TablesReport, tablesReport } from '../contract'
import { formatCount, formatMetric, formatShare, formatTable } from './format'

/** A job's result as the report that it documents. */
export function tablesResult(result: unknown): TablesReport {
  const parsed = tablesReport.safeParse(result)
  if (parsed.success) return parsed.data
  throw new GraftError('internal', parsed.error.message)
}

/** What was imported, why each column is taken for what it is, and what to look at. */
export function describeTables({ rows, columns, unseen, split, warnings }: TablesReport): string {
  const strange = (part: string): string =>
    unseen
      .filter((found) => found.part === part)
      .map(({ column, share }) => `${column} ${formatShare(share)}`)
      .join(', ')
  const rate = (part: string): string =>
    formatMetric(split.parts.find((found) => found.part === part)?.targetRate)
  const ids = split.ids.filter(({ distinct }) => distinct !== null)
  return [
    formatTable(
      [
        { title: 'part' },
        { title: 'rows', align: 'right' },
        { title: 'mean target', align: 'right' },
        { title: 'rows of values that training does not have' },
      ],
      Object.entries(rows).map(([part, count]) => [part, formatCount(count), rate(part), strange(part)]),
    ),
    ...(ids.length > 0
      ? [
          '',
          formatTable(
            [
              { title: 'id' },
              { title: 'part' },
              { title: 'values', align: 'right' },
              { title: 'in training', align: 'right' },
              { title: 'unseen rows', align: 'right' },
              { title: 'missing rows', align: 'right' },
            ],
            ids.map(({ column, part, distinct, known, unseenRows, missingRows }) => [
              column,
              part,
              formatCount(distinct ?? 0),
              formatCount(known ?? 0),
              formatCount(unseenRows),
              formatCount(missingRows),
            ]),
          ),
        ]
      : []),
    '',
    formatTable(
      [{ title: 'column' }, { title: 'dtype' }, { title: 'role' }, { title: 'tags' }, { title: 'why' }],
      columns.map(({ name, dtype, role, tags, reason }) => [name, dtype, role, tags.join(', '), reason]),
    ),
    ...(warnings.length > 0 ? [''] : []),
    ...warnings.map((warning) => `Note: ${warning}`),
  ].join('\n')
}
