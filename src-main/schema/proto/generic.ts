import type { Json, JsonObject } from '../column'
import { SchemaError } from '../errors'
import { decodeUtf8, type TextField, type TextValue } from './text'

/*
 * Fields that the descriptor does not know, carried between JSON and text format without their types. JSON is the form
 * in which they are kept. What JSON has no word for (an enum's name, a number past 2^53, bytes) is kept as
 * { "$literal": … } or { "$bytes": … }; what text format has no word for (a key that is no name, a list in a list)
 * travels in one field of the name below, as JSON.
 */
const jsonField = '[graft.json]'

const fieldName = /^(?:[A-Za-z_][A-Za-z0-9_]*|\[[A-Za-z0-9_./-]+\])$/
const deepest = 100

/** Unknown fields of a text message as JSON; a repeated field, or one written as a list, becomes an array. */
export function genericToJson(fields: readonly TextField[]): JsonObject {
  const object: JsonObject = {}
  const repeated = new Set<string>()
  for (const field of fields) {
    if (field.name === '__proto__') throw forbidden(field)
    if (field.name === jsonField) {
      Object.assign(object, decodeJsonField(field))
      continue
    }
    const values = field.values.map(valueToJson)
    const before = Object.hasOwn(object, field.name) ? object[field.name] : undefined
    const first = values[0]
    if (before === undefined && !field.list && first !== undefined) object[field.name] = first
    else if (before === undefined) {
      object[field.name] = values
      repeated.add(field.name)
    } else if (repeated.has(field.name) && Array.isArray(before)) before.push(...values)
    else {
      object[field.name] = [before, ...values]
      repeated.add(field.name)
    }
  }
  return object
}

function forbidden(field: TextField): SchemaError {
  return new SchemaError(
    'invalid-schema',
    `a field may not be called ${field.name}`,
    'Rename it.',
    field.position,
  )
}

function decodeJsonField(field: TextField): JsonObject {
  const value = field.values[0]
  if (value?.kind === 'string') {
    try {
      const parsed: unknown = JSON.parse(decodeUtf8(value.bytes) ?? '')
      if (isObject(parsed)) return parsed
    } catch {
      // Falls through to the error below: the field is ours alone, so anything else in it is damage.
    }
  }
  throw new SchemaError(
    'invalid-schema',
    `${jsonField} must hold a JSON object`,
    'Remove the field.',
    field.position,
  )
}

function valueToJson(value: TextValue): Json {
  if (value.kind === 'message') return genericToJson(value.fields)
  if (value.kind === 'string') {
    const text = decodeUtf8(value.bytes)
    return text === null ? { $bytes: toBase64(value.bytes) } : text
  }
  if (value.kind === 'number') {
    const parsed = Number(value.text)
    return Number.isFinite(parsed) && printNumber(parsed) === value.text ? parsed : { $literal: value.text }
  }
  if (value.text === 'true') return true
  if (value.text === 'false') return false
  return value.text === 'null' ? null : { $literal: value.text }
}

/** The reverse of {@link genericToJson}. */
export function jsonToGeneric(object: JsonObject, depth = 0): TextField[] {
  if (depth > deepest)
    throw new SchemaError(
      'invalid-schema',
      `objects are nested more than ${deepest} deep`,
      'Flatten the file.',
    )
  const fields: TextField[] = []
  const others: JsonObject = {}
  for (const [name, value] of Object.entries(object)) {
    const list = Array.isArray(value)
    const items = list ? value : [value]
    if (!fieldName.test(name) || name === jsonField || items.some((item) => Array.isArray(item)))
      others[name] = value
    else
      fields.push({
        name,
        values: items.map((item) => jsonToValue(item, depth)),
        list,
        position: { line: 0, column: 0 },
      })
  }
  if (Object.keys(others).length > 0) fields.push(textField(jsonField, stringValue(JSON.stringify(others))))
  return fields
}

function jsonToValue(value: Json, depth: number): TextValue {
  if (typeof value === 'string') return stringValue(value)
  if (typeof value === 'number') return { kind: 'number', text: printNumber(value) }
  if (typeof value === 'boolean' || value === null) return { kind: 'identifier', text: String(value) }
  if (Array.isArray(value)) throw new SchemaError('invalid-schema', 'a list inside of a list', 'Flatten it.')
  const { $literal: literal, $bytes: base64 } = value
  if (Object.keys(value).length === 1) {
    if (typeof literal === 'string' && /^-?[A-Za-z0-9_.+-]+$/.test(literal))
      return /^-?[.0-9]/.test(literal)
        ? { kind: 'number', text: literal }
        : { kind: 'identifier', text: literal }
    if (typeof base64 === 'string') return { kind: 'string', bytes: fromBase64(base64) }
  }
  return { kind: 'message', fields: jsonToGeneric(value, depth + 1) }
}

/** A field with one value. */
export function textField(name: string, value: TextValue): TextField {
  return { name, values: [value], list: false, position: { line: 0, column: 0 } }
}

export function stringValue(text: string): TextValue {
  return { kind: 'string', bytes: new TextEncoder().encode(text) }
}

/** A number as text format reads it back to the same double. */
export function printNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  return Object.is(value, -0) ? '-0' : String(value)
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// The browser has no Buffer; btoa and atob are in every Node that we run on.
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** @throws SchemaError where the text is not base64 (the URL-safe alphabet is read as well) */
export function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (character) =>
      character.charCodeAt(0),
    )
  } catch {
    throw new SchemaError('invalid-schema', 'bytes are not valid base64', 'Check the file.')
  }
}
