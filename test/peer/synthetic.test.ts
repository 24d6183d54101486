import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bin, partFiles, readSample, synthesize, writeParquet, writeSampleData } from '../../src-main/dataset'
import { runPython } from './python'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-synthetic-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const script = join(import.meta.dirname, 'synthetic.py')
const sampleFolder = join(import.meta.dirname, '../../resources/samples/movielens-100k')

it('the sample is read by pandas, its types those of the schema and its bins those of pandas.cut', async () => {
  const sample = await readSample(sampleFolder)
  await writeSampleData(sample, folder)
  const [file = ''] = await partFiles(folder, 'train')
  const bins = [
    ['gender', 'userId', 1],
    ['zip_code', 'userId', 794],
    ['age', 'userId', 7],
    ['genres', 'movieId', 215],
  ]
  expect(JSON.parse(await runPython(script, [file, JSON.stringify(bins)]))).toEqual({
    rows: 100_000,
    dtypes: {
      movieId: 'int32',
      userId: 'int32',
      genres: 'int32',
      TE_movieId_rating: 'float64',
      userId_count: 'float32',
      gender: 'int32',
      zip_code: 'int32',
      rating: 'int64',
      rating_binary: 'int32',
      age: 'int32',
    },
    nulls: 0,
    differing: { gender: 0, zip_code: 0, age: 0, genres: 0 },
  })
})

it('bins of any number are those of pandas.cut', async () => {
  const sample = await readSample(sampleFolder)
  const drawn = synthesize(sample.parsedSchema, { ...sample, rows: 2000, seed: 5 })
  const ids = drawn.find((column) => column.name === 'movieId')?.values
  if (!(ids instanceof Int32Array)) throw new Error('movieId is no column of ids')
  const numbers = Array.from({ length: 60 }, (_, i) => i + 1)
  const file = join(folder, 'bins.parquet')
  await writeParquet(file, [
    { name: 'id', dtype: 'int32', values: ids },
    ...numbers.map((bins) => ({ name: `b${bins}`, dtype: 'int32' as const, values: bin(ids, bins) })),
  ])
  const asked = JSON.stringify(numbers.map((bins) => [`b${bins}`, 'id', bins]))
  const { differing } = JSON.parse(await runPython(script, [file, asked]))
  expect(differing).toEqual(Object.fromEntries(numbers.map((bins) => [`b${bins}`, 0])))
})
