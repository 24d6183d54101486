import type { Schema } from './column'
import { schemaFromJson, schemaToJson } from './merlin'
import { jsonToText, textToJson } from './proto/convert'
import { normalizeJson } from './proto/normalize'
import { parseText, printText } from './proto/text'

/**
 * Reads `schema.pbtxt`: tensorflow-metadata's Schema in protobuf text format, the free properties as a
 * google.protobuf.Struct in the Any `extra_metadata`, packed or spelled out. Unknown fields are kept.
 * @throws SchemaError `invalid-schema` with line and column
 */
export function readSchemaPbtxt(text: string): Schema {
  return schemaFromJson(normalizeJson(textToJson(parseText(text), 'Schema'), 'Schema', ''))
}

/** Writes `schema.pbtxt` so that tensorflow-metadata and Merlin read it. */
export function writeSchemaPbtxt(schema: Schema): string {
  return printText(jsonToText(schemaToJson(schema), 'Schema'))
}
