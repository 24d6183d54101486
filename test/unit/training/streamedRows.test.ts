import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import type { RowRange } from '../../../src-main/dataset/batches'
import type { ModelSpec } from '../../../src-main/model'
import type { PartFiles } from '../../../src-main/training/plan'
import type { RowWindow } from '../../../src-main/training/rows'
import { StreamedRows } from '../../../src-main/training/streamedRows'
import { evenWindow, firstRows, planWindows } from '../../../src-main/training/windows'
import { plan, sampleProject, trainHere } from './project'

/** Row groups of some files, as their footers would list them. */
const groups: fc.Arbitrary<RowRange[]> = fc
  .array(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((files) =>
    files.flatMap((sizes, file) =>
      sizes.map((rows, i) => ({
        file: `part-${file}`,
        first: sizes.slice(0, i).reduce((sum, size) => sum + size, 0),
        rows,
      })),
    ),
  )

const rowsOf = (pieces: readonly RowRange[]): string[] =>
  pieces.flatMap(({ file, first, rows }) => Array.from({ length: rows }, (_, i) => `${file}:${first + i}`))

describe('the windows of an epoch', () => {
  it('hold every row once, whole batches but for the last, and no more than they may', () => {
    fc.assert(
      fc.property(
        groups,
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 20 }),
        fc.option(fc.nat()),
        (given, windowRows, batchSize, seed) => {
          const windows = planWindows(given, windowRows, batchSize, seed, 1)
          const all = windows.flatMap(({ pieces }) => rowsOf(pieces))
          const lying = rowsOf(given)
          expect(seed === null ? all : [...all].sort()).toEqual(seed === null ? lying : [...lying].sort())
          for (const [i, { pieces, rows }] of windows.entries()) {
            expect(rows).toBe(rowsOf(pieces).length)
            expect(rows).toBeLessThanOrEqual(Math.max(batchSize, windowRows))
            if (i < windows.length - 1) expect(rows % batchSize).toBe(0)
          }
          expect(planWindows(given, windowRows, batchSize, seed, 1)).toEqual(windows)
          // Divided evenly, there are as many windows, none with a batch more than its share.
          const even = evenWindow(all.length, windowRows, batchSize)
          const evenly = planWindows(given, even, batchSize, seed, 1)
          expect(evenly.length).toBe(windows.length)
          expect(even % batchSize).toBe(0)
          expect(even).toBeLessThan(all.length / windows.length + batchSize)
          // An epoch that ends earlier takes the beginning of the same windows, and no row more.
          const most = Math.ceil(all.length / 2)
          const cut = firstRows(windows, most).flatMap(({ pieces }) => rowsOf(pieces))
          expect(cut).toEqual(all.slice(0, most))
        },
      ),
    )
  })

  it('draw on every file in proportion', () => {
    const files = Array.from({ length: 16 }, (_, file) =>
      Array.from({ length: 12 }, (_, i) => ({ file: `part-${file}`, first: 1000 * i, rows: 1000 })),
    ).flat()
    for (const { pieces } of planWindows(files, 48_000, 1000, 7, 3)) {
      const counts = new Map<string, number>()
      for (const { file } of pieces) counts.set(file, (counts.get(file) ?? 0) + 1)
      // 48 groups of 16 files: three of each, one more or less.
      expect(counts.size).toBe(16)
      for (const count of counts.values()) expect(Math.abs(count - 3)).toBeLessThanOrEqual(1)
    }
  })
})

const spec: ModelSpec = {
  architecture: 'dcn',
  settings: {},
  inputs: [
    { kind: 'categorical', column: 'id', table: 'id', distinctPerBatch: null },
    { kind: 'continuous', column: 'x' },
  ],
  tables: [{ name: 'id', columns: ['id'], rows: 20_001, width: 8, frozen: false, pretrained: false }],
  batchSize: 100,
}

describe('rows from disk', () => {
  let folder = ''
  let part: PartFiles = { rows: 0, files: [] }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'graft-rows-'))
    const duck = await (await DuckDBInstance.create(':memory:')).connect()
    const files: string[] = []
    for (const [i, [from, to]] of [
      [0, 9000],
      [9000, 20_000],
    ].entries()) {
      const file = join(folder, `part-${i}.parquet`)
      await duck.run(
        `COPY (SELECT range::INTEGER AS id, (range / 2)::DOUBLE AS x, (range % 2)::INTEGER AS y FROM range(${from}, ${to})) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
      )
      files.push(file)
    }
    duck.closeSync()
    part = { rows: 20_000, files }
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** The ids of an epoch in the order of training; each window is checked when it would be loaded. */
  async function idsOf(rows: StreamedRows, epoch: number): Promise<number[]> {
    const seen: number[] = []
    for await (const window of rows.epoch(epoch)) {
      const ids = idsIn(window)
      window.load({ load: (block) => expect(block.rows).toBe(ids.length) })
      for (const row of window.order) {
        const id = ids[row] ?? -1
        expect(window.store.labels[row]).toBe(id % 2)
        seen.push(id)
      }
    }
    return seen
  }
  function idsIn({ store }: RowWindow): number[] {
    return Array.from({ length: store.rows }, (_, i) => {
      const id = store.words[i * store.width] ?? -1
      expect(store.floats[i * store.width + 1]).toBe(id / 2)
      return id
    })
  }
  const open = (seed: number | null, epochs?: number): Promise<StreamedRows> =>
    StreamedRows.open({ spec, target: 'y', part, windowRows: 5000, batchSize: 100, seed, epochs })

  it('are each there once an epoch, in an order of the seed and the epoch', async () => {
    const rows = await open(3)
    try {
      const [first, second] = [await idsOf(rows, 1), await idsOf(rows, 2)]
      const lying = Array.from({ length: 20_000 }, (_, i) => i)
      for (const ids of [first, second]) expect([...ids].sort((a, b) => a - b)).toEqual(lying)
      expect(first).not.toEqual(second)
      const again = await open(3)
      expect(await idsOf(again, 1)).toEqual(first)
      await again.close()
    } finally {
      await rows.close()
    }
  })

  it('are read ahead into the next epoch, but for the last one', async () => {
    const rows = await open(3, 2)
    try {
      await idsOf(rows, 1)
      expect(rows.reading).toBe(true)
      await idsOf(rows, 2)
      expect(rows.reading).toBe(false)
    } finally {
      await rows.close()
    }
  })

  it('keep the order of the files without a seed', async () => {
    const rows = await open(null)
    expect(await idsOf(rows, 1)).toEqual(Array.from({ length: 20_000 }, (_, i) => i))
    await rows.close()
  })

  it('name the row of the file whose id the table does not have', async () => {
    const small = { ...spec, tables: spec.tables.map((table) => ({ ...table, rows: 12_000 })) }
    const rows = await StreamedRows.open({
      spec: small,
      target: 'y',
      part,
      windowRows: 5000,
      batchSize: 100,
      seed: null,
    })
    await expect(idsOf(rows, 1)).rejects.toMatchObject({
      code: 'invalid-data',
      // The second file begins with id 9000.
      message: expect.stringMatching(/column id, row 3000: the value is 12000/),
    })
    await rows.close()
  })
})

test('a part that is larger than the memory for rows trains from disk, the same for the same seed', async () => {
  const { path, document } = await sampleProject()
  const set = [{ path: 'training.rowMemory', value: 1 }]
  const once = async () => trainHere(await plan(path, document, { epochs: 2, set }))
  const [a, b] = [await once(), await once()]
  expect(a.steps).toHaveLength(2 * Math.ceil(100_000 / 1024))
  expect(b.steps).toEqual(a.steps)
  expect(a.epochs[1]?.train.loss).toBeGreaterThan(0.69)
  expect(a.epochs[1]?.train.loss).toBeLessThan(0.697)
})

test('an epoch of so many steps ends after them', async () => {
  const { path, document } = await sampleProject()
  const set = [{ path: 'training.stepsPerEpoch', value: 7 }]
  const { steps, epochs } = await trainHere(await plan(path, document, { epochs: 3, set }))
  expect(steps.map(({ epoch }) => epoch)).toEqual([1, 2, 3].flatMap((epoch) => Array(7).fill(epoch)))
  expect(epochs).toHaveLength(3)
})
