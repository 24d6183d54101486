import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkBinaryTarget,
  loadFiles,
  loadPart,
  MemorySource,
  shuffledOrder,
  writeParquet,
  type Batch,
  type BatchReader,
  type MemoryPart,
} from '../../../src-main/dataset'
import { partFolder } from '../../../src-main/dataset/files'
import { temporaryFolder } from './folder'

const folder = temporaryFolder()

async function batchesOf(reader: BatchReader): Promise<Batch[]> {
  const batches: Batch[] = []
  for (let batch = await reader.next(); batch; batch = await reader.next())
    batches.push({
      rows: batch.rows,
      columns: Object.fromEntries(
        Object.entries(batch.columns).map(([name, values]) => [name, values.slice()]),
      ),
      lists: batch.lists,
    })
  return batches
}

function partOf(rows: number): MemoryPart {
  const id = Int32Array.from({ length: rows }, (_, i) => i)
  const lengths = Array.from(id, (i) => i % 4)
  const offsets = Int32Array.from([
    0,
    ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b, 0)),
  ])
  const values = Int32Array.from(lengths.flatMap((length, i) => Array.from({ length }, () => i)))
  return { rows, columns: { id, x: Float32Array.from(id, (i) => i / 2) }, lists: { l: { values, offsets } } }
}

describe('batches', () => {
  it('cover each row exactly once, the last one partial, shuffled or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 70 }),
        fc.option(fc.integer({ min: 0 })),
        async (rows, batchSize, seed) => {
          const source = new MemorySource(partOf(rows), batchSize)
          const batches = await batchesOf(source.epoch(seed === null ? null : shuffledOrder(rows, seed, 0)))
          expect(batches.map((batch) => batch.rows)).toEqual(
            Array.from({ length: Math.ceil(rows / batchSize) }, (_, i) =>
              Math.min(batchSize, rows - i * batchSize),
            ),
          )
          const seen: number[] = []
          for (const { rows: count, columns, lists } of batches) {
            expect(columns.id?.length).toBe(count)
            columns.id?.forEach((id, i) => {
              seen.push(id)
              expect(columns.x?.[i]).toBe(id / 2)
              const list = lists.l
              const items = list?.values.slice(list.offsets[i], list.offsets[i + 1])
              expect(Array.from(items ?? [])).toEqual(Array.from({ length: id % 4 }, () => id))
            })
          }
          if (seed !== null) seen.sort((a, b) => a - b)
          expect(seen).toEqual(Array.from({ length: rows }, (_, i) => i))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('use their arrays again', () => {
    const reader = new MemorySource(partOf(10), 4).epoch(shuffledOrder(10, 1, 0))
    const first = reader.next()
    const second = reader.next()
    if (!first || !second || first instanceof Promise || second instanceof Promise)
      throw new Error('no batches')
    expect(second.columns.id).toBe(first.columns.id)
  })

  it('refuse a batch size of 0', () => {
    expect(() => new MemorySource(partOf(1), 0)).toThrow(/batch of 0/)
  })
})

describe('shuffledOrder', () => {
  it('depends on seed and epoch alone', () => {
    const order = (seed: number, epoch: number): string => shuffledOrder(1000, seed, epoch).join()
    expect(order(1, 0)).toBe(order(1, 0))
    expect(new Set([order(1, 0), order(1, 1), order(2, 0), order(2, 1)]).size).toBe(4)
  })

  it('puts every row anywhere equally often', () => {
    const counts = new Int32Array(5)
    for (let seed = 0; seed < 5000; seed++) {
      const place = shuffledOrder(5, seed, 0).indexOf(0)
      counts[place] = (counts[place] ?? 0) + 1
    }
    // 1000 each; five standard deviations are 141.
    expect(Math.max(...counts) - 1000).toBeLessThan(141)
    expect(1000 - Math.min(...counts)).toBeLessThan(141)
  })
})

describe('loadPart', () => {
  it('reads several files in the order of their names, narrowed to the types asked for', async () => {
    const project = join(folder, 'p')
    const write = (name: string, from: number): Promise<void> =>
      writeParquet(join(partFolder(project, 'train'), name), [
        { name: 'id', dtype: 'int64', values: Int32Array.from({ length: 3000 }, (_, i) => from + i) },
        {
          name: 'x y"\'',
          dtype: 'float64',
          values: Float64Array.from({ length: 3000 }, (_, i) => (from + i) / 3),
        },
        {
          name: 'l',
          dtype: 'int32',
          values: Int32Array.from([1, 2, 3]),
          offsets: Int32Array.from({ length: 3001 }, (_, i) => Math.min(3, i)),
        },
      ])
    await write('b.parquet', 3000)
    await write('a.parquet', 0)
    const part = await loadPart(project, 'train', [
      { name: 'id', type: 'int32', max: 5999 },
      { name: 'x y"\'', type: 'float32' },
      { name: 'l', type: 'int32', isList: true },
    ])
    expect(part.rows).toBe(6000)
    expect(part.columns.id?.every((value, i) => value === i)).toBe(true)
    expect(part.columns['x y"\'']?.[4567]).toBe(Math.fround(4567 / 3))
    expect(Array.from(part.lists.l?.values ?? [])).toEqual([1, 2, 3, 1, 2, 3])
    expect(part.lists.l?.offsets[3001]).toBe(4)
    await expect(
      loadPart(project, 'train', [{ name: 'id', type: 'int32', max: 5998 }]),
    ).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringContaining('column id, row 5999: the value is 5999'),
    })
    await expect(loadPart(project, 'train', [{ name: 'nope', type: 'int32' }])).rejects.toMatchObject({
      code: 'unknown-column',
    })
    await expect(loadPart(project, 'test', [])).rejects.toMatchObject({ code: 'not-found' })
  })

  it('refuses NaN and says where', async () => {
    const file = join(folder, 'nan.parquet')
    await writeParquet(file, [{ name: 'x', dtype: 'float32', values: Float32Array.from([1, 2, Number.NaN]) }])
    await expect(loadFiles([file], [{ name: 'x', type: 'float32' }])).rejects.toMatchObject({
      code: 'non-finite',
      details: { column: 'x', row: 2 },
    })
  })
})

describe('checkBinaryTarget', () => {
  it('names the first value that is neither 0 nor 1', () => {
    const part: MemoryPart = { rows: 4, columns: { y: Float32Array.from([0, 1, 3, 2]) }, lists: {} }
    expect(() => checkBinaryTarget(part, 'y')).toThrow('target y, row 2: the value is 3')
    expect(() => checkBinaryTarget({ ...part, columns: { y: Float32Array.from([0, 1]) } }, 'y')).not.toThrow()
    expect(() => checkBinaryTarget(part, 'z')).toThrow('no column z')
  })
})
