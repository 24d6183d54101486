import protobuf from 'protobufjs/minimal'
import type { Json, JsonObject } from '../column'
import { decodeUtf8 } from './text'

/** The type that Merlin packs a column's free properties with. */
export const structUrl = 'type.googleapis.com/google.protobuf.Struct'

const deepest = 100

/**
 * Encodes a JSON object as google.protobuf.Struct.
 * Field numbers: Struct.fields 1 (map entries: key 1, value 2); Value: null 1, number 2, string 3, bool 4, struct 5, list 6;
 * ListValue.values 1.
 */
export function encodeStruct(object: JsonObject): Uint8Array {
  const writer = protobuf.Writer.create()
  writeStruct(writer, object)
  return writer.finish()
}

function writeStruct(writer: protobuf.Writer, object: JsonObject): void {
  for (const [key, value] of Object.entries(object)) {
    writer.uint32(10).fork()
    writer.uint32(10).string(key)
    writer.uint32(18).fork()
    writeValue(writer, value)
    writer.ldelim().ldelim()
  }
}

function writeValue(writer: protobuf.Writer, value: Json): void {
  if (value === null) writer.uint32(8).int32(0)
  else if (typeof value === 'number') writer.uint32(17).double(value)
  else if (typeof value === 'string') writer.uint32(26).string(value)
  else if (typeof value === 'boolean') writer.uint32(32).bool(value)
  else if (Array.isArray(value)) {
    writer.uint32(50).fork()
    for (const item of value) {
      writer.uint32(10).fork()
      writeValue(writer, item)
      writer.ldelim()
    }
    writer.ldelim()
  } else {
    writer.uint32(42).fork()
    writeStruct(writer, value)
    writer.ldelim()
  }
}

/**
 * Decodes google.protobuf.Struct. Null where the bytes are no Struct, or one that JSON cannot hold (a value of no kind,
 * NaN or infinity, fields of a later version): the caller then keeps the bytes as they are.
 */
export function decodeStruct(bytes: Uint8Array): JsonObject | null {
  try {
    return readStruct(protobuf.Reader.create(bytes), bytes.length, 0)
  } catch {
    return null
  }
}

/** Thrown inside of this file only, to leave a Struct that JSON cannot hold. */
class NotJson extends Error {}

function readStruct(reader: protobuf.Reader, end: number, depth: number): JsonObject {
  if (depth > deepest) throw new NotJson()
  const object: JsonObject = {}
  while (reader.pos < end) {
    if (reader.uint32() !== 10) throw new NotJson()
    const entryEnd = limit(reader, end)
    let key = ''
    let value: Json | undefined
    while (reader.pos < entryEnd) {
      const tag = reader.uint32()
      if (tag === 10) key = readString(reader)
      else if (tag === 18) value = readValue(reader, limit(reader, entryEnd), depth + 1)
      else throw new NotJson()
    }
    if (value === undefined || key === '__proto__') throw new NotJson()
    object[key] = value
  }
  if (reader.pos !== end) throw new NotJson()
  return object
}

function readValue(reader: protobuf.Reader, end: number, depth: number): Json {
  if (depth > deepest) throw new NotJson()
  let value: Json | undefined
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === 8) {
      reader.int32()
      value = null
    } else if (tag === 17) value = finite(reader.double())
    else if (tag === 26) value = readString(reader)
    else if (tag === 32) value = reader.bool()
    else if (tag === 42) value = readStruct(reader, limit(reader, end), depth + 1)
    else if (tag === 50) value = readList(reader, limit(reader, end), depth + 1)
    else throw new NotJson()
  }
  if (value === undefined || reader.pos !== end) throw new NotJson()
  return value
}

function readList(reader: protobuf.Reader, end: number, depth: number): Json[] {
  const list: Json[] = []
  while (reader.pos < end) {
    if (reader.uint32() !== 10) throw new NotJson()
    list.push(readValue(reader, limit(reader, end), depth))
  }
  if (reader.pos !== end) throw new NotJson()
  return list
}

/** The end of the length-delimited field that begins here. */
function limit(reader: protobuf.Reader, end: number): number {
  const length = reader.uint32()
  if (reader.pos + length > end) throw new NotJson()
  return reader.pos + length
}

function readString(reader: protobuf.Reader): string {
  const text = decodeUtf8(reader.bytes())
  if (text === null) throw new NotJson()
  return text
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new NotJson()
  return value
}
