import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  diffSchemas,
  makeColumn,
  readSchema,
  setDomainMax,
  setDtype,
  setRole,
  setTags,
  writeSchema,
} from '../../../src-main/schema'
import { schema as anySchema } from './arbitrary'

const file = join(__dirname, '../../fixtures/schemas/movielens-100k.schema.json')
const movielens = readSchema(file, readFileSync(file, 'utf8'))

describe('the difference of two schemas', () => {
  it('is told field by field', () => {
    const tagged = setTags(movielens, 'age', ['user', 'continuous'])
    const edited = setRole(
      setDomainMax(setDtype(tagged, 'gender', 'int16'), 'movieId', 2000),
      'zip_code',
      'ignored',
    )
    const changes = diffSchemas(movielens, {
      ...edited,
      columns: [
        ...edited.columns.filter(({ name }) => name !== 'genres').reverse(),
        makeColumn('extra', 'float32'),
      ],
    })
    expect(changes.map(({ column, change }) => `${column} ${change}`).sort()).toEqual(
      [
        'age changed',
        'extra added',
        'gender changed',
        'genres removed',
        'movieId changed',
        'zip_code changed',
      ].sort(),
    )
    const fields = (name: string) => changes.find(({ column }) => column === name)?.fields
    expect(fields('zip_code')).toEqual([{ field: 'role', before: 'feature', after: 'ignored' }])
    expect(fields('age')?.find(({ field }) => field === 'tags')).toEqual({
      field: 'tags',
      before: ['categorical', 'user'],
      after: ['continuous', 'user'],
    })
    expect(fields('movieId')).toMatchObject([
      { field: 'domain', before: { name: 'movieId', max: 1680 }, after: { name: 'movieId', max: 2000 } },
    ])
  })

  it('is none between a schema and itself, also by way of a file', () => {
    fc.assert(
      fc.property(anySchema, fc.constantFrom('a.json', 'a.pbtxt'), (made, name) => {
        expect(diffSchemas(made, made)).toEqual([])
        expect(diffSchemas(made, readSchema(name, writeSchema(name, made)))).toEqual([])
      }),
      { numRuns: 150 },
    )
  })

  it('the other way round has the same columns, each with before and after exchanged', () => {
    fc.assert(
      fc.property(anySchema, anySchema, (one, other) => {
        const there = diffSchemas(one, other)
        const back = new Map(diffSchemas(other, one).map((change) => [change.column, change]))
        expect(back.size).toBe(there.length)
        for (const { column, change, fields } of there) {
          const opposite = { added: 'removed', removed: 'added', changed: 'changed' }[change]
          expect(back.get(column)?.change).toBe(opposite)
          expect(back.get(column)?.fields).toEqual(
            fields.map(({ field, before, after }) => ({ field, before: after, after: before })),
          )
        }
      }),
      { numRuns: 60 },
    )
  })
})
