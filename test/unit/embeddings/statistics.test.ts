import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  hashTable,
  meanRowMovement,
  mockTable,
  StatisticsBuilder,
  TableHash,
  tableStatistics,
} from '../../../src-main/embeddings'
import { equalWidthHistogram } from '../../../src-main/embeddings/statistics'

describe('statistics of a table', () => {
  it('norms', async () => {
    const { norms } = await tableStatistics(Float32Array.of(3, 4, 0, 0, 6, 8), 2)
    expect(norms).toMatchObject({ min: 0, mean: 5, max: 10 })
    expect(norms.histogram.edges).toHaveLength(21)
    expect(norms.histogram.edges[20]).toBe(10)
    expect(norms.histogram.counts.reduce((a, b) => a + b)).toBe(3)
    expect([norms.histogram.counts[0], norms.histogram.counts[10], norms.histogram.counts[19]]).toEqual([
      1, 1, 1,
    ])
  })

  it('every value falls in one bin, between that bin’s edges', () => {
    const finite = fc.float({ min: -1e6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 200 }), (numbers) => {
        const values = Float32Array.from(numbers)
        const { counts } = equalWidthHistogram(values, Math.min(...values), Math.max(...values))
        expect(counts.reduce((a, b) => a + b)).toBe(values.length)
      }),
    )
  })

  it('the thumbnail shows the axes of largest variance', async () => {
    // Rows on an ellipse in a plane of a 6-dimensional space, far from the origin.
    const [u, v] = [
      [1, 1, 0, 0, 1, 0].map((x) => x / Math.sqrt(3)),
      [0, 0, 1, -1, 0, 0].map((x) => x / Math.sqrt(2)),
    ]
    const rows = 500
    const table = new Float32Array(rows * 6)
    for (let r = 0; r < rows; r++) {
      const angle = (2 * Math.PI * r) / rows
      for (let c = 0; c < 6; c++)
        table[r * 6 + c] = 50 + 10 * Math.cos(angle) * (u?.[c] ?? 0) + 3 * Math.sin(angle) * (v?.[c] ?? 0)
    }
    const { points, pointRows } = await tableStatistics(table, 6)
    expect(pointRows).toEqual(Array.from({ length: rows }, (_, r) => r))
    for (let r = 0; r < rows; r++) {
      const angle = (2 * Math.PI * r) / rows
      expect(Math.abs(points[2 * r] ?? NaN)).toBeCloseTo(Math.abs(10 * Math.cos(angle)), 2)
      expect(Math.abs(points[2 * r + 1] ?? NaN)).toBeCloseTo(Math.abs(3 * Math.sin(angle)), 2)
    }
  })

  it('rows that are all alike have no axes', async () => {
    const { points } = await tableStatistics(new Float32Array(30).fill(2), 3)
    expect(points.every((value) => Math.abs(value) < 1e-5)).toBe(true)
  })

  it('samples large tables evenly, and does not depend on how rows arrive', async () => {
    const table = mockTable(5000, 8, 3)
    const whole = await tableStatistics(table, 8)
    expect(whole.pointRows).toHaveLength(2000)
    expect(whole.pointRows.slice(0, 4)).toEqual([0, 2, 5, 7])
    const builder = new StatisticsBuilder(5000, 8)
    for (let row = 0; row < 5000; row += 37)
      builder.add(table.subarray(row * 8, Math.min(5000, row + 37) * 8))
    expect(await builder.finish()).toEqual(whole)
  })
})

describe('hashes and movement', () => {
  it('a hash is that of the little-endian bytes, however they are added', () => {
    // printf '\x00\x00\x80\x3f\x00\x00\x00\xc0' | sha256sum
    expect(hashTable(Float32Array.of(1, -2))).toBe(
      'ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b',
    )
    const hash = new TableHash()
    hash.add(Float32Array.of(1))
    hash.add(Float32Array.of(-2))
    expect(hash.hex()).toBe(hashTable(Float32Array.of(1, -2)))
  })

  it('movement is the mean L2 distance over all rows', () => {
    expect(meanRowMovement(Float32Array.of(0, 0, 1, 1), Float32Array.of(3, 4, 1, 1), 2)).toBe(2.5)
    expect(() => meanRowMovement(new Float32Array(4), new Float32Array(6), 2)).toThrow(RangeError)
  })
})
