import type { Json, JsonObject } from '../column'
import { SchemaError } from '../errors'
import { enums, fieldByJsonName, type FieldType } from './descriptor'
import { isObject } from './generic'
import { structUrl } from './struct'

/**
 * Brings JSON of one message into the one form that we keep: camelCase names, 64-bit integers as strings, enums by name,
 * absent instead of null. Unknown fields stay as they are.
 * @param path where in the file this object lies, for the error
 * @throws SchemaError naming the path of a value of the wrong type
 */
export function normalizeJson(object: JsonObject, message: string, path: string): JsonObject {
  const out: JsonObject = {}
  for (const [name, value] of Object.entries(object)) {
    const at = path ? `${path}.${name}` : name
    if (name === '__proto__')
      throw new SchemaError('invalid-schema', `${at}: a field may not have this name`, 'Rename it.')
    const type = fieldByJsonName(message, name)
    if (!type) out[name] = value
    else if (value !== null) {
      if (type.jsonName in out)
        throw new SchemaError('invalid-schema', `${at} is given twice`, 'Remove one of the two.')
      const normal = normalizeField(value, type, at)
      // An empty list says nothing in protobuf.
      if (!(Array.isArray(normal) && normal.length === 0)) out[type.jsonName] = normal
    }
  }
  return out
}

function normalizeField(value: Json, type: FieldType, path: string): Json {
  if (type.occurs === 'repeated') {
    if (!Array.isArray(value)) throw wrong(path, 'a list')
    return value.map((item, index) => normalizeValue(item, type, `${path}[${index}]`))
  }
  if (type.occurs === 'map') {
    if (!isObject(value)) throw wrong(path, 'an object')
    const map: JsonObject = {}
    for (const [key, item] of Object.entries(value)) map[key] = normalizeValue(item, type, `${path}.${key}`)
    return map
  }
  return normalizeValue(value, type, path)
}

function wrong(path: string, wanted: string): SchemaError {
  return new SchemaError('invalid-schema', `${path} must be ${wanted}`, 'Correct the file.')
}

function normalizeValue(value: Json, type: FieldType, path: string): Json {
  switch (type.type) {
    case 'string':
    case 'bytes':
      if (typeof value !== 'string') throw wrong(path, 'a string')
      return value
    case 'bool':
      if (typeof value !== 'boolean') throw wrong(path, 'true or false')
      return value
    case 'int':
      return normalizeInteger(value, path)
    case 'int32':
      return Number(normalizeInteger(value, path))
    case 'double': {
      if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return value
      const number = typeof value === 'string' && value.trim() ? Number(value) : value
      if (typeof number !== 'number' || !Number.isFinite(number)) throw wrong(path, 'a number')
      return number
    }
    case 'Any':
      if (!isObject(value)) throw wrong(path, 'an object')
      return bare(value)
  }
  if (type.type.startsWith('enum:')) {
    if (typeof value === 'number') return enums[type.type.slice(5)]?.[value] ?? value
    if (typeof value !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) throw wrong(path, 'a name')
    return value
  }
  if (!isObject(value)) throw wrong(path, 'an object')
  return normalizeJson(value, type.type, path)
}

/** protobuf's own JSON of a Struct in an Any wraps it; Merlin's does not. */
function bare(value: JsonObject): JsonObject {
  return value['@type'] === structUrl && isObject(value.value) && !('@type' in value.value)
    ? value.value
    : value
}

function normalizeInteger(value: Json, path: string): string {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value).toString()
  if (typeof value === 'string' && /^-?[0-9]+$/.test(value)) {
    const integer = BigInt(value)
    if (integer >= -(2n ** 63n) && integer < 2n ** 64n) return integer.toString()
  }
  throw wrong(path, 'an integer of 64 bits')
}
