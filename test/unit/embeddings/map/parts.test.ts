import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mostPoints, pointOfRow, rowOfPoint } from '../../../../src-main/contract'
import { openVectorFile } from '../../../../src-main/embeddings'
import { readRowPairs, rowNorms } from '../../../../src-main/embeddings/map/drift'
import { fuzzyGraph, smoothMemberships } from '../../../../src-main/embeddings/map/fuzzyGraph'
import { emptyNearest, Partition } from '../../../../src-main/embeddings/map/partition'
import { drawRows } from '../../../../src-main/embeddings/map/rows'
import { uniformGenerator } from '../../../../src-main/embeddings/random'
import { type TableRows } from '../../../../src-main/embeddings'
import { clusteredRows, tableFile } from './support'

/** The k nearest rows by looking at all. */
function nearestOfAll(rows: Float32Array, width: number, row: number, k: number): number[] {
  const distances = Float64Array.from({ length: rows.length / width }, (_, other) => {
    let sum = 0
    for (let c = 0; c < width; c++)
      sum += ((rows[row * width + c] ?? 0) - (rows[other * width + c] ?? 0)) ** 2
    return other === row ? Infinity : sum
  })
  return [...distances.keys()].sort((a, b) => (distances[a] ?? 0) - (distances[b] ?? 0) || a - b).slice(0, k)
}

describe('neighbours by cells', () => {
  it('are exact where rows are few', async () => {
    const [rows, width, k] = [300, 7, 6]
    const values = clusteredRows(rows, width, 4, 1)
    const partition = await Partition.build(values, width, uniformGenerator(1))
    const found = emptyNearest(k)
    for (let row = 0; row < rows; row++) {
      partition.search(values, row * width, row, found)
      expect([...found.rows]).toEqual(nearestOfAll(values, width, row, k))
      const last = found.rows[k - 1] ?? 0
      const truth = Math.hypot(
        ...Array.from(
          { length: width },
          (_, c) => (values[row * width + c] ?? 0) - (values[last * width + c] ?? 0),
        ),
      )
      expect(found.distances[k - 1]).toBeCloseTo(truth, 4)
    }
  })

  it('are nearly all found where rows are many', async () => {
    const [rows, width, k] = [12_000, 32, 15]
    const values = clusteredRows(rows, width, 40, 1)
    const partition = await Partition.build(values, width, uniformGenerator(1))
    const found = emptyNearest(k)
    let hits = 0
    for (let row = 0; row < rows; row += 120) {
      partition.search(values, row * width, row, found)
      const truth = new Set(nearestOfAll(values, width, row, k))
      hits += [...found.rows].filter((other) => truth.has(other)).length
    }
    expect(hits / (100 * k)).toBeGreaterThan(0.95)
  })
})

describe("UMAP's graph", () => {
  it('gives the nearest neighbour membership 1 and all of them log2(k)', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 5, maxLength: 30 }),
        (lengths) => {
          const distances = Float32Array.from(lengths).sort()
          const memberships = new Float32Array(distances.length)
          smoothMemberships(distances, distances.length, distances[0] ?? 0, memberships)
          expect(memberships[0]).toBe(1)
          expect(memberships.reduce((sum, value) => sum + value, 0)).toBeCloseTo(
            Math.log2(distances.length),
            1,
          )
        },
      ),
    )
  })

  it('joins both directions as a + b − ab, and every edge stands in both', () => {
    // Row 2 is a neighbour of 0 and 1; these are neighbours of each other.
    const graph = fuzzyGraph(Int32Array.of(1, 2, 0, 2, 0, 1), Float32Array.of(1, 3, 1, 2, 3, 2), 2)
    const edges = new Map(
      [...graph.heads].map((head, i) => [`${head}-${graph.tails[i]}`, graph.weights[i] ?? 0]),
    )
    expect([...edges.keys()].sort()).toEqual(['0-1', '0-2', '1-0', '1-2', '2-0', '2-1'])
    for (const [edge, weight] of edges) {
      expect(edges.get([...edge].reverse().join(''))).toBe(weight)
      expect(weight).toBeGreaterThan(0)
      expect(weight).toBeLessThanOrEqual(1)
    }
    expect(edges.get('0-1')).toBe(1)
  })
})

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
