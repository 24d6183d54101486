import { describe, expect, it } from 'vitest'
import { applyEdit, attachedTo } from '../../../src-main/project/edits'
import { effectiveSchema } from '../../../src-main/project/effectiveSchema'
import { modelSpecOf } from '../../../src-main/project/modelSpec'
import { findColumn, roleOf } from '../../../src-main/schema'
import { movieTable, sampleDocument } from './support'

describe('edits of the document', () => {
  it('attaching replaces the table that the column had', () => {
    const next = applyEdit(sampleDocument(), {
      type: 'attach',
      table: { ...movieTable, id: 'other', width: 64 },
    })
    expect(next.tables).toHaveLength(1)
    expect(attachedTo(next, 'movieId')).toMatchObject({ id: 'other', width: 64 })
  })

  it('a table goes to every column that shares the domain', () => {
    const document = sampleDocument()
    const shared = {
      ...findColumn(document.schema, 'movieId'),
      name: 'lastMovieId',
    }
    const two = { ...document, schema: { ...document.schema, columns: [...document.schema.columns, shared] } }
    const attached = applyEdit(two, { type: 'attach', table: movieTable })
    expect(attached.tables[0]?.columns).toEqual(['lastMovieId', 'movieId'])
    const spec = modelSpecOf(attached)
    expect(spec.tables.filter(({ pretrained }) => pretrained)).toHaveLength(1)
    const detached = applyEdit(attached, { type: 'detach', column: 'lastMovieId', table: null })
    expect(detached.tables[0]?.columns).toEqual(['movieId'])
  })

  it('a table that takes the place of another is used as that one was; what was said of one that went goes with it', () => {
    const document = applyEdit(sampleDocument(), {
      type: 'setUse',
      table: 'movieId',
      changes: { learningRateScale: 0.5 },
    })
    const other = { ...movieTable, id: 'movieId-2' }
    const replaced = applyEdit(document, { type: 'attach', table: other })
    expect(Object.keys(replaced.uses)).toEqual(['movieId-2'])
    expect(replaced.uses['movieId-2']).toMatchObject({ learningRateScale: 0.5 })
    const beside = applyEdit(document, { type: 'attach', table: other, add: true })
    expect(beside.tables.map(({ id }) => id)).toEqual(['movieId', 'movieId-2'])
    const summed = applyEdit(beside, { type: 'setCombination', column: 'movieId', combination: 'sum' })
    const left = applyEdit(summed, { type: 'detach', column: 'movieId', table: 'movieId' })
    expect(left.tables.map(({ id }) => id)).toEqual(['movieId-2'])
    expect([left.uses, left.combinations]).toEqual([{}, {}])
  })

  it('the schema that others read states the size of the attached table; the imported one comes back', () => {
    const document = sampleDocument()
    expect(findColumn(effectiveSchema(document), 'movieId').embedding).toEqual({
      cardinality: 1680,
      dimension: 128,
    })
    const detached = applyEdit(document, { type: 'detach', column: 'movieId', table: null })
    expect(findColumn(effectiveSchema(detached), 'movieId').embedding).toEqual({
      cardinality: 1680,
      dimension: 102,
    })
  })

  it('adds tags to many columns and takes others from them as one edit; what a new tag excludes goes', () => {
    const document = sampleDocument()
    const next = applyEdit(document, {
      type: 'setColumns',
      columns: ['age', 'userId', 'TE_movieId_rating'],
      changes: { addTags: ['categorical', 'own'], removeTags: ['user'] },
    })
    const tags = (name: string) => findColumn(next.schema, name).tags
    expect(tags('age')).toEqual(['categorical', 'own'])
    expect(tags('userId')).toEqual(['categorical', 'user_id', 'own'])
    expect(tags('TE_movieId_rating')).toEqual(['categorical', 'own'])
    expect(next.schema.columns.map(({ name }) => name)).toEqual(
      document.schema.columns.map(({ name }) => name),
    )
    const columns = ['age', 'nothing']
    expect(() => applyEdit(document, { type: 'setColumns', columns, changes: { addTags: ['own'] } })).toThrow(
      'there is no column nothing',
    )
  })

  it('ignoring keeps the tags, and an ignored target is no target any more', () => {
    const document = sampleDocument()
    const next = applyEdit(document, {
      type: 'setColumns',
      columns: ['rating_binary'],
      changes: { role: 'ignored' },
    })
    const column = findColumn(next.schema, 'rating_binary')
    expect(roleOf(column)).toBe('ignored')
    expect(column.tags).toEqual(findColumn(document.schema, 'rating_binary').tags)
    // One target is left, so it is the one.
    expect(next.target).toBe('rating')
  })

  it('a schema that lacks columns takes their tables and widths away', () => {
    const document = applyEdit(sampleDocument(), {
      type: 'setColumns',
      columns: ['userId'],
      changes: { width: 24 },
    })
    const schema = {
      ...document.schema,
      columns: document.schema.columns.filter(({ name }) => name !== 'movieId' && name !== 'userId'),
    }
    const next = applyEdit(document, { type: 'importSchema', schema, file: 'x.json' })
    expect(next.tables).toEqual([])
    expect(next.widths).toEqual({})
    expect(next.target).toBe('rating_binary')
  })

  it('the model follows the document: widths of the user, of a rule, of the file', () => {
    const widths = (document = sampleDocument()) =>
      Object.fromEntries(modelSpecOf(document).tables.map(({ name, width }) => [name, width]))
    expect(widths()).toEqual({ age: 8, gender: 8, genres: 8, movieId: 128, userId: 16, zip_code: 16 })
    const set = applyEdit(sampleDocument(), {
      type: 'setColumns',
      columns: ['userId', 'movieId'],
      changes: { width: 24 },
    })
    expect(widths(set)).toMatchObject({ userId: 24, movieId: 128 })
    const bySchema = applyEdit(sampleDocument(), { type: 'setWidthRule', rule: 'schema' })
    expect(modelSpecOf(bySchema).inputs.map(({ column }) => column)).toEqual([
      'TE_movieId_rating',
      'age',
      'gender',
      'genres',
      'movieId',
      'userId',
      'userId_count',
      'zip_code',
    ])
    expect(widths(bySchema)).toMatchObject({ userId: 74, movieId: 128 })
  })
})
