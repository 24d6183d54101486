import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  DatasetStore,
  loadFiles,
  type ColumnRequest,
  type MemoryPart,
  shuffledOrder,
  writeParquet,
} from '../../../src-main/dataset'
import { partFolder } from '../../../src-main/dataset/files'
import { temporaryFolder } from './folder'

const folder = temporaryFolder()

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

async function loadTraining(project: string, columns: ColumnRequest[]): Promise<MemoryPart> {
  const store = new DatasetStore(project)
  try {
    return await loadFiles(await store.files('train'), columns)
  } finally {
    await store.close()
  }
}

describe('loadFiles', () => {
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
    const part = await loadTraining(project, [
      { name: 'id', type: 'int32', max: 5999 },
      { name: 'x y"\'', type: 'float32' },
      { name: 'l', type: 'int32', isList: true },
    ])
    expect(part.rows).toBe(6000)
    expect(part.columns.id?.every((value, i) => value === i)).toBe(true)
    expect(part.columns['x y"\'']?.[4567]).toBe(Math.fround(4567 / 3))
    expect(Array.from(part.lists.l?.values ?? [])).toEqual([1, 2, 3, 1, 2, 3])
    expect(part.lists.l?.offsets[3001]).toBe(4)
    await expect(loadTraining(project, [{ name: 'id', type: 'int32', max: 5998 }])).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringContaining('column id, row 5999: the value is 5999'),
    })
    await expect(loadTraining(project, [{ name: 'nope', type: 'int32' }])).rejects.toMatchObject({
      code: 'unknown-column',
    })
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
