import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bin, Random, readSample, synthesize, writeParquet, writeSampleData } from '../../../src-main/dataset'
import { partFiles } from '../../../src-main/dataset/files'
import { intDomain, makeColumn, type Schema } from '../../../src-main/schema'
import { temporaryFolder } from './folder'

const folder = temporaryFolder()
const sampleFolder = join(__dirname, '../../../resources/samples/movielens-100k')

function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0
  return sum / values.length
}

function numbers(columns: ReturnType<typeof synthesize>, name: string): ArrayLike<number> {
  const values = columns.find((column) => column.name === name)?.values
  if (!values || Array.isArray(values)) throw new Error(`no numbers called ${name}`)
  return values
}

describe('the sample', async () => {
  const sample = await readSample(sampleFolder)
  const columns = synthesize(sample.parsedSchema, sample)

  it('has every feature and target, and no title', () => {
    expect(columns.map((column) => `${column.name} ${column.dtype}`)).toEqual([
      'movieId int32',
      'userId int32',
      'genres int32',
      'TE_movieId_rating float64',
      'userId_count float32',
      'gender int32',
      'zip_code int32',
      'rating int64',
      'rating_binary int32',
      'age int32',
    ])
  })

  it('draws ids from floor(lognormal(3, 1)), clipped to the domain', () => {
    for (const [name, max] of [
      ['userId', 943],
      ['movieId', 1680],
    ] as const) {
      const values = Array.from(numbers(columns, name))
      expect(Math.min(...values)).toBe(1)
      expect(Math.max(...values)).toBeLessThanOrEqual(max)
      // The median of lognormal(3, 1) is e^3 = 20.09, its mean e^3.5 = 33.1; the floor takes half off.
      expect(values.sort((a, b) => a - b)[50_000]).toBeCloseTo(20, -0.5)
      expect(mean(values)).toBeGreaterThan(32)
      expect(mean(values)).toBeLessThan(33.5)
    }
  })

  it('bins what depends on an id', () => {
    const same = (name: string, id: string, bins: number): boolean =>
      Array.from(numbers(columns, name)).join() === bin(Int32Array.from(numbers(columns, id)), bins).join()
    expect(same('zip_code', 'userId', 794)).toBe(true)
    expect(same('age', 'userId', 7)).toBe(true)
    expect(same('genres', 'movieId', 215)).toBe(true)
    expect(new Set(Array.from(numbers(columns, 'gender')))).toEqual(new Set([1]))
  })

  it('draws uniform numbers, fair targets and ratings from 1 to 5', () => {
    for (const name of ['TE_movieId_rating', 'userId_count', 'rating_binary'])
      expect(mean(numbers(columns, name))).toBeCloseTo(0.5, 1.8)
    for (const name of ['TE_movieId_rating', 'userId_count'])
      expect(Array.from(numbers(columns, name)).every((value) => value >= 0 && value < 1)).toBe(true)
    expect(new Set(Array.from(numbers(columns, 'rating')))).toEqual(new Set([1, 2, 3, 4, 5]))
    expect(mean(numbers(columns, 'rating'))).toBeCloseTo(3, 1)
  })

  it('writes the same bytes for the same seed, others for another', async () => {
    const digest = async (name: string, seed: number): Promise<string> => {
      const project = join(folder, name)
      await writeSampleData({ ...sample, rows: 5000, seed }, project)
      const files = await partFiles(project, 'train')
      return files.map((file) => createHash('sha256').update(readFileSync(file)).digest('hex')).join()
    }
    const first = await digest('a', 1)
    expect(await digest('b', 1)).toBe(first)
    expect(await digest('a', 1)).toBe(first)
    expect(await digest('c', 2)).not.toBe(first)
  })
})

describe('bin', () => {
  it('is pandas.cut + 1', () => {
    // pd.cut(pd.Series([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100]), 7, labels=False) + 1
    expect(Array.from(bin(Int32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100]), 7))).toEqual([
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7,
    ])
    // Values on an edge belong to the bin on its left: edges 0, 2.5, 5, 7.5, 10.
    expect(Array.from(bin(Int32Array.from([0, 5, 6, 10]), 4))).toEqual([1, 2, 3, 4])
    expect(Array.from(bin(Int32Array.from([7, 7]), 5))).toEqual([3, 3])
  })

  it('stays within the bins and in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 50 }),
        (values, bins) => {
          const sorted = Int32Array.from(values).sort()
          const out = bin(sorted, bins)
          expect(out.every((value) => value >= 1 && value <= bins)).toBe(true)
          expect(out.every((value, i) => i === 0 || value >= (out[i - 1] ?? 0))).toBe(true)
          if (sorted[0] !== sorted[sorted.length - 1])
            expect([out[0], out[out.length - 1]]).toEqual([1, bins])
        },
      ),
    )
  })
})

describe('other schemas', () => {
  it('draws lists, ragged or of one length', async () => {
    const ids = { tags: ['categorical'], domain: intDomain('x', 20), isList: true }
    const schema: Schema = {
      columns: [
        makeColumn('fixed', 'int32', { ...ids, valueCount: { min: 3, max: 3 } }),
        makeColumn('ragged', 'int64', { ...ids, isRagged: true, valueCount: { min: 0, max: 4 } }),
        makeColumn('y', 'float32', { tags: ['target', 'regression'] }),
      ],
      rest: {},
    }
    const columns = synthesize(schema, { rows: 500, seed: 3 })
    const lengths = (name: string): Set<number> => {
      const offsets = columns.find((column) => column.name === name)?.offsets ?? new Int32Array(1)
      return new Set(Array.from(offsets.subarray(1)).map((end, i) => end - (offsets[i] ?? 0)))
    }
    expect(lengths('fixed')).toEqual(new Set([3]))
    expect(lengths('ragged')).toEqual(new Set([0, 1, 2, 3, 4]))
    await writeParquet(join(folder, 'lists.parquet'), columns)
  })

  it('refuses a category without a domain', () => {
    const schema: Schema = { columns: [makeColumn('a', 'int32', { tags: ['categorical'] })], rest: {} }
    expect(() => synthesize(schema, { rows: 10, seed: 1 })).toThrow(/column a .* no usable maximum/)
  })
})

describe('Random', () => {
  it('is xoshiro128** and stays so', () => {
    const random = new Random(42, 'userId')
    expect([random.uint32(), random.uint32(), random.uint32()]).toMatchInlineSnapshot(`
      [
        2594648567,
        184175350,
        2189507532,
      ]
    `)
  })

  it('draws below n evenly', () => {
    const random = new Random(7)
    const counts = new Int32Array(6)
    for (let i = 0; i < 60_000; i++) {
      const value = random.below(6)
      counts[value] = (counts[value] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(9000)
  })

  it('draws normals of mean 0 and variance 1', () => {
    const random = new Random(7)
    const values = Array.from({ length: 50_000 }, () => random.normal())
    expect(mean(values)).toBeCloseTo(0, 1.5)
    expect(mean(values.map((value) => value * value))).toBeCloseTo(1, 1.5)
  })
})
