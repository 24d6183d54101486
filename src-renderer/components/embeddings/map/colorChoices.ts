import { type IdColumn, type IdColumns, type MapColor } from '../../../../src-main/contract'
import { type Pair } from './versions'

/** A way to colour the points, as the list of them shows it. */
export interface ColorChoice {
  readonly value: string
  readonly label: string
  readonly color: MapColor | null
}

/** What points can be coloured by, in groups: the table itself, what holds of an id, what was measured in the data. */
export function colorChoices(
  columns: IdColumns | null,
  pair: Pair | null,
): { label: string; choices: ColorChoice[] }[] {
  const table: ColorChoice[] = [
    { value: 'none', label: 'One colour', color: null },
    { value: 'norm', label: 'Norm of the row', color: { by: 'norm' } },
    ...(pair
      ? [
          {
            value: 'drift',
            label: 'How far training moved it',
            color: { by: 'drift' as const, from: pair.before.version, to: pair.after.version },
          },
        ]
      : []),
  ]
  const ofColumn = (column: IdColumn): ColorChoice => ({
    value: `column ${column.column}`,
    label: column.ofId
      ? column.column
      : `${column.kind === 'number' ? 'Mean' : 'Most frequent'} ${column.column}`,
    color: { by: 'column', column: column.column },
  })
  const found = (columns?.columns ?? []).filter(({ kind }) => kind !== 'text')
  const data: ColorChoice[] = [
    { value: 'count', label: 'Rows of data', color: { by: 'count' } },
    ...found.filter(({ ofId }) => !ofId).map(ofColumn),
  ]
  return [
    { label: 'The table', choices: table },
    { label: 'What holds of an id', choices: found.filter(({ ofId }) => ofId).map(ofColumn) },
    { label: 'In the training rows', choices: data },
  ].filter(({ choices }) => choices.length > 0)
}

/** Of more kinds than this most would share one colour. */
const mostKinds = 24

/** What a map is coloured by until the person says otherwise: kinds of things if the data tell any. */
export function firstChoice(
  groups: readonly { choices: readonly ColorChoice[] }[],
  columns: IdColumns | null,
): string {
  const kinds = (columns?.columns ?? []).filter(
    ({ kind, ofId, distinct }) => ofId && kind === 'category' && distinct >= 2 && distinct <= mostKinds,
  )
  const [best] = kinds.sort((a, b) => a.distinct - b.distinct)
  const wished = best ? `column ${best.column}` : 'count'
  return groups.some(({ choices }) => choices.some(({ value }) => value === wished)) ? wished : 'none'
}
