import { type ColumnEncoding, columnEncoding, GraftError } from '../../../src-main/contract'
import { formFields, type FormField } from '../common/formFields'

/** What a person may take a raw column for, beside setting it aside. */
export const encodingKinds = [
  { value: 'categorical', label: 'Category' },
  { value: 'continuous', label: 'Number' },
  { value: 'list', label: 'List' },
  { value: 'vector', label: 'Vector' },
] as const
export type EncodingKind = (typeof encodingKinds)[number]['value']

/**
 * The fields of an encoding that count now, from the JSON Schema of its kind.
 * @param domains those that other columns have, to be shared
 */
export function encodingFields(
  schema: unknown,
  now: ColumnEncoding,
  domains: readonly string[],
): FormField[] {
  const idle = idleSettings(now)
  return formFields(schema, ['kind', ...idle]).map((field) =>
    field.name === 'domain' && field.kind === 'text' ? { ...field, options: [...domains] } : field,
  )
}

/** Settings that change nothing beside the others. */
function idleSettings(now: ColumnEncoding): string[] {
  if (now.kind === 'categorical') return now.buckets === null ? [] : ['minCount', 'maxSize']
  if (now.kind === 'continuous') return now.transform === 'quantile' ? [] : ['bins']
  if (now.kind !== 'list') return []
  if (now.as === 'indicators') return ['buckets', 'domain', 'maxLength', 'keep']
  if (now.as === 'numbers') return ['minCount', 'maxSize', 'buckets', 'domain']
  return now.buckets === null ? [] : ['minCount', 'maxSize']
}

/**
 * The encoding after a change of a field; a text that is a number is one where numbers are taken.
 * @throws GraftError `invalid-setting` where the value does not fit
 */
export function encodingChange(now: ColumnEncoding, name: string, value: unknown): ColumnEncoding {
  const isNumber =
    name === 'fill' && typeof value === 'string' && value.trim() !== '' && !isNaN(Number(value))
  const parsed = columnEncoding.safeParse({ ...now, [name]: isNumber ? Number(value) : value })
  if (parsed.success) return parsed.data
  throw new GraftError(
    'invalid-setting',
    `${String(value)} does not fit.`,
    name === 'fill'
      ? 'Choose mean, median or zero, or type a number.'
      : (parsed.error.issues[0]?.message ?? ''),
  )
}

/** The usual encoding of another kind. */
export function encodingAs(kind: EncodingKind, holdsLists: boolean): ColumnEncoding {
  return columnEncoding.parse({ kind, ...(kind === 'list' && { separator: holdsLists ? null : '|' }) })
}
