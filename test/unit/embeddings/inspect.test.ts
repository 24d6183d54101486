import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  encodedVocabulary,
  inspectFile,
  mockTable,
  valueVocabulary,
  writeNpy,
} from '../../../src-main/embeddings'

const fixtures = join(import.meta.dirname, '../../fixtures/vectors')
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-inspect-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

it('names the columns that a file fits, those with a row for unknown first', async () => {
  const path = join(scratch, 'movies.npy')
  await writeNpy(path, mockTable(1681, 128, 1), 128)
  const found = await inspectFile(path, [
    { column: 'itemId', vocabulary: encodedVocabulary(1681) },
    { column: 'userId', vocabulary: encodedVocabulary(943) },
    { column: 'movieId', vocabulary: encodedVocabulary(1680) },
  ])
  expect(found).toEqual({
    path,
    name: 'movies.npy',
    format: 'npy',
    bytes: 128 + 1681 * 128 * 4,
    keyFields: [],
    keyField: null,
    arrays: [
      {
        name: '',
        dtype: 'float32',
        shape: [1681, 128],
        keyed: false,
        keys: null,
        refusal: null,
        fits: [
          {
            column: 'movieId',
            exact: true,
            sentence: '1,681 × 128 float32 fits movieId (1,680 ids + unknown)',
            matched: 1680,
            ids: 1680,
            nearMiss: null,
          },
          {
            column: 'itemId',
            exact: false,
            sentence: '1,681 × 128 float32 fits itemId (1,681 ids; unknown becomes their mean)',
            matched: 1681,
            ids: 1681,
            nearMiss: null,
          },
        ],
      },
    ],
  })
})

it('lists every array of an archive, with the reason where one cannot be used', async () => {
  const found = await inspectFile(join(fixtures, 'mixed.npz'), [
    { column: 'age', vocabulary: encodedVocabulary(2) },
  ])
  const [vectors, ids] = found.arrays
  expect(vectors).toMatchObject({ name: 'vectors', shape: [3, 4], refusal: null })
  expect(vectors?.fits.map((fit) => fit.column)).toEqual(['age'])
  expect(ids?.fits).toEqual([])
  expect(ids?.refusal).toContain('has the shape (3)')
})

it('proposes the columns whose values the keys are, by the share of ids that they cover', async () => {
  const path = join(scratch, 'titles.csv')
  await writeFile(path, 'title,a,b\nHeat,1,2\nAlien,3,4\nBrazil,5,6\n')
  const found = await inspectFile(path, [
    { column: 'country', vocabulary: await valueVocabulary(['Brazil', 'Chile', 'Peru']) },
    { column: 'movie', vocabulary: await valueVocabulary(['Alien', 'Heat']) },
    { column: 'userId', vocabulary: encodedVocabulary(3) },
  ])
  expect(found).toMatchObject({ format: 'csv', keyFields: ['title', 'a', 'b'], keyField: 'title' })
  expect(found.arrays[0]?.fits).toMatchObject([
    {
      column: 'movie',
      exact: true,
      matched: 2,
      ids: 2,
      sentence: '3 × 2 float32 has 2 of 2 ids of movie by key',
    },
    {
      column: 'country',
      exact: false,
      matched: 1,
      ids: 3,
      sentence: '3 × 2 float32 has 1 of 3 ids of country by key',
    },
  ])
  expect(found.arrays[0]?.keys).toEqual({ read: 3, distinct: 3 })
})

it('proposes a column whose ids the keys only nearly are, with the rule', async () => {
  const path = join(scratch, 'padded.csv')
  await writeFile(path, 'key,a,b\n0001,1,2\n0002,3,4\n0002,5,6\n0009,5,6\n')
  const found = await inspectFile(path, [
    { column: 'other', vocabulary: await valueVocabulary(['Brazil', 'Chile', 'Peru']) },
    { column: 'movieId', vocabulary: encodedVocabulary(3) },
  ])
  const example = { key: '0001', value: '1' }
  expect(found.arrays[0]?.fits).toEqual([
    {
      column: 'movieId',
      exact: false,
      matched: 2,
      ids: 3,
      nearMiss: { rule: 'number', ids: 2, example },
      sentence: "4 × 2 float32 has 2 of 3 ids of movieId by key, 2 of them only by the key rule 'number'",
    },
  ])
  expect(found.arrays[0]?.keys).toEqual({ read: 4, distinct: 3 })
})
