import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  readSchema,
  readSchemaPbtxt,
  setDtype,
  setRole,
  writeSchemaJson,
  writeSchemaPbtxt,
  type Column,
  type JsonObject,
  type Schema,
} from '../../src-main/schema'
import { schema as anySchema } from '../unit/schema/arbitrary'
import { runPython } from './python'

const folder = join(import.meta.dirname, '../fixtures/schemas')
const files = [
  'movielens-100k.schema.json',
  'sequence-testing.schema.json',
  'movielens-1m.schema.pbtxt',
  'aliccp.schema.pbtxt',
]

const readings = z.array(z.object({ dump: z.json(), prints: z.array(z.string()) }))

async function google(
  inputs: { format: 'json' | 'pbtxt'; text: string }[],
): Promise<z.infer<typeof readings>> {
  const out = await runPython(join(import.meta.dirname, 'schema.py'), [], { input: JSON.stringify(inputs) })
  return readings.parse(JSON.parse(out))
}

/** A generated schema as tensorflow-metadata can hold it: known fields alone, one domain a feature, float32 bounds. */
function strict(schema: Schema): Schema {
  const bound = (value: number | null): number | null =>
    value === null ? null : Math.round(Math.abs(value) % 1e6) / 4
  const column = (made: Column): Column => {
    const { stringDomain, urlDomain, inEnvironment, annotation } = made.rest
    const others = { stringDomain, inEnvironment, annotation, ...(stringDomain ? {} : { urlDomain }) }
    const rest: JsonObject = {}
    for (const [key, value] of Object.entries(others)) if (value !== undefined) rest[key] = value
    const { domain } = made
    if (!domain || made.dtype === 'bool')
      return { ...made, domain: null, rest: made.dtype === 'bool' ? {} : rest }
    const bounds = domain.kind === 'int' ? {} : { min: bound(domain.min), max: bound(domain.max) }
    return { ...made, domain: { ...domain, ...bounds }, rest: {} }
  }
  const { unknown: _unknown, ...rest } = schema.rest
  return { columns: schema.columns.map(column), rest }
}

/** The bounds of a float domain are float32, and Google prints as few digits as tell them apart. */
function asFloat32(schema: Schema): Schema {
  const round = (value: number | null): number | null => (value === null ? null : Math.fround(value))
  return {
    ...schema,
    columns: schema.columns.map((column) =>
      column.domain?.kind === 'float'
        ? {
            ...column,
            domain: { ...column.domain, min: round(column.domain.min), max: round(column.domain.max) },
          }
        : column,
    ),
  }
}

describe('tensorflow_metadata', () => {
  it('reads what we write of the shipped schemas as it reads the files themselves', async () => {
    const originals = files.map((name) => {
      const format = name.endsWith('.json') ? ('json' as const) : ('pbtxt' as const)
      return { format, text: readFileSync(join(folder, name), 'utf8'), name }
    })
    const schemas = originals.map(({ name, text }) => readSchema(name, text))
    const truth = await google(originals)
    const pbtxt = await google(schemas.map((schema) => ({ format: 'pbtxt', text: writeSchemaPbtxt(schema) })))
    const json = await google(schemas.map((schema) => ({ format: 'json', text: writeSchemaJson(schema) })))
    files.forEach((name, i) => {
      expect(pbtxt[i]?.dump, name).toEqual(truth[i]?.dump)
      expect(json[i]?.dump, name).toEqual(truth[i]?.dump)
      const ours = schemas[i] && asFloat32(schemas[i])
      for (const print of truth[i]?.prints ?? [])
        expect(asFloat32(readSchemaPbtxt(print)), name).toEqual(ours)
      expect(truth[i]?.prints).toHaveLength(4)
    })
  })

  it('reads schemas of any kind, and we read all that it prints', async () => {
    const schemas = fc.sample(anySchema, { numRuns: 150, seed: 20 }).map(strict)
    const written = schemas.map((schema) => readSchemaPbtxt(writeSchemaPbtxt(schema)))
    const pbtxt = await google(written.map((schema) => ({ format: 'pbtxt', text: writeSchemaPbtxt(schema) })))
    const json = await google(written.map((schema) => ({ format: 'json', text: writeSchemaJson(schema) })))
    written.forEach((schema, i) => {
      expect(json[i]?.dump).toEqual(pbtxt[i]?.dump)
      for (const print of pbtxt[i]?.prints ?? []) expect(readSchemaPbtxt(print)).toEqual(schema)
    })
    expect(pbtxt).toHaveLength(150)
  })

  it('reads what was edited', async () => {
    const name = 'movielens-1m.schema.pbtxt'
    const schema = readSchema(name, readFileSync(join(folder, name), 'utf8'))
    const edited = setDtype(setRole(setDtype(schema, 'gender', 'bool'), 'age', 'ignored'), 'title', 'float32')
    const [reading] = await google([{ format: 'pbtxt', text: writeSchemaPbtxt(edited) }])
    expect(reading?.prints[0]).toContain('float_domain')
    expect(readSchemaPbtxt(reading?.prints[0] ?? '')).toEqual(readSchemaPbtxt(writeSchemaPbtxt(edited)))
  })
})
