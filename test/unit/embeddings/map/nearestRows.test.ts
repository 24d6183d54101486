import { describe, expect, it } from 'vitest'
import { fillMemberships, placeAmong } from '../../../../src-main/embeddings/map/membership'
import { NearestRows } from '../../../../src-main/embeddings/map/nearestRows'
import { uniformGenerator } from '../../../../src-main/embeddings/random'
import { clusteredRows } from './support'

const k = 10

/** The k nearest rows, by measuring every one. */
function nearestOfAll(rows: Float32Array, width: number, query: Float32Array, at: number): number[] {
  const distances = Array.from({ length: rows.length / width }, (_, row) => {
    let squares = 0
    for (let c = 0; c < width; c++) squares += ((rows[row * width + c] ?? 0) - (query[at + c] ?? 0)) ** 2
    return Math.sqrt(squares)
  })
  const order = [...distances.keys()].sort((a, b) => (distances[a] ?? 0) - (distances[b] ?? 0))
  return order.slice(0, k)
}

describe('the nearest rows', () => {
  it('are those that measuring every row gives, up to a thousand rows', async () => {
    const width = 21
    const rows = clusteredRows(900, width, 7, 1)
    const nearest = await NearestRows.over(rows, width, uniformGenerator(1))
    const [indices, distances] = [new Int32Array(k), new Float64Array(k)]
    for (let row = 0; row < 900; row += 30) {
      nearest.find(rows, row * width, indices, distances)
      expect([...indices]).toEqual(nearestOfAll(rows, width, rows, row * width))
      expect([indices[0], distances[0]]).toEqual([row, 0])
      expect([...distances]).toEqual([...distances].sort((a, b) => a - b))
    }
  })

  it('are nearly always found among many, though an eighth of the rows is looked at', async () => {
    const [width, count] = [16, 10_000]
    const rows = clusteredRows(count + 100, width, 20, 1)
    const fitted = rows.slice(0, count * width)
    const nearest = await NearestRows.over(fitted, width, uniformGenerator(1))
    const [indices, distances] = [new Int32Array(k), new Float64Array(k)]
    let found = 0
    for (let row = count; row < count + 100; row++) {
      nearest.find(rows, row * width, indices, distances)
      const truth = new Set(nearestOfAll(fitted, width, rows, row * width))
      for (const index of indices) if (truth.has(index)) found += 1
    }
    expect(found / (100 * k)).toBeGreaterThan(0.9)
  })

  it('are all rows where so many are asked for, equal ones too', async () => {
    const rows = new Float32Array(3 * k).fill(2)
    const nearest = await NearestRows.over(rows, 3, uniformGenerator(1))
    const [indices, distances] = [new Int32Array(k), new Float64Array(k)]
    nearest.find(rows, 0, indices, distances)
    expect([...indices].sort((a, b) => a - b)).toEqual([...indices.keys()])
    expect([...distances]).toEqual(new Array(k).fill(0))
  })
})

describe('the membership of a new row', () => {
  it('adds up to log2(k) past the nearest row, and falls with the distance', () => {
    const distances = Float64Array.of(0.5, 1, 1.5, 3, 4, 6, 7, 9)
    const weights = new Float64Array(8)
    fillMemberships(distances, weights)
    expect(weights.slice(1).reduce((sum, weight) => sum + weight)).toBeCloseTo(3, 4)
    expect([...weights]).toEqual([...weights].sort((a, b) => b - a))
  })

  it('puts a row between two others where it is as near to both, and upon rows that are all equal', () => {
    const weights = new Float64Array(2)
    fillMemberships(Float64Array.of(2, 2), weights)
    const places = [
      [0, 0],
      [9, 9],
      [4, 2],
    ]
    expect(placeAmong(places, Int32Array.of(0, 2), weights)).toEqual([2, 1])
    fillMemberships(Float64Array.of(0, 0), weights)
    expect(placeAmong(places, Int32Array.of(0, 2), weights)).toEqual([2, 1])
  })
})
