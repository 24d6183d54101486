import { type ColumnView, type Pooling } from '../../../src-main/contract'
import { formFields, type FormField } from '../common/formFields'

/** What stands for no weights among the columns to choose from. */
export const unweighted = '(none)'

/** The columns that may weigh the items of a list: lists of numbers that are no ids. */
export function weightColumns(columns: readonly ColumnView[]): string[] {
  return columns
    .filter(
      ({ isList, dtype, tags }) => isList && /^(u?int|float)/.test(dtype) && !tags.includes('categorical'),
    )
    .map(({ name }) => name)
}

/** The fields of a list's pooling, from its schema. Weights are chosen among columns, where there are any and they count. */
export function poolingFields(schema: unknown, now: Pooling, weights: readonly string[]): FormField[] {
  return formFields(schema).flatMap((field): FormField[] => {
    if (field.name !== 'weights') return [field]
    if (now.how === 'max' || (weights.length === 0 && now.weights === null)) return []
    const options = [...new Set([unweighted, ...weights, ...(now.weights === null ? [] : [now.weights])])]
    return [{ name: field.name, title: field.title, help: field.help, kind: 'choice', options }]
  })
}

export function poolingValues(now: Pooling): Record<string, unknown> {
  return { how: now.how, weights: now.weights ?? unweighted }
}

/** The pooling after a change of a field; the largest numbers are not weighed. */
export function poolingChange(now: Pooling, name: string, value: unknown): Record<string, unknown> {
  if (name === 'weights') return { ...now, weights: value === unweighted ? null : value }
  return { ...now, [name]: value, ...(value === 'max' && { weights: null }) }
}
