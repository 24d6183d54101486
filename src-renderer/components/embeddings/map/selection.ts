import { type IdLabel } from '../../../../src-main/contract'

/** Ids as CSV (RFC 4180): the column, and the title where any has one. */
export function idsAsCsv(column: string, labels: readonly IdLabel[]): string {
  const titled = labels.some(({ title }) => title !== null)
  const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const lines = [
    titled ? [column, 'title'] : [column],
    ...labels.map(({ id, title }) => (titled ? [id, title ?? ''] : [id])),
  ]
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('')
}
