import { z } from 'zod'
import { json, roleOf, type Column, type Json, type Schema } from './column'

/** The fields of a column that a difference is told by. */
export const changedFields = [
  'role',
  'tags',
  'dtype',
  'list',
  'domain',
  'embedding',
  'properties',
  'other',
] as const
export const changedField = z.enum(changedFields)
export type ChangedField = z.infer<typeof changedField>

/** What became of one column: a column that was added or removed has no fields. */
export const columnChange = z.object({
  column: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  fields: z.array(z.object({ field: changedField, before: json, after: json })),
})
export type ColumnChange = z.infer<typeof columnChange>

/** Free properties and other fields that repeat what a column says in fields of its own. */
const repeated = {
  properties: ['is_list', 'is_ragged', 'dtype_item_size', 'dtype_unsigned'],
  rest: ['type', 'boolDomain'],
}

/**
 * What changed between two schemas, column by column and field by field: removed columns first, in the order of
 * `before`, then the others in the order of `after`. The order of columns and of tags counts for nothing.
 */
export function diffSchemas(before: Schema, after: Schema): ColumnChange[] {
  const earlier = new Map(before.columns.map((column) => [column.name, column]))
  const names = new Set(after.columns.map(({ name }) => name))
  const removed = before.columns
    .filter(({ name }) => !names.has(name))
    .map(({ name }): ColumnChange => ({ column: name, change: 'removed', fields: [] }))
  const others = after.columns.flatMap((column): ColumnChange[] => {
    const was = earlier.get(column.name)
    if (!was) return [{ column: column.name, change: 'added', fields: [] }]
    const fields = diffColumns(was, column)
    return fields.length > 0 ? [{ column: column.name, change: 'changed', fields }] : []
  })
  return [...removed, ...others]
}

/** The fields in which two columns differ. */
export function diffColumns(before: Column, after: Column): ColumnChange['fields'] {
  if (before === after) return []
  return changedFields.flatMap((field) => {
    const [was, is] = [valueOf(before, field), valueOf(after, field)]
    return sorted(was) === sorted(is) ? [] : [{ field, before: was, after: is }]
  })
}

function valueOf(column: Column, field: ChangedField): Json {
  switch (field) {
    case 'role':
      return roleOf(column)
    case 'tags':
      return [...column.tags].sort()
    case 'dtype':
      return column.dtype
    case 'list':
      return column.isList ? { ragged: column.isRagged, ...column.valueCount } : null
    case 'domain': {
      const { domain } = column
      if (!domain) return null
      const { name, min, max, isCategorical, kind, rest } = domain
      return { kind, name, min, max, isCategorical, ...rest }
    }
    case 'embedding':
      return column.embedding
    case 'properties':
      return without(column.properties, repeated.properties)
    case 'other':
      return without(column.rest, repeated.rest)
  }
}

function without(object: Record<string, Json>, names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
}

/** JSON with the fields of objects in one order: files keep them in any. */
function sorted(value: Json): string {
  return JSON.stringify(value, (_key, item: Json) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}
