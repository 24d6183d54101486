import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mostPoints, pointOfRow, rowOfPoint } from '../../../../src-main/contract'
import { openVectorFile } from '../../../../src-main/embeddings'
import { readRowPairs, rowNorms } from '../../../../src-main/embeddings/map/drift'
import { drawRows } from '../../../../src-main/embeddings/map/rows'
import { uniformGenerator } from '../../../../src-main/embeddings/random'
import { type TableRows } from '../../../../src-main/embeddings'
import { tableFile } from './support'

describe('the rows of a map', () => {
  it('are drawn evenly at random, in order and without the unknown one', () => {
    const drawn = drawRows(1001, 250, uniformGenerator(3))
    expect(drawn.length).toBe(250)
    expect(new Set(drawn).size).toBe(250)
    expect([...drawn]).toEqual([...drawn].sort((a, b) => a - b))
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(1)
    expect(Math.max(...drawn)).toBeLessThanOrEqual(1000)
    expect(drawn.filter((row) => row <= 500).length).toBeGreaterThan(95)
    expect([...drawRows(5, 9, uniformGenerator(3))]).toEqual([1, 2, 3, 4])
  })

  it('are known by their points and back, past a million too', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5 * mostPoints }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rows, at) => {
          const points = Math.min(rows - 1, mostPoints)
          const point = Math.min(points - 1, Math.floor(at * points))
          const row = rowOfPoint(rows, point)
          expect(row).toBeGreaterThanOrEqual(1)
          expect(row).toBeLessThan(rows)
          expect(pointOfRow(rows, row)).toBe(point)
        },
      ),
    )
    expect(pointOfRow(10, 0)).toBe(-1)
    expect(pointOfRow(10, 10)).toBe(-1)
  })
})

describe('drift', () => {
  const opened = async (table: Float32Array, width: number): Promise<TableRows> => {
    const file = await openVectorFile(await tableFile(table, width))
    const [array] = file.arrays
    if (!array) throw new Error('no array')
    return { file, array }
  }

  it('is the distance and the cosine of each row before and after', async () => {
    const before = await opened(Float32Array.of(1, 0, 0, 2, 3, 4, 0, 0), 2)
    const after = await opened(Float32Array.of(1, 0, 2, 0, 6, 8, 0, 1), 2)
    const { distances, similarities } = await readRowPairs(before, after)
    expect([...distances]).toEqual([0, Math.fround(Math.sqrt(8)), 5, 1])
    expect([...similarities]).toEqual([1, 0, 1, 0])
    expect([...(await rowNorms(after))]).toEqual([1, 2, 10, 1])
    await Promise.all([before.file.close(), after.file.close()])
  })

  it('needs tables of one shape', async () => {
    const [one, other] = [await opened(new Float32Array(8), 2), await opened(new Float32Array(8), 4)]
    await expect(readRowPairs(one, other)).rejects.toMatchObject({ code: 'shape-mismatch' })
    await Promise.all([one.file.close(), other.file.close()])
  })
})
