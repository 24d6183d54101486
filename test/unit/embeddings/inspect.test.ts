import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { inspectFile, mockTable, writeNpy } from '../../../src-main/embeddings'

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
    { column: 'itemId', vocabularySize: 1681 },
    { column: 'userId', vocabularySize: 943 },
    { column: 'movieId', vocabularySize: 1680 },
  ])
  expect(found).toEqual({
    path,
    name: 'movies.npy',
    format: 'npy',
    bytes: 128 + 1681 * 128 * 4,
    arrays: [
      {
        name: '',
        dtype: 'float32',
        shape: [1681, 128],
        refusal: null,
        fits: [
          {
            column: 'movieId',
            exact: true,
            sentence: '1,681 × 128 float32 fits movieId (1,680 ids + unknown)',
          },
          {
            column: 'itemId',
            exact: false,
            sentence: '1,681 × 128 float32 fits itemId (1,681 ids; unknown becomes their mean)',
          },
        ],
      },
    ],
  })
})

it('lists every array of an archive, with the reason where one cannot be used', async () => {
  const found = await inspectFile(join(fixtures, 'mixed.npz'), [{ column: 'age', vocabularySize: 2 }])
  const [vectors, ids] = found.arrays
  expect(vectors).toMatchObject({ name: 'vectors', shape: [3, 4], refusal: null })
  expect(vectors?.fits.map((fit) => fit.column)).toEqual(['age'])
  expect(ids?.fits).toEqual([])
  expect(ids?.refusal).toContain('has the shape (3)')
})
