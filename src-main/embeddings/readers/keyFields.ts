import { GraftError } from '../../contract/errors'
import type { OpenOptions } from './reader'

/** Names that key fields usually bear, in small letters. */
const usualNames = new Set([
  'id',
  'ids',
  'key',
  'keys',
  'word',
  'words',
  'token',
  'tokens',
  'index',
  'name',
  'names',
])

/** Whether a field's name says that it holds keys: a usual name, one that the caller expects, or one such as `movie_id`. */
export function namesKeys(field: string, options: OpenOptions): boolean {
  const name = field.toLowerCase()
  const expected = options.keyNames?.some((candidate) => candidate.toLowerCase() === name) ?? false
  return (
    expected ||
    usualNames.has(name) ||
    /[a-z][_-]ids?$|__index_level_\d+__$/.test(name) ||
    /[a-z]Ids?$/.test(field)
  )
}

/**
 * The field named by `options.key`, matched exactly or, where that leaves no doubt, without regard to case.
 * @throws GraftError `not-found` listing the fields that there are
 */
export function namedField(path: string, fields: readonly string[], key: string): string {
  const exact = fields.find((field) => field === key)
  if (exact !== undefined) return exact
  const alike = fields.filter((field) => field.toLowerCase() === key.toLowerCase())
  const [only] = alike
  if (only !== undefined && alike.length === 1) return only
  throw new GraftError(
    'not-found',
    `${path} has no field '${key}' to take keys from.`,
    fields.length > 0 ? `It has: ${fields.slice(0, 50).join(', ')}.` : 'It has no named fields.',
    { fields: fields.slice(0, 1000) },
  )
}

/** Refuses a named key field in a format whose rows begin with their key. */
export function refuseNamedKey(path: string, format: string, options: OpenOptions): void {
  if (options.key === undefined) return
  throw new GraftError(
    'invalid-setting',
    `${path} is in the ${format} format, whose keys have no name: '${options.key}' names nothing in it.`,
    'Leave the key out.',
  )
}

/**
 * The guess among fields of one axis: the only one whose name says so, those that the caller expects first, else the
 * only one that holds text.
 */
export function guessField(
  fields: readonly { readonly name: string; readonly text: boolean }[],
  options: OpenOptions,
): string | null {
  const expected = fields.filter(({ name }) => options.keyNames?.includes(name))
  const named = fields.filter(({ name }) => namesKeys(name, options))
  const text = fields.filter((field) => field.text)
  for (const group of [expected, named, text]) {
    const [only] = group
    if (only && group.length === 1) return only.name
  }
  return null
}

/** A floating-point key as text: whole numbers without a decimal point, so that 42.0 meets 42. */
export function numberKey(value: number): string {
  return Number.isNaN(value) ? '' : String(value === 0 ? 0 : value)
}
