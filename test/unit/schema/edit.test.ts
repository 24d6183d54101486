import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  addTag,
  collisionsOf,
  compoundTags,
  expandTags,
  familyOf,
  featuresOf,
  findColumn,
  hasTag,
  inputKind,
  intDomain,
  isKnownTag,
  knownTags,
  makeColumn,
  merlinWidth,
  nvtabularWidth,
  readSchema,
  readSchemaPbtxt,
  roleOf,
  select,
  setDomain,
  setDomainMax,
  setDtype,
  setList,
  setRole,
  setTags,
  tableRows,
  tableWidth,
  targetsOf,
  taskOf,
  validateSchema,
  writeSchemaPbtxt,
  type Column,
  type Schema,
} from '../../../src-main/schema'
import { schema as anySchema } from './arbitrary'

const file = join(__dirname, '../../fixtures/schemas/movielens-100k.schema.json')
const movielens = readSchema(file, readFileSync(file, 'utf8'))
const names = (columns: readonly Column[]): string[] => columns.map((column) => column.name)

describe('tags', () => {
  it('select by parts of compound tags, and by compound tags of parts', () => {
    expect(names(select(movielens.columns, 'id'))).toEqual(['movieId', 'userId'])
    expect(names(select(movielens.columns, 'classification'))).toEqual(['rating_binary'])
    expect(names(select(movielens.columns, 'categorical', 'user'))).toEqual([
      'userId',
      'gender',
      'zip_code',
      'age',
    ])
    expect(hasTag(['user', 'id'], 'user_id')).toBe(true)
    expect(hasTag(['user_id'], 'item')).toBe(false)
    expect(hasTag(['constructor'], 'id')).toBe(false)
  })

  it('say what their expansion holds', () => {
    const tag = fc.constantFrom(...knownTags, 'own')
    fc.assert(
      fc.property(fc.array(tag, { maxLength: 4 }), tag, (tags, one) => {
        expect(hasTag(tags, one)).toBe(expandTags(tags).has(one))
      }),
    )
  })

  it('belong to one family each', () => {
    expect(new Set(knownTags).size).toBe(knownTags.length)
    expect(knownTags).toHaveLength(24)
    for (const tag of knownTags) expect(familyOf(tag)).not.toBeNull()
    expect([familyOf('mine'), isKnownTag('mine'), isKnownTag('text_tokenized')]).toEqual([null, false, true])
    for (const [compound, parts] of Object.entries(compoundTags))
      expect([...expandTags([compound])].sort()).toEqual([compound, ...parts].sort())
  })

  it.each([
    [['categorical', 'continuous'], 1],
    [['categorical', 'embedding'], 1],
    [['continuous', 'embedding'], 1],
    [['continuous', 'user_id'], 1],
    [['embedding', 'item', 'id'], 1],
    [['categorical', 'continuous', 'embedding', 'id'], 5],
    [['categorical', 'user_id', 'list'], 0],
    [['regression', 'target'], 0],
  ])('%j has %i collisions', (tags, count) => {
    expect(collisionsOf(tags)).toHaveLength(count)
  })
})

describe('edits', () => {
  it('share what they do not touch', () => {
    const edited = setRole(movielens, 'age', 'ignored')
    expect(
      edited.columns.filter((column, i) => column !== movielens.columns[i]).map((column) => column.name),
    ).toEqual(['age'])
    expect(roleOf(findColumn(movielens, 'age'))).toBe('feature')
  })

  it('of a role keep, add and remove tags as they should', () => {
    const ignored = findColumn(setRole(movielens, 'userId', 'ignored'), 'userId')
    expect([roleOf(ignored), ignored.tags]).toEqual(['ignored', ['categorical', 'user', 'user_id']])
    expect(setRole(setRole(movielens, 'userId', 'ignored'), 'userId', 'feature')).toEqual(movielens)
    const target = findColumn(setRole(movielens, 'userId_count', 'target'), 'userId_count')
    expect([roleOf(target), target.tags]).toEqual(['target', ['continuous', 'target']])
    const feature = findColumn(setRole(movielens, 'rating', 'feature'), 'rating')
    expect([roleOf(feature), feature.tags]).toEqual(['feature', ['categorical']])
    expect(findColumn(setRole(movielens, 'title', 'feature'), 'title').tags).toEqual(['categorical'])
  })

  it('of a role hold for any column and survive the file', () => {
    fc.assert(
      fc.property(
        anySchema,
        fc.constantFrom('feature' as const, 'target' as const, 'ignored' as const),
        (schema, role) => {
          const [first] = schema.columns
          if (
            !first ||
            collisionsOf(first.tags).length > 0 ||
            first.tags.some((tag) => /[\s,]/.test(tag) || tag === '')
          )
            return
          const edited = setRole(schema, first.name, role)
          expect(roleOf(findColumn(edited, first.name))).toBe(role)
          expect(roleOf(findColumn(readSchemaPbtxt(writeSchemaPbtxt(edited)), first.name))).toBe(role)
        },
      ),
    )
  })

  it('of tags refuse collisions and replace what is excluded', () => {
    expect(() => setTags(movielens, 'age', ['categorical', 'continuous'])).toThrow(
      'age cannot be both categorical and continuous',
    )
    expect(() => setTags(movielens, 'age', ['two words'])).toThrow(/without spaces/)
    expect(() => setTags(movielens, 'nope', [])).toThrow('there is no column nope')
    const edited = findColumn(addTag(movielens, 'age', 'continuous'), 'age')
    expect([edited.tags, edited.domain?.isCategorical]).toEqual([['user', 'continuous'], false])
    expect(findColumn(addTag(movielens, 'userId', 'continuous'), 'userId').tags).toEqual([
      'user',
      'continuous',
    ])
  })

  it('of a type move the domain along, and are written so that Merlin reads them', () => {
    const float = setDtype(movielens, 'age', 'float32')
    expect(findColumn(float, 'age').domain).toMatchObject({ kind: 'float', max: 8 })
    expect(findColumn(setDtype(movielens, 'age', 'string'), 'age').domain).toBeNull()
    for (const dtype of ['int8', 'uint16', 'float16', 'float64', 'string', 'bool', 'unknown'] as const) {
      const written = writeSchemaPbtxt(setDtype(movielens, 'age', dtype))
      expect(findColumn(readSchemaPbtxt(written), 'age').dtype).toBe(dtype)
    }
  })

  it('of lists leave one statement of their lengths', () => {
    const list = setList(movielens, 'genres', {
      isList: true,
      isRagged: true,
      valueCount: { min: 1, max: 5 },
    })
    const read = findColumn(readSchemaPbtxt(writeSchemaPbtxt(list)), 'genres')
    expect(read).toMatchObject({ isList: true, isRagged: true, valueCount: { min: 1, max: 5 } })
    const scalar = setList(list, 'genres', { isList: false, isRagged: true, valueCount: null })
    expect(findColumn(readSchemaPbtxt(writeSchemaPbtxt(scalar)), 'genres')).toMatchObject({
      isList: false,
      isRagged: false,
    })
  })

  it('of a domain refuse what is none', () => {
    expect(findColumn(setDomainMax(movielens, 'age', 9), 'age').domain).toMatchObject({
      min: null,
      max: 9,
      name: 'age',
    })
    expect(findColumn(setDomainMax(movielens, 'rating', 5), 'rating').domain).toMatchObject({
      kind: 'int',
      max: 5,
    })
    expect(() => setDomain(movielens, 'age', intDomain('age', 1, 5))).toThrow(
      /minimum 5 is above its maximum 1/,
    )
    expect(() => setDomainMax(movielens, 'age', 1.5)).toThrow(/must be integers/)
  })
})

describe('widths', () => {
  it('are those of the reference run by default', () => {
    const widths = featuresOf(movielens).map((column) =>
      inputKind(column) === 'categorical'
        ? tableWidth(column, 'merlin', null, column.name === 'movieId' ? 128 : null).width
        : 1,
    )
    expect(names(featuresOf(movielens))).toEqual([
      'TE_movieId_rating',
      'age',
      'gender',
      'genres',
      'movieId',
      'userId',
      'userId_count',
      'zip_code',
    ])
    expect(widths).toEqual([1, 8, 8, 8, 128, 16, 1, 16])
    expect(widths.reduce((a, b) => a + b)).toBe(186)
  })

  it('of the schema make 335 inputs with the pretrained table', () => {
    const widths = featuresOf(movielens).map((column) =>
      inputKind(column) === 'categorical'
        ? tableWidth(column, 'schema', null, column.name === 'movieId' ? 128 : null)
        : null,
    )
    expect(widths.reduce((sum, width) => sum + (width?.width ?? 1), 0)).toBe(335)
    // The file's own sizes are NVTabular's, so both rules agree on this schema.
    for (const column of featuresOf(movielens).filter((candidate) => candidate.embedding))
      expect(nvtabularWidth(tableRows(column) - 1)).toBe(column.embedding?.dimension)
  })

  it('give way from pretrained to user to rule', () => {
    const age = findColumn(movielens, 'age')
    expect(tableWidth(age, 'merlin', 20, 128)).toEqual({ width: 128, from: 'pretrained' })
    expect(tableWidth(age, 'merlin', 20)).toEqual({ width: 20, from: 'user' })
    expect(tableWidth(age, 'merlin', 'schema')).toEqual({ width: 16, from: 'schema' })
    expect(tableWidth(age, 'nvtabular')).toEqual({ width: 16, from: 'nvtabular' })
    expect(tableWidth({ ...age, embedding: null }, 'schema')).toEqual({ width: 8, from: 'merlin' })
    expect([merlinWidth(1681), nvtabularWidth(100_000_000)]).toEqual([16, 512])
    expect(() => tableWidth(findColumn(movielens, 'rating'), 'merlin')).toThrow(/rating is not categorical/)
    expect(() => tableWidth({ ...age, domain: null }, 'merlin')).toThrow(/its domain has no maximum/)
  })
})

describe('validation', () => {
  const codes = (schema: Schema): string[] =>
    validateSchema(schema).map((problem) => `${problem.column ?? '*'} ${problem.code}`)

  it('of the example asks only for a choice of target', () => {
    expect(codes(movielens)).toEqual(['* several-targets'])
  })

  it('names each fault', () => {
    const ids = { tags: ['categorical'] }
    const schema: Schema = {
      columns: [
        makeColumn('a', 'int32', { tags: ['categorical', 'continuous'], domain: intDomain('d', 5) }),
        makeColumn('a', 'int32', { ...ids, domain: intDomain('d', 6) }),
        makeColumn('A', 'int32', { ...ids }),
        makeColumn('', 'float32', { ...ids, domain: intDomain('', 0, -1) }),
        makeColumn('text', 'string', { tags: ['continuous'] }),
        makeColumn('u1', 'int32', {
          tags: ['categorical', 'user_id'],
          domain: intDomain('u', 5),
          embedding: { cardinality: 5, dimension: 0 },
        }),
        makeColumn('u2', 'int32', { tags: ['categorical', 'user', 'id'], domain: intDomain('u', 5) }),
        makeColumn('y', 'int32', { tags: ['target', 'regression', 'binary'] }),
      ],
      rest: {},
    }
    expect(codes(schema)).toEqual([
      'a tag-collision',
      'a duplicate-name',
      'A duplicate-name',
      'A no-domain',
      ' empty-name',
      ' not-integer',
      ' empty-domain',
      ' negative-ids',
      'text not-number',
      'u1 odd-embedding',
      'y two-tasks',
      'a domain-disagrees',
      '* two-ids',
    ])
    expect(codes({ columns: [], rest: {} })).toEqual(['* no-columns'])
    expect(codes({ columns: [makeColumn('x', 'string')], rest: {} })).toEqual([
      '* no-features',
      '* no-target',
    ])
  })

  it('tells the tasks of targets apart', () => {
    expect(names(targetsOf(movielens))).toEqual(['rating', 'rating_binary'])
    expect(targetsOf(movielens).map(taskOf)).toEqual(['regression', 'binary'])
    expect(names(targetsOf(setRole(movielens, 'rating', 'ignored')))).toEqual(['rating_binary'])
  })
})
