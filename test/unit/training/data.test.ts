import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MemoryPart } from '../../../src-main/dataset'
import { rowLayout, targetFeature, type ModelSpec } from '../../../src-main/model'
import { Batches, RowStore, type PackedBatch } from '../../../src-main/training/data'
import { replayColumns } from '../../../src-main/training/replay'
import { gatherTargets, MemoryRows } from '../../../src-main/training/rows'

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

/** The single values of a field. */
function column(packer: Batches, batch: PackedBatch, name: string): number[] {
  const field = packer.store.layout.fields.find((candidate) => candidate.name === name)
  if (!field) throw new Error(`no field ${name}`)
  return packer.values(batch, field).flat()
}

describe('batches', () => {
  it('hold each row once, in its order, the last batch partial', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 80 }), (rows, batchSize) => {
        const batches = new Batches(RowStore.of(spec, 'y', partOf(rows)), batchSize)
        const seen: number[] = []
        for (let index = 0; index < batches.count; index++) {
          const batch = batches.batch(index)
          expect(batch.rows).toBe(Math.min(batchSize, rows - index * batchSize))
          const row = column(batches, batch, 'a')
          seen.push(...row)
          expect(column(batches, batch, 'c')).toEqual(row.map((i) => 1000 - i))
          expect(column(batches, batch, 'b')).toEqual(row.map((i) => i / 2))
          expect(column(batches, batch, targetFeature)).toEqual(row.map((i) => i + 0.25))
          expect(Array.from(batches.targets(batch))).toEqual(row.map((i) => i + 0.25))
        }
        expect(seen).toEqual(Array.from({ length: rows }, (_, i) => i))
      }),
    )
  })
})

/** A list of ids, weighed by another list, and a vector beside two plain columns. */
const listsSpec = (length: number, keep: 'first' | 'last'): ModelSpec => ({
  ...spec,
  inputs: [
    { kind: 'categorical', column: 'a', table: 'a', distinctPerBatch: null },
    {
      kind: 'categorical',
      column: 'c',
      table: 'c',
      distinctPerBatch: null,
      list: { length, keep, pooling: 'mean', weights: 'w' },
    },
    { kind: 'vector', column: 'v', width: 3 },
  ],
})

describe('the layout of rows', () => {
  it('gives every word to one field, single values first', () => {
    const { fields, target, width } = rowLayout(listsSpec(4, 'first'))
    const words = fields.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i))
    expect(words).toEqual(Array.from({ length: width }, (_, i) => i))
    expect(fields.map(({ holds }) => holds)).toEqual(['one', 'one', 'list', 'list', 'vector'])
    expect(target.offset).toBe(1)
  })

  const lists = fc.array(fc.array(fc.integer({ min: 0, max: 999 }), { maxLength: 9 }), {
    minLength: 1,
    maxLength: 40,
  })
  it('keeps the first or the last items of a list, fills up with −1, and weights go with their ids', () => {
    fc.assert(
      fc.property(
        lists,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('first', 'last'),
        (given, length, keep) => {
          const offsets = Int32Array.from([0, ...given.map((_, i) => given.slice(0, i + 1).flat().length)])
          const rows = given.length
          const part: MemoryPart = {
            rows,
            columns: { a: new Int32Array(rows), y: new Float32Array(rows) },
            lists: {
              c: { values: Int32Array.from(given.flat()), offsets },
              w: { values: Float32Array.from(given.flat(), (id) => id / 2), offsets },
              v: {
                values: Float32Array.from({ length: 3 * rows }, (_, i) => i),
                offsets: Int32Array.from({ length: rows + 1 }, (_, i) => 3 * i),
              },
            },
          }
          const packer = new Batches(RowStore.of(listsSpec(length, keep), 'y', part), 1000)
          const batch = packer.batch(0)
          const [, , ids, weights, vector] = packer.store.layout.fields.map((field) =>
            packer.values(batch, field),
          )
          const kept = given.map((list) => (keep === 'first' ? list.slice(0, length) : list.slice(-length)))
          expect(ids).toEqual(
            kept.map((list) => [...list, ...new Array<number>(length - list.length).fill(-1)]),
          )
          expect(weights).toEqual(
            kept.map((list) => [
              ...list.map((id) => id / 2),
              ...new Array<number>(length - list.length).fill(0),
            ]),
          )
          expect(vector).toEqual(given.map((_, i) => [3 * i, 3 * i + 1, 3 * i + 2]))
          expect(replayColumns(packer, batch)).toMatchObject({
            c: kept,
            w: kept.map((list) => list.map((id) => id / 2)),
          })
        },
      ),
    )
  })

  it('refuses a vector of another width and weights that are not as many as the ids, by column and row', () => {
    const ragged = (values: number[], ...offsets: number[]) => ({
      values: Float32Array.from(values),
      offsets: Int32Array.from(offsets),
    })
    const part: MemoryPart = {
      rows: 2,
      columns: { a: new Int32Array(2), y: new Float32Array(2) },
      lists: {
        c: { values: Int32Array.of(1, 2), offsets: Int32Array.of(0, 1, 2) },
        w: ragged([1, 1], 0, 1, 2),
        v: ragged([1, 2, 3, 4, 5], 0, 3, 5),
      },
    }
    const store = (lists: MemoryPart['lists']): RowStore =>
      RowStore.of(listsSpec(4, 'first'), 'y', { ...part, lists: { ...part.lists, ...lists } })
    expect(() => store({})).toThrow('column v, row 1: the vector has 2 numbers where 3 are expected')
    expect(() => store({ w: ragged([1], 0, 1, 1) })).toThrow(
      'row 1: column w holds 0 weights for the 1 items of column c',
    )
  })
})

describe('rows in memory', () => {
  const store = RowStore.of(spec, 'y', partOf(1000))
  const order = async (rows: MemoryRows, epoch: number): Promise<number[]> => {
    const windows = []
    for await (const window of rows.epoch(epoch)) windows.push(window)
    expect(windows).toHaveLength(1)
    return Array.from(windows[0]?.order ?? [])
  }
  const asTheyLie = Array.from({ length: 1000 }, (_, i) => i)

  it('come in an order of each epoch, the same for the same seed', async () => {
    const [first, second] = [
      await order(new MemoryRows(store, 5), 1),
      await order(new MemoryRows(store, 5), 2),
    ]
    expect(first).not.toEqual(second)
    expect(await order(new MemoryRows(store, 5), 1)).toEqual(first)
    expect(await order(new MemoryRows(store, 6), 1)).not.toEqual(first)
    for (const shuffled of [first, second]) expect(shuffled.sort((a, b) => a - b)).toEqual(asTheyLie)
  })

  it('stay as they lie without a seed, and their targets follow', async () => {
    expect(await order(new MemoryRows(store, null), 3)).toEqual(asTheyLie)
    const targets = gatherTargets(store, Int32Array.of(7, 0, 999), new Float32Array(10))
    expect(Array.from(targets)).toEqual([7.25, 0.25, 999.25])
  })
})
