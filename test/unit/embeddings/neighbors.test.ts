import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  chooseArray,
  findNeighbors,
  type Metric,
  mockTable,
  openVectorFile,
  readRow,
  type TableRows,
  writeNpy,
} from '../../../src-main/embeddings'

const rows = 5000
const width = 100
let folder: string
let table: TableRows
let values: Float32Array // [rows, width]: several blocks

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-neighbors-'))
  values = mockTable(rows, width, 1)
  // A copy of row 7, a longer one, and a row of zeros.
  values.copyWithin(4000 * width, 7 * width, 8 * width)
  for (let c = 0; c < width; c++) values[3000 * width + c] = 3 * (values[7 * width + c] ?? 0)
  values.fill(0, 9 * width, 10 * width)
  const path = join(folder, 'table.npy')
  await writeNpy(path, values, width)
  const file = await openVectorFile(path)
  table = { file, array: chooseArray(file) }
})
afterAll(async () => {
  await table.file.close()
  await rm(folder, { recursive: true, force: true })
})

const rowOf = (index: number): number[] => [...values.subarray(index * width, (index + 1) * width)]

/** The same by sorting everything. */
function expected(index: number, k: number, metric: Metric): number[] {
  const query = rowOf(index)
  const score = (other: number): number => {
    const row = rowOf(other)
    if (metric === 'euclidean')
      return Math.sqrt(row.reduce((sum, value, c) => sum + (value - (query[c] ?? 0)) ** 2, 0))
    const dot = row.reduce((sum, value, c) => sum + value * (query[c] ?? 0), 0)
    const length = (v: number[]): number => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0))
    return length(row) * length(query) === 0 ? 0 : -dot / (length(row) * length(query))
  }
  return Array.from({ length: rows - 1 }, (_, i) => i + 1)
    .filter((other) => other !== index)
    .map((other) => [score(other), other] as const)
    .sort(([a, i], [b, j]) => a - b || i - j)
    .slice(0, k)
    .map(([, other]) => other)
}

describe('neighbours', () => {
  it.each([
    [1, 'cosine'],
    [4999, 'cosine'],
    [2500, 'euclidean'],
    [9, 'euclidean'],
    [9, 'cosine'],
  ] as const)('of row %d by %s are those that sorting all rows gives', async (index, metric) => {
    const { row, neighbors } = await findNeighbors(table, index, 25, metric)
    expect([...row]).toEqual(rowOf(index))
    expect(neighbors.map((neighbor) => neighbor.index)).toEqual(expected(index, 25, metric))
  })

  it('a copy is nearest, and a longer row in the same direction has the same cosine', async () => {
    const { neighbors } = await findNeighbors(table, 7, 2, 'cosine')
    expect(neighbors.map(({ index }) => index).sort()).toEqual([3000, 4000])
    for (const { similarity } of neighbors) expect(similarity).toBeCloseTo(1, 6)
    expect((await findNeighbors(table, 7, 1, 'euclidean')).neighbors[0]).toMatchObject({
      index: 4000,
      distance: 0,
    })
  })

  it('more than there are gives all but the row itself and unknown', async () => {
    const { neighbors } = await findNeighbors(table, 5, 10_000, 'cosine')
    expect(neighbors).toHaveLength(rows - 2)
  })

  it('a row past the end is not found', async () => {
    await expect(readRow(table, rows)).rejects.toMatchObject({ code: 'not-found' })
  })
})
