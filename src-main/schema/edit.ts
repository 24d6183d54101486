import type { Column, Domain, Dtype, JsonObject, Role, Schema } from './column'
import { roleOf } from './column'
import { SchemaError } from './errors'
import { collisionsOf, familyOf, hasTag, tagsExcludedBy } from './tags'

/*
 * Edits of a schema as pure functions: each returns a new schema that shares the columns that it did not touch.
 */

/** The column of that name. @throws SchemaError `unknown-column` */
export function findColumn(schema: Schema, name: string): Column {
  const column = schema.columns.find((candidate) => candidate.name === name)
  if (column) return column
  const names = schema.columns.map((candidate) => candidate.name)
  const shown = names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ')
  throw new SchemaError(
    'unknown-column',
    `there is no column ${name}`,
    `The columns are ${shown || '(none)'}.`,
  )
}

/** Applies `edit` to the column of that name. */
export function editColumn(schema: Schema, name: string, edit: (column: Column) => Column): Schema {
  const found = findColumn(schema, name)
  const edited = edit(found)
  return { ...schema, columns: schema.columns.map((column) => (column === found ? edited : column)) }
}

/**
 * Replaces the tags of a column.
 * @throws SchemaError `invalid-schema` where the tags exclude each other, `invalid-setting` for an empty tag
 */
export function setTags(schema: Schema, name: string, tags: readonly string[]): Schema {
  const unique = [...new Set(tags.map((tag) => tag.trim()))]
  if (unique.some((tag) => tag === '' || /[\s,]/.test(tag)))
    throw new SchemaError(
      'invalid-setting',
      `column ${name}: a tag is a word without spaces or commas`,
      'Correct the tag.',
    )
  const [collision] = collisionsOf(unique)
  if (collision)
    throw new SchemaError(
      'invalid-schema',
      `column ${name} cannot be both ${collision[0]} and ${collision[1]}`,
      'Keep one of the two tags.',
    )
  return editColumn(schema, name, (column) => withCategorical({ ...column, tags: unique }))
}

/** Adds a tag and removes those that it excludes. */
export function addTag(schema: Schema, name: string, tag: string): Schema {
  const { tags } = findColumn(schema, name)
  const excluded = tagsExcludedBy(tag, tags)
  return setTags(schema, name, [...tags.filter((other) => !excluded.includes(other)), tag])
}

/** The domain's own mark of a category follows the tags, where the domain has one. */
function withCategorical(column: Column): Column {
  if (!column.domain || column.domain.isCategorical === null) return column
  const isCategorical = hasTag(column.tags, 'categorical')
  return column.domain.isCategorical === isCategorical
    ? column
    : { ...column, domain: { ...column.domain, isCategorical } }
}

/** tensorflow-metadata allows one of these: what a domain that the person sets takes the place of. */
const otherDomains = [
  'domain',
  'intDomain',
  'floatDomain',
  'stringDomain',
  'boolDomain',
  'structDomain',
  'naturalLanguageDomain',
  'imageDomain',
  'audioDomain',
  'videoDomain',
  'contentChunkDomain',
  'midDomain',
  'urlDomain',
  'timeDomain',
  'timeOfDayDomain',
]

function withoutDomains(rest: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(rest).filter(([key]) => !otherDomains.includes(key)))
}

/** Sets the type; a domain of the other kind of number follows, and a column of text or truth values loses it. */
export function setDtype(schema: Schema, name: string, dtype: Dtype): Schema {
  return editColumn(schema, name, (column) => {
    const kind = /^u?int/.test(dtype) ? 'int' : dtype.startsWith('float') ? 'float' : null
    const rest = dtype === 'bool' && column.dtype !== 'bool' ? withoutDomains(column.rest) : column.rest
    return { ...column, dtype, rest, domain: kind === null ? null : domainOfKind(column.domain, kind) }
  })
}

function domainOfKind(domain: Domain | null, kind: 'int' | 'float'): Domain | null {
  if (!domain || domain.kind === kind) return domain
  const { name, min, max, isCategorical } = domain
  const round = (value: number | null): number | null =>
    value === null || kind === 'float' ? value : Math.trunc(value)
  return { kind, name, min: round(min), max: round(max), isCategorical, rest: {} }
}

/** Sets or removes the domain. @throws SchemaError `invalid-schema` where its bounds are no range */
export function setDomain(schema: Schema, name: string, domain: Domain | null): Schema {
  if (domain && domain.min !== null && domain.max !== null && domain.min > domain.max)
    throw new SchemaError(
      'invalid-schema',
      `column ${name}: the domain's minimum ${domain.min} is above its maximum ${domain.max}`,
      'Exchange the two.',
    )
  if (
    domain?.kind === 'int' &&
    [domain.min, domain.max].some((bound) => bound !== null && !Number.isSafeInteger(bound))
  )
    throw new SchemaError(
      'invalid-schema',
      `column ${name}: the bounds of its domain must be integers`,
      'Round them.',
    )
  return editColumn(schema, name, (column) => ({
    ...column,
    domain,
    rest: domain ? withoutDomains(column.rest) : column.rest,
  }))
}

/** Sets the largest id of a categorical column; a domain is made where there is none. */
export function setDomainMax(schema: Schema, name: string, max: number): Schema {
  const { domain } = findColumn(schema, name)
  const before: Domain = domain ?? { kind: 'int', name, min: null, max: null, isCategorical: true, rest: {} }
  return setDomain(schema, name, { ...before, max })
}

/** Sets whether a column holds lists, and how long they are. */
export function setList(
  schema: Schema,
  name: string,
  list: Pick<Column, 'isList' | 'isRagged' | 'valueCount'>,
): Schema {
  return editColumn(schema, name, (column) => {
    // tensorflow-metadata allows one of shape, value_count and value_counts.
    const { shape: _shape, valueCounts: _counts, ...rest } = column.rest
    return { ...column, ...list, isRagged: list.isList && list.isRagged, rest }
  })
}

/**
 * Sets what a column is for. `ignored` keeps its tags; `target` adds the tag; `feature` takes the target's tags away and,
 * where nothing says what kind of feature it is, tags it by its type.
 */
export function setRole(schema: Schema, name: string, role: Role): Schema {
  if (role === 'ignored') return editColumn(schema, name, (column) => ({ ...column, ignored: true }))
  const shown = editColumn(schema, name, (column) => ({ ...column, ignored: false }))
  const column = findColumn(shown, name)
  if (roleOf(column) === role && (role === 'feature' || hasTag(column.tags, 'target'))) return shown
  if (role === 'target') return addTag(shown, name, 'target')
  const tags = column.tags.filter((tag) => familyOf(tag) !== 'target' && !tag.endsWith('_classification'))
  const kind = ['categorical', 'continuous', 'embedding'].some((tag) => hasTag(tags, tag))
    ? []
    : [kindOf(column, tags)]
  return setTags(shown, name, [...tags, ...kind])
}

/** What a column without a kind most likely is: numbers with a fraction are quantities, everything else is a category. */
function kindOf(column: Column, tags: readonly string[]): 'categorical' | 'continuous' {
  if (hasTag(tags, 'id')) return 'categorical'
  return column.dtype.startsWith('float') ? 'continuous' : 'categorical'
}
