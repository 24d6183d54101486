import type { Column, Domain, Dtype, Json, JsonObject, Schema, ValueCount } from './column'
import { SchemaError } from './errors'
import { isObject } from './proto/generic'

/*
 * Between our columns and Merlin's JSON of tensorflow-metadata's Schema (already normalised). Whatever has no field of its
 * own in a Column stays in `properties` and `rest`, so that writing gives back what was read. Where a file says the same
 * thing in several places (type and dtype_item_size; value_count, shape and is_list), all of them stay as they came
 * unless the column was edited away from what they say.
 */

/** The property that marks a column that the person set aside. Merlin passes unknown properties through. */
const ignoredProperty = 'graft_ignored'

const intTypes: Readonly<Record<number, Dtype>> = { 8: 'int8', 16: 'int16', 32: 'int32', 64: 'int64' }
const uintTypes: Readonly<Record<number, Dtype>> = { 8: 'uint8', 16: 'uint16', 32: 'uint32', 64: 'uint64' }
const floatTypes: Readonly<Record<number, Dtype>> = { 16: 'float16', 32: 'float32', 64: 'float64' }

/** Reads a normalised Schema. */
export function schemaFromJson(object: JsonObject): Schema {
  const { feature = [], ...rest } = object
  const features = Array.isArray(feature) ? feature : []
  return { columns: features.filter(isObject).map(columnFromJson), rest }
}

/** The normalised Schema in Merlin's JSON. */
export function schemaToJson(schema: Schema): JsonObject {
  return { feature: schema.columns.map(columnToJson), ...schema.rest }
}

function columnFromJson(feature: JsonObject, index: number): Column {
  const { name, ...others } = feature
  if (typeof name !== 'string' || name === '')
    throw new SchemaError('invalid-schema', `feature ${index + 1} has no name`, 'Give every feature a name.')
  const { tags, properties, rest } = takeAnnotation(others)
  const domain = takeDomain(rest)
  const valueCount = takeValueCount(rest)
  const embedding = takeEmbedding(properties)
  const ignored = properties[ignoredProperty] === true
  if (ignored) delete properties[ignoredProperty]
  const dtype = statedDtype(rest, properties)
  const { isList, isRagged } = statedList(valueCount, rest, properties)
  return { name, dtype, isList, isRagged, valueCount, tags, domain, embedding, ignored, properties, rest }
}

/** The column as a Feature in Merlin's JSON. */
export function columnToJson(column: Column): JsonObject {
  const { annotation, ...rest } = column.rest
  const properties: JsonObject = { ...column.properties }
  const feature: JsonObject = { name: column.name, ...rest }
  if (column.valueCount)
    feature.valueCount = integers({ min: column.valueCount.min, max: column.valueCount.max })
  if (column.domain) feature[`${column.domain.kind}Domain`] = domainToJson(column.domain)
  if (column.embedding) properties.embedding_sizes = { ...column.embedding }
  if (column.ignored) properties[ignoredProperty] = true
  stateDtype(column, feature, properties)
  stateList(column, feature, properties)
  const notes = { ...(isObject(annotation) ? annotation : {}) }
  if (column.tags.length > 0) notes.tag = [...column.tags]
  const more = Array.isArray(notes.extraMetadata) ? notes.extraMetadata : []
  if (Object.keys(properties).length > 0) notes.extraMetadata = [properties, ...more]
  if (annotation !== undefined || Object.keys(notes).length > 0) feature.annotation = notes
  return feature
}

/** Takes tags and free properties out of the annotation; what remains of it stays in `rest`. */
function takeAnnotation(feature: JsonObject): { tags: string[]; properties: JsonObject; rest: JsonObject } {
  const { annotation, ...rest } = feature
  if (!isObject(annotation)) return { tags: [], properties: {}, rest }
  const { tag = [], extraMetadata = [], ...notes } = annotation
  const tags = Array.isArray(tag) ? tag.filter((item): item is string => typeof item === 'string') : []
  const [first, ...others] = Array.isArray(extraMetadata) ? extraMetadata : []
  const taken = isObject(first) && !('@type' in first) && Object.keys(first).length > 0
  const left = taken ? others : Array.isArray(extraMetadata) ? extraMetadata : []
  if (left.length > 0) notes.extraMetadata = left
  // An annotation that is there but empty is told from none by its presence, so it is kept.
  if (Object.keys(notes).length > 0 || (tags.length === 0 && !taken)) rest.annotation = notes
  return { tags, properties: taken ? { ...first } : {}, rest }
}

function takeDomain(rest: JsonObject): Domain | null {
  for (const kind of ['int', 'float'] as const) {
    const key = `${kind}Domain`
    const stated = rest[key]
    if (!isObject(stated)) continue
    const { name, min, max, isCategorical, ...others } = stated
    const bounds = { min: bound(min), max: bound(max) }
    // Bounds that a JavaScript number cannot hold (past 2^53, NaN, infinity) are kept unread.
    if (bounds.min === undefined || bounds.max === undefined) continue
    Reflect.deleteProperty(rest, key)
    return {
      kind,
      name: typeof name === 'string' ? name : null,
      min: bounds.min,
      max: bounds.max,
      isCategorical: typeof isCategorical === 'boolean' ? isCategorical : null,
      rest: others,
    }
  }
  return null
}

/** A bound as a number; null where it is not stated, undefined where a number cannot hold it. */
function bound(value: Json | undefined): number | null | undefined {
  if (value === undefined) return null
  if (typeof value === 'number') return value
  const number = typeof value === 'string' && /^-?[0-9]+$/.test(value) ? Number(value) : Number.NaN
  return Number.isSafeInteger(number) ? number : undefined
}

function domainToJson(domain: Domain): JsonObject {
  const bounds = { min: domain.min, max: domain.max }
  const out: JsonObject = domain.name === null ? {} : { name: domain.name }
  if (domain.kind === 'int') Object.assign(out, integers(bounds))
  else for (const [key, value] of Object.entries(bounds)) if (value !== null) out[key] = value
  if (domain.isCategorical !== null) out.isCategorical = domain.isCategorical
  return { ...out, ...domain.rest }
}

/** 64-bit integers as protobuf's JSON spells them, without those that are not stated. */
function integers(values: Record<string, number | null>): JsonObject {
  const out: JsonObject = {}
  for (const [key, value] of Object.entries(values)) if (value !== null) out[key] = String(value)
  return out
}

function takeValueCount(rest: JsonObject): ValueCount | null {
  const stated = rest.valueCount
  if (!isObject(stated)) return null
  const { min: low, max: high, ...others } = stated
  const min = bound(low)
  const max = bound(high)
  if (min === undefined || max === undefined || Object.keys(others).length > 0) return null
  delete rest.valueCount
  return { min, max }
}

function takeEmbedding(properties: JsonObject): Column['embedding'] {
  const sizes = properties.embedding_sizes
  if (!isObject(sizes) || Object.keys(sizes).length !== 2) return null
  const { cardinality, dimension } = sizes
  if (typeof cardinality !== 'number' || typeof dimension !== 'number') return null
  delete properties.embedding_sizes
  return { cardinality, dimension }
}

/** What type, item size and bool_domain say together; a type without a size is 64 bits wide, as in NumPy. */
function statedDtype(feature: JsonObject, properties: JsonObject): Dtype {
  const size = typeof properties.dtype_item_size === 'number' ? properties.dtype_item_size : 64
  if (feature.type === 'BYTES') return 'string'
  if (feature.type === 'FLOAT') return floatTypes[size] ?? 'float64'
  if (feature.type !== 'INT') return 'unknown'
  if (isObject(feature.boolDomain)) return 'bool'
  return (properties.dtype_unsigned === true ? uintTypes : intTypes)[size] ?? 'int64'
}

function stateDtype(column: Column, feature: JsonObject, properties: JsonObject): void {
  if (statedDtype(feature, properties) === column.dtype) return
  delete feature.boolDomain
  delete properties.dtype_unsigned
  delete properties.dtype_item_size
  if (column.dtype === 'unknown') delete feature.type
  else if (column.dtype === 'string') feature.type = 'BYTES'
  else if (column.dtype === 'bool') {
    feature.type = 'INT'
    feature.boolDomain = {}
    properties.dtype_item_size = 8
  } else {
    feature.type = column.dtype.startsWith('float') ? 'FLOAT' : 'INT'
    properties.dtype_item_size = Number(/[0-9]+$/.exec(column.dtype)?.[0])
    // tensorflow-metadata has no unsigned type; Merlin reads such a column as signed.
    if (column.dtype.startsWith('uint')) properties.dtype_unsigned = true
  }
}

/** Whether value_count, shape or Merlin's own properties say that the column holds lists. */
function statedList(
  count: ValueCount | null,
  feature: JsonObject,
  properties: JsonObject,
): Pick<Column, 'isList' | 'isRagged'> {
  const shape = isObject(feature.shape) && Array.isArray(feature.shape.dim) ? feature.shape.dim.length : 0
  const counted = count !== null || feature.valueCount !== undefined || feature.valueCounts !== undefined
  const isList = properties.is_list === true || counted || shape > 0
  if (!isList) return { isList, isRagged: false }
  if (typeof properties.is_ragged === 'boolean') return { isList, isRagged: properties.is_ragged }
  return { isList, isRagged: counted && (count === null || count.min !== count.max || !count.max) }
}

function stateList(column: Column, feature: JsonObject, properties: JsonObject): void {
  const stated = statedList(column.valueCount, feature, properties)
  if (stated.isList !== column.isList) {
    if (!column.isList)
      for (const key of ['valueCount', 'valueCounts', 'shape']) Reflect.deleteProperty(feature, key)
    properties.is_list = column.isList
  }
  const isRagged = column.isList && column.isRagged
  if (statedList(column.isList ? column.valueCount : null, feature, properties).isRagged !== isRagged)
    properties.is_ragged = isRagged
}
