import type { Json, JsonObject } from '../column'
import { SchemaError, type Position } from '../errors'
import { enums, fieldByJsonName, fieldByTextName, type FieldType } from './descriptor'
import {
  fromBase64,
  genericToJson,
  isObject,
  jsonToGeneric,
  printNumber,
  stringValue,
  textField,
  toBase64,
} from './generic'
import { decodeStruct, encodeStruct, structUrl } from './struct'
import { decodeUtf8, type TextField, type TextValue } from './text'

/*
 * Between text format and the JSON that Merlin writes: protobuf's JSON form (camelCase names, 64-bit integers as strings,
 * enums by name, bytes in base64), but that an Any with a Struct in it is the bare object. An Any with anything else
 * in it is { "@type", "$bytes" }, or { "@type", …fields } where the text spells its fields.
 */

function fail(message: string, position: Position | null): never {
  throw new SchemaError('invalid-schema', message, 'Correct the file.', position)
}

/** Fields of one message of the descriptor as JSON. Unknown fields are kept. */
export function textToJson(fields: readonly TextField[], message: string): JsonObject {
  const object: JsonObject = {}
  const unknown: TextField[] = []
  for (const field of fields) {
    const type = fieldByTextName(message, field.name)
    if (!type) {
      // A field that is unknown here but whose JSON name is taken would be lost behind the known one.
      if (fieldByJsonName(message, field.name))
        fail(`unknown field ${field.name} in ${message}`, field.position)
      unknown.push(field)
      continue
    }
    const before = object[type.jsonName]
    if (type.occurs === 'once') {
      if (before !== undefined || field.values.length !== 1)
        fail(`field ${field.name} may be given only once`, field.position)
      const value = field.values[0]
      if (value) object[type.jsonName] = valueToJson(value, type, field)
      continue
    }
    const list = Array.isArray(before) ? before : []
    for (const value of field.values) list.push(valueToJson(value, type, field))
    if (list.length > 0) object[type.jsonName] = list
  }
  for (const [name, value] of Object.entries(object)) {
    const type = fieldByJsonName(message, name)
    if (type?.occurs === 'map' && Array.isArray(value)) object[name] = entriesToMap(value)
  }
  return Object.assign(object, genericToJson(unknown))
}

/** A map's entries { key, value }, the last of a key winning, as protobuf has it. */
function entriesToMap(entries: Json[]): JsonObject {
  const map: JsonObject = {}
  for (const entry of entries)
    if (isObject(entry) && typeof entry.key === 'string' && entry.key !== '__proto__')
      map[entry.key] = entry.value ?? {}
  return map
}

function valueToJson(value: TextValue, type: FieldType, field: TextField): Json {
  if (type.occurs === 'map') return mapEntryToJson(value, type, field)
  const wrong = (wanted: string): never => fail(`field ${field.name} must be ${wanted}`, field.position)
  switch (type.type) {
    case 'string':
      return value.kind === 'string' ? (decodeUtf8(value.bytes) ?? wrong('valid UTF-8')) : wrong('a string')
    case 'bytes':
      return value.kind === 'string' ? toBase64(value.bytes) : wrong('a string')
    case 'bool':
      if (value.kind === 'identifier' && /^(true|t|True)$/.test(value.text)) return true
      if (value.kind === 'identifier' && /^(false|f|False)$/.test(value.text)) return false
      if (value.kind === 'number' && /^0*[01]$/.test(value.text)) return Number(value.text) === 1
      return wrong('true or false')
    case 'int':
    case 'int32': {
      const integer = value.kind === 'number' ? integerOf(value.text) : null
      if (integer === null) return wrong('an integer of 64 bits')
      return type.type === 'int' ? integer : Number(integer)
    }
    case 'double': {
      const number = value.kind === 'number' || value.kind === 'identifier' ? doubleOf(value.text) : undefined
      return number ?? wrong('a number')
    }
    case 'Any':
      return value.kind === 'message' ? anyToJson(value.fields) : wrong('a message')
  }
  if (type.type.startsWith('enum:'))
    return value.kind === 'identifier' || value.kind === 'number'
      ? enumName(type, value.text)
      : wrong('a name')
  return value.kind === 'message' ? textToJson(value.fields, type.type) : wrong('a message')
}

function mapEntryToJson(value: TextValue, type: FieldType, field: TextField): Json {
  if (value.kind !== 'message') return fail(`field ${field.name} must be a message`, field.position)
  const entry: JsonObject = {}
  for (const part of value.fields) {
    const [first] = part.values
    if (part.name === 'key' && first?.kind === 'string') entry.key = decodeUtf8(first.bytes) ?? ''
    else if (part.name === 'value' && first)
      entry.value = valueToJson(first, { ...type, occurs: 'once' }, part)
    else fail(`unknown field ${part.name} in an entry of ${field.name}`, part.position)
  }
  return { key: '', ...entry }
}

/** An integer literal (decimal, hexadecimal, octal) of at most 64 bits, in decimal; null where it is none. */
function integerOf(text: string): string | null {
  const [, minus, digits = ''] = /^(-?)(0[xX][0-9a-fA-F]+|[0-9]+)$/.exec(text) ?? []
  if (!digits) return null
  if (/^0[0-9]/.test(digits) && /[89]/.test(digits)) return null
  const magnitude = BigInt(/^0[0-9]/.test(digits) ? `0o${digits.slice(1)}` : digits)
  const value = minus ? -magnitude : magnitude
  return value >= -(2n ** 63n) && value < 2n ** 64n ? value.toString() : null
}

/** A number literal as protobuf's JSON has it: a number, or the name of one that JSON lacks. */
function doubleOf(text: string): Json | undefined {
  const lower = text.toLowerCase()
  if (lower === 'nan' || lower === '-nan') return 'NaN'
  if (lower === 'inf' || lower === 'infinity') return 'Infinity'
  if (lower === '-inf' || lower === '-infinity') return '-Infinity'
  if (/^-?0[xX]/.test(text)) return Number(integerOf(text) ?? Number.NaN)
  const value = Number(lower.replace(/f$/, ''))
  if (Number.isNaN(value)) return undefined
  return Number.isFinite(value) ? value : value > 0 ? 'Infinity' : '-Infinity'
}

function enumName(type: FieldType, text: string): Json {
  if (!/^-?[0-9]/.test(text)) return text
  const number = Number(integerOf(text) ?? Number.NaN)
  return enums[type.type.slice(5)]?.[number] ?? number
}

function anyToJson(fields: readonly TextField[]): Json {
  const expanded = fields.length === 1 ? fields[0] : undefined
  if (expanded?.name.startsWith('[')) {
    const url = expanded.name.slice(1, -1)
    const value = expanded.values[0]
    if (value?.kind !== 'message') return fail(`${expanded.name} must be a message`, expanded.position)
    if (url === structUrl) return bareStruct(structFromText(value.fields, 0))
    return { '@type': url, ...genericToJson(value.fields) }
  }
  let url = ''
  let bytes: Uint8Array = new Uint8Array(0)
  for (const field of fields) {
    const value = field.values[0]
    if (value?.kind !== 'string') return fail(`field ${field.name} must be a string`, field.position)
    if (field.name === 'type_url') url = decodeUtf8(value.bytes) ?? ''
    else if (field.name === 'value') bytes = value.bytes
    else fail(`unknown field ${field.name} in an Any`, field.position)
  }
  const object = url === structUrl ? decodeStruct(bytes) : null
  return object ? bareStruct(object) : { '@type': url, $bytes: toBase64(bytes) }
}

/** A Struct whose own key is @type cannot stand bare. */
function bareStruct(object: JsonObject): JsonObject {
  return '@type' in object ? { '@type': structUrl, value: object } : object
}

/** A Struct that the text spells out: `fields { key: … value { number_value: … } }`. */
function structFromText(fields: readonly TextField[], depth: number): JsonObject {
  const object: JsonObject = {}
  for (const field of fields)
    for (const entry of field.values) {
      if (field.name !== 'fields' || entry.kind !== 'message')
        fail('a Struct has only fields', field.position)
      else {
        let key = ''
        let value: Json | undefined
        for (const part of entry.fields) {
          const first = part.values[0]
          if (part.name === 'key' && first?.kind === 'string') key = decodeUtf8(first.bytes) ?? ''
          else if (part.name === 'value' && first?.kind === 'message')
            value = structValue(first.fields, part, depth + 1)
          else fail(`unknown field ${part.name} in a Struct`, part.position)
        }
        if (value === undefined || key === '__proto__')
          fail(`the Struct's field ${key} has no value`, field.position)
        else object[key] = value
      }
    }
  return object
}

function structValue(fields: readonly TextField[], parent: TextField, depth: number): Json {
  const field = fields[0]
  const value = field?.values[0]
  if (!field || !value || fields.length !== 1)
    return fail('a value of a Struct must have one kind', parent.position)
  if (field.name === 'null_value') return null
  if (field.name === 'number_value' && value.kind === 'number') {
    const number = doubleOf(value.text)
    if (typeof number === 'number') return number
  }
  if (field.name === 'string_value' && value.kind === 'string') return decodeUtf8(value.bytes) ?? ''
  if (field.name === 'bool_value' && value.kind === 'identifier') return value.text === 'true'
  if (field.name === 'struct_value' && value.kind === 'message') return structFromText(value.fields, depth)
  if (field.name === 'list_value' && value.kind === 'message')
    return value.fields.flatMap((item) =>
      item.values.map((entry) =>
        entry.kind === 'message'
          ? structValue(entry.fields, item, depth + 1)
          : fail('a list holds values', item.position),
      ),
    )
  return fail(`${field.name} does not fit a Struct`, field.position)
}

/** JSON of one message of the descriptor as text fields, in the order of the object. */
export function jsonToText(object: JsonObject, message: string): TextField[] {
  const fields: TextField[] = []
  const unknown: JsonObject = {}
  for (const [name, value] of Object.entries(object)) {
    const type = fieldByJsonName(message, name)
    if (!type) unknown[name] = value
    else if (type.occurs === 'once') fields.push(textField(type.textName, jsonToValue(value, type)))
    else if (type.occurs === 'repeated' && Array.isArray(value))
      for (const item of value) fields.push(textField(type.textName, jsonToValue(item, type)))
    else if (type.occurs === 'map' && isObject(value))
      for (const [key, item] of Object.entries(value)) {
        const entry = [textField('key', stringValue(key)), textField('value', jsonToValue(item, type))]
        fields.push(textField(type.textName, { kind: 'message', fields: entry }))
      }
    else fail(`field ${name} of ${message} must be a list`, null)
  }
  return [...fields, ...jsonToGeneric(unknown)]
}

function jsonToValue(value: Json, type: FieldType): TextValue {
  if (type.type === 'Any' && isObject(value)) return { kind: 'message', fields: anyToText(value) }
  if (isObject(value)) return { kind: 'message', fields: jsonToText(value, type.type) }
  if (type.type === 'bytes' && typeof value === 'string') return { kind: 'string', bytes: fromBase64(value) }
  if (type.type === 'string' && typeof value === 'string') return stringValue(value)
  if (type.type === 'double')
    return typeof value === 'number'
      ? { kind: 'number', text: printNumber(value) }
      : { kind: 'identifier', text: String(value).replace('NaN', 'nan').replace('Infinity', 'inf') }
  // Integers, truth values and the names of enums are spelled alike in both forms.
  return { kind: 'identifier', text: String(value) }
}

function anyToText(value: JsonObject): TextField[] {
  const { '@type': url, $bytes: base64, ...rest } = value
  if (typeof url !== 'string') return packed(structUrl, encodeStruct(value))
  if (url === structUrl && isObject(rest.value)) return packed(structUrl, encodeStruct(rest.value))
  if (typeof base64 === 'string') return packed(url, fromBase64(base64))
  return [textField(`[${url}]`, { kind: 'message', fields: jsonToGeneric(rest) })]
}

function packed(url: string, bytes: Uint8Array): TextField[] {
  return [textField('type_url', stringValue(url)), textField('value', { kind: 'string', bytes })]
}
