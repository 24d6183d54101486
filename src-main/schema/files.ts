import type { Schema } from './column'
import { SchemaError } from './errors'
import { readSchemaJson, writeSchemaJson } from './merlinJson'
import { readSchemaPbtxt, writeSchemaPbtxt } from './pbtxt'

/** The formats of a schema file, by the ending of its name. */
const formats = {
  json: { read: readSchemaJson, write: writeSchemaJson },
  pbtxt: { read: readSchemaPbtxt, write: writeSchemaPbtxt },
}

function formatOf(name: string): (typeof formats)[keyof typeof formats] {
  const lower = name.toLowerCase()
  if (lower.endsWith('.json')) return formats.json
  if (lower.endsWith('.pbtxt') || lower.endsWith('.pbtext') || lower.endsWith('.textproto'))
    return formats.pbtxt
  throw new SchemaError(
    'invalid-setting',
    `${name} is not the name of a schema file`,
    'Name it .json or .pbtxt: the format follows the name.',
  )
}

/** Reads a schema in the format that the file's name says. */
export function readSchema(name: string, text: string): Schema {
  return formatOf(name).read(text)
}

/** Writes a schema in the format that the file's name says. */
export function writeSchema(name: string, schema: Schema): string {
  return formatOf(name).write(schema)
}
