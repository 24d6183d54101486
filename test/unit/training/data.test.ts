import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shuffledOrder, type MemoryPart } from '../../../src-main/dataset'
import type { ModelSpec } from '../../../src-main/model'
import { BatchPacker, RowStore } from '../../../src-main/training/data'

const spec: ModelSpec = {
  architecture: 'dcn',
  settings: {},
  inputs: [
    { kind: 'categorical', column: 'a', table: 'a', distinctPerBatch: null },
    { kind: 'continuous', column: 'b' },
    { kind: 'categorical', column: 'c', table: 'c', distinctPerBatch: null },
  ],
  tables: ['a', 'c'].map((name) => ({
    name,
    columns: [name],
    rows: 1000,
    width: 8,
    frozen: false,
    pretrained: false,
  })),
  batchSize: 8,
}

/** Row i holds i, i / 2, 1000 − i and i + 0.25, so that every value tells which row it came from. */
function partOf(rows: number): MemoryPart {
  const ids = Int32Array.from({ length: rows }, (_, i) => i)
  const columns = {
    a: ids,
    b: Float32Array.from(ids, (i) => i / 2),
    c: ids.map((i) => 1000 - i),
    y: Float32Array.from(ids, (i) => i + 0.25),
  }
  return { rows, columns, lists: {} }
}

describe('packed batches', () => {
  it('are gathered in pieces, and each epoch in its own order', () => {
    const rows = 200_000 // several pieces of 2 MB
    const packer = new BatchPacker(new RowStore(spec, 'y', partOf(rows)), 1000)
    for (const epoch of [1, 2]) {
      const order = shuffledOrder(rows, 5, epoch)
      const seen: number[] = []
      for (let index = 0; index < packer.batches; index++)
        seen.push(...packer.column(packer.batch(index, order), 0))
      expect(seen).toEqual(Array.from(order))
    }
  })

  it('hold each row exactly once, the last batch partial', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 80 }),
        fc.option(fc.nat()),
        (rows, batchSize, seed) => {
          const order = seed === null ? null : shuffledOrder(rows, seed, 0)
          const packer = new BatchPacker(new RowStore(spec, 'y', partOf(rows)), batchSize)
          const seen: number[] = []
          for (let index = 0; index < packer.batches; index++) {
            const batch = packer.batch(index, order)
            expect(batch.rows).toBe(Math.min(batchSize, rows - index * batchSize))
            const row = packer.column(batch, 0)
            seen.push(...row)
            expect(packer.column(batch, 1)).toEqual(row.map((i) => 1000 - i))
            expect(packer.column(batch, 2)).toEqual(row.map((i) => i / 2))
            expect(packer.column(batch, 3)).toEqual(row.map((i) => i + 0.25))
            expect(Array.from(packer.targets(batch))).toEqual(row.map((i) => i + 0.25))
          }
          expect(seen).toEqual(order ? Array.from(order) : Array.from({ length: rows }, (_, i) => i))
          expect(new Set(seen).size).toBe(rows)
        },
      ),
    )
  })
})
