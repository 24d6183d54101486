import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  readSchema,
  readSchemaJson,
  readSchemaPbtxt,
  writeSchemaJson,
  writeSchemaPbtxt,
} from '../../../src-main/schema'
import { normalizeJson } from '../../../src-main/schema/proto/normalize'

const folder = join(__dirname, '../../fixtures/schemas')
const files = [
  'movielens-100k.schema.json',
  'sequence-testing.schema.json',
  'movielens-1m.schema.pbtxt',
  'aliccp.schema.pbtxt',
]

describe.each(files)('%s', (file) => {
  const text = readFileSync(join(folder, file), 'utf8')
  const schema = readSchema(file, text)

  it('is read, written and read again unchanged, in both formats and across them', () => {
    expect(readSchemaJson(writeSchemaJson(schema))).toEqual(schema)
    expect(readSchemaPbtxt(writeSchemaPbtxt(schema))).toEqual(schema)
    expect(readSchemaPbtxt(writeSchemaPbtxt(readSchemaJson(writeSchemaJson(schema))))).toEqual(schema)
  })

  it('is written in one form only', () => {
    const written = writeSchemaPbtxt(schema)
    expect(writeSchemaPbtxt(readSchemaPbtxt(written))).toBe(written)
    const json = writeSchemaJson(schema)
    expect(writeSchemaJson(readSchemaJson(json))).toBe(json)
  })
})

describe.each(files.filter((file) => file.endsWith('.json')))('%s', (file) => {
  it('is written with every field that the file has', () => {
    const original: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    const written: unknown = JSON.parse(
      writeSchemaJson(readSchema(file, readFileSync(join(folder, file), 'utf8'))),
    )
    expect(written).toEqual(original)
  })
})

describe('the schema of the example', () => {
  const schema = readSchema('s.json', readFileSync(join(folder, 'movielens-100k.schema.json'), 'utf8'))
  it('has the columns of the example', () => {
    expect(
      schema.columns.map(
        (column) =>
          `${column.name} ${column.dtype} ${column.domain?.min ?? '-'} ${column.domain?.max ?? '-'} ${column.embedding?.dimension ?? '-'}`,
      ),
    ).toEqual([
      'movieId int32 1 1680 102',
      'userId int32 - 943 74',
      'genres int32 - 216 32',
      'TE_movieId_rating float64 - - -',
      'userId_count float32 - - -',
      'gender int32 - 2 16',
      'zip_code int32 - 795 67',
      'rating int64 - - -',
      'rating_binary int32 - - -',
      'age int32 - 8 16',
      'title string - - -',
    ])
    expect(normalizeJson({ feature: [] }, 'Schema', '')).toEqual({})
  })
})
