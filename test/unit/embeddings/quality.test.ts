import { expect, it } from 'vitest'
import { measureQuality } from '../../../src-main/embeddings/quality'
import { mockTable } from '../../../src-main/embeddings'
import { normalGenerator } from '../../../src-main/embeddings/random'

const name = (row: number): string => `id ${row}`

/** Row 0 is unknown, with numbers that would show in every figure. */
function tableOf(vectors: readonly (readonly number[])[], missing: readonly number[] = []) {
  const width = vectors[0]?.length ?? 0
  const rows = vectors.length + 1
  const values = Float32Array.from([...new Array<number>(width).fill(1e6), ...vectors.flat()])
  const present = new Uint8Array(rows).fill(1)
  for (const row of missing) present[row] = 0
  return { vocabularyRows: rows, rows, width, values, present }
}

it('measures norms, directions, constant dimensions and near duplicates by hand', async () => {
  const vectors = [
    [3, 4, 7, 0],
    [0, 0, 7, 0],
    [3, 4.01, 7, 0],
    [99, 99, 99, 99],
    [-3, -4, 7, 0],
  ]
  const found = await measureQuality(tableOf(vectors, [4]), name)
  const kept = vectors.filter((_, i) => i !== 3)
  const norms = kept.map((vector) => Math.hypot(...vector))
  expect(found).toMatchObject({ vectors: 4, sampled: 4, zeroVectors: 0, constantDimensions: 2 })
  expect(found.norms.min).toBeCloseTo(7, 5)
  expect(found.norms.max).toBeCloseTo(Math.max(...norms), 5)
  expect(found.norms.mean).toBeCloseTo(norms.reduce((a, b) => a + b) / 4, 5)
  expect(found.norms.histogram.counts.reduce((a, b) => a + b)).toBe(4)
  let cosines = 0
  for (let i = 0; i < 4; i++)
    for (let j = 0; j < i; j++)
      cosines +=
        (kept[i] ?? []).reduce((sum, value, c) => sum + value * (kept[j]?.[c] ?? 0), 0) /
        ((norms[i] ?? 1) * (norms[j] ?? 1))
  expect(found.meanCosine).toBeCloseTo(cosines / 6, 6)
  expect(found.nearDuplicates).toMatchObject({ rows: 2, compared: 4, example: { a: 'id 1', b: 'id 3' } })
})

it('zero vectors have no direction; one vector and none have no pairs', async () => {
  expect(
    await measureQuality(
      tableOf([
        [0, 0],
        [0, 0],
        [1, 0],
      ]),
      name,
    ),
  ).toMatchObject({
    zeroVectors: 2,
    meanCosine: null,
    constantDimensions: 1,
    nearDuplicates: { rows: 0, example: null },
  })
  expect(await measureQuality(tableOf([[1, 2]], [1]), name)).toMatchObject({
    vectors: 0,
    sampled: 0,
    norms: { min: 0, mean: 0, max: 0 },
    meanCosine: null,
    constantDimensions: 0,
    nearDuplicates: { rows: 0, compared: 0, example: null },
  })
})

it('a large table is measured on a sample that is told, its constant dimensions on all rows', async () => {
  const [rows, width] = [60_000, 128]
  const values = mockTable(rows + 1, width, 3)
  // Far from the origin all vectors point one way; the last row alone differs in dimension 5.
  for (let row = 0; row <= rows; row++) {
    for (let c = 0; c < width; c++) values[row * width + c] = (values[row * width + c] ?? 0) + 1
    values[row * width + 5] = row === rows ? 2 : 1
  }
  const present = new Uint8Array(rows + 1).fill(1)
  const found = await measureQuality(
    { vocabularyRows: rows + 1, rows: rows + 1, width, values, present },
    name,
  )
  expect(found.vectors).toBe(rows)
  expect(found.sampled).toBeGreaterThan(10_000)
  expect(found.sampled).toBeLessThan(40_000)
  expect(found.constantDimensions).toBe(0)
  expect(found.meanCosine ?? 0).toBeGreaterThan(0.9)
  expect(found.nearDuplicates.compared).toBeLessThan(5000)
})

it('vectors that point everywhere have a mean cosine near 0', async () => {
  const normal = normalGenerator(4)
  const vectors = Array.from({ length: 500 }, () => Array.from({ length: 64 }, () => normal()))
  const { meanCosine, nearDuplicates } = await measureQuality(tableOf(vectors), name)
  expect(Math.abs(meanCosine ?? 1)).toBeLessThan(0.01)
  expect(nearDuplicates.rows).toBe(0)
})
