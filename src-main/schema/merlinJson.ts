import { jsonObject, type JsonObject, type Schema } from './column'
import { SchemaError, type Position } from './errors'
import { schemaFromJson, schemaToJson } from './merlin'
import { isObject } from './proto/generic'
import { normalizeJson } from './proto/normalize'

/** Deeper nesting is refused, so that a hostile file cannot exhaust the stack. */
const deepest = 100

/**
 * Reads Merlin's `schema.json`: protobuf's JSON form of tensorflow-metadata's Schema, the free properties as a bare
 * object in `extraMetadata`. Unknown fields are kept.
 * @throws SchemaError `invalid-schema` with the place in the file or the path of the field
 */
export function readSchemaJson(text: string): Schema {
  return schemaFromObject(parse(text.replace(/^\ufeff/, '')))
}

/** The same from a parsed object, as it comes from a message or a document. */
export function schemaFromObject(value: unknown): Schema {
  if (isObject(value) && tooDeep(value, 0))
    throw new SchemaError(
      'invalid-schema',
      `objects are nested more than ${deepest} deep`,
      'Flatten the file.',
    )
  const parsed = jsonObject.safeParse(value)
  if (!parsed.success)
    throw new SchemaError(
      'invalid-schema',
      'a schema must be a JSON object with a list `feature`',
      'Choose another file.',
    )
  return schemaFromJson(normalizeJson(parsed.data, 'Schema', ''))
}

/** The schema as Merlin's JSON object. */
export function schemaToObject(schema: Schema): JsonObject {
  return schemaToJson(schema)
}

/** Writes Merlin's `schema.json`. */
export function writeSchemaJson(schema: Schema): string {
  return `${JSON.stringify(schemaToJson(schema), null, 2)}\n`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new SchemaError(
      'invalid-schema',
      `not valid JSON: ${message}`,
      'Correct the file.',
      positionIn(text, message),
    )
  }
}

/** V8 names the offset of the fault in its message. */
function positionIn(text: string, message: string): Position | null {
  const offset = /position ([0-9]+)/.exec(message)?.[1]
  if (offset === undefined) return null
  const before = text.slice(0, Number(offset)).split('\n')
  return { line: before.length, column: (before[before.length - 1]?.length ?? 0) + 1 }
}

function tooDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth > deepest || Object.values(value).some((item) => tooDeep(item, depth + 1))
}
