import { z } from 'zod'
import { type Combination, tableUseChanges, type TableUse, type TableView } from '../../../src-main/contract'
import { count } from '../../format'
import { formFields, type FormField } from '../common/formFields'

/** A projection is an object of its own in the schema: shown as two numbers. */
const withProjection = z.looseObject({
  properties: z.looseObject({
    projection: z.looseObject({
      title: z.string().default('Projection'),
      description: z.string().default(''),
      anyOf: z.array(z.unknown()).min(1),
    }),
  }),
})

/** What can be set of how a table is used, from the schema of table uses; what has no effect on this one is left out. */
export function useFields(schema: unknown, table: TableView, use: Partial<TableUse>): FormField[] {
  const { projection } = withProjection.parse(schema).properties
  const inner = formFields(projection.anyOf[0])
  const optional = (name: string, words: Partial<FormField> = {}): FormField[] =>
    inner.flatMap((field) =>
      field.name === name && field.kind === 'number'
        ? [{ ...field, ...words, kind: 'number' as const, name: `projection.${name}`, nullable: true }]
        : [],
    )
  const pointless = table.frozen ? [] : ['residual', 'unfreezeAtEpoch']
  return [
    ...optional('width', { title: projection.title, help: projection.description }),
    ...(use.projection ? optional('hidden') : []),
    ...formFields(schema, pointless),
  ]
}

/** The values of these fields. */
export function useValues(use: Partial<TableUse>): Record<string, unknown> {
  const { projection } = use
  return { ...use, 'projection.width': projection?.width, 'projection.hidden': projection?.hidden }
}

/** What a change of a field changes of the use. @throws ZodError for a value that does not fit */
export function useChange(use: Partial<TableUse>, name: string, value: unknown): Partial<TableUse> {
  return tableUseChanges.parse(changed(use, name, value))
}

function changed(use: Partial<TableUse>, name: string, value: unknown): Record<string, unknown> {
  const hidden = use.projection?.hidden ?? null
  if (name === 'projection.width') return { projection: value === null ? null : { width: value, hidden } }
  if (name === 'projection.hidden')
    return { projection: use.projection ? { width: use.projection.width, hidden: value } : null }
  return { [name]: value }
}

/** What is unusual about a table's use, in a few words each. */
export function useNotes(use: Partial<TableUse> | undefined, frozen: boolean): string[] {
  if (!use) return []
  const { projection, residual, learningRateScale, l2, unfreezeAtEpoch, dropout, maxNorm } = use
  return [
    projection && `→ ${count(projection.width)}`,
    residual && 'residual',
    frozen && unfreezeAtEpoch && `from epoch ${count(unfreezeAtEpoch)}`,
    learningRateScale !== undefined && learningRateScale !== 1 && `rate × ${learningRateScale}`,
    l2 && `L2 ${l2}`,
    dropout && `dropout ${dropout}`,
    maxNorm && `norm ≤ ${maxNorm}`,
  ].filter((note): note is string => typeof note === 'string')
}

/** A column that looks up several tables, each with the width at which it enters the model. */
export interface SharedColumn {
  readonly column: string
  readonly tables: readonly { readonly name: string; readonly width: number }[]
  readonly combination: Combination
}

/** Why a column's tables cannot be added up, or null where they can. */
export function whyNotSummed(tables: SharedColumn['tables']): string | null {
  if (new Set(tables.map(({ width }) => width)).size < 2) return null
  const widths = tables.map(({ name, width }) => `${name} has ${count(width)}`).join(', ')
  return `Only tables of one width can be summed: ${widths}. Project them to the same width first.`
}
