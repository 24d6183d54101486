import type { Report } from './bench'
import type { Spread } from './statistics'

export const count = (value: number): string => Math.round(value).toLocaleString('en-US')

export const decimal = (value: number, digits: number): string => value.toFixed(digits)

export const spreadText = (value: Spread, format: (value: number) => string): string =>
  `${format(value.min)} – ${format(value.max)}`

/** A report as it is read in a terminal. */
export function formatReport(report: Report): string {
  const lines = [report.title, ...alignColumns(report.table), ...report.notes]
  return lines.join('\n')
}

/** Verdicts of all sections, one a line. */
export function formatVerdicts(reports: readonly Report[]): string {
  const mark = { true: 'met', false: 'MISSED', null: '' }
  const rows = reports.flatMap(({ verdicts }) =>
    verdicts.map(({ name, value, unit, goal, met, note }) => [
      name,
      `${decimal(value, Math.abs(value) < 100 ? 2 : 0)} ${unit}`.trim(),
      goal,
      mark[`${met}`],
      note,
    ]),
  )
  return alignColumns([['figure', 'here', 'goal', '', ''], ...rows]).join('\n')
}

/** Pads cells to their columns' widths: the first column to the left, the others to the right. */
function alignColumns(table: readonly (readonly string[])[]): string[] {
  const columns = Math.max(...table.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...table.map((row) => (row[i] ?? '').length)),
  )
  return table.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
