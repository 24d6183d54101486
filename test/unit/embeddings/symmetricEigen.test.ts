import fc from 'fast-check'
import { expect, it } from 'vitest'
import { symmetricEigen } from '../../../src-main/embeddings/symmetricEigen'

/** The largest entry of A V − V Λ and of V Vᵀ − 1, over the scale of A. */
async function errorsOf(
  matrix: readonly number[][],
): Promise<{ residual: number; skew: number; values: number[] }> {
  const n = matrix.length
  const { values, vectors } = await symmetricEigen(Float64Array.from(matrix.flat()), n)
  const scale = Math.max(1e-300, ...matrix.flat().map(Math.abs))
  const vector = (k: number): Float64Array => vectors.subarray(k * n, (k + 1) * n)
  let residual = 0
  let skew = 0
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      const product = (matrix[i] ?? []).reduce((sum, a, j) => sum + a * (vector(k)[j] ?? NaN), 0)
      residual = Math.max(residual, Math.abs(product - (values[k] ?? NaN) * (vector(k)[i] ?? NaN)) / scale)
      const dot = vector(k).reduce((sum, a, j) => sum + a * (vector(i)[j] ?? NaN), 0)
      skew = Math.max(skew, Math.abs(dot - (i === k ? 1 : 0)))
    }
  }
  return { residual, skew, values: [...values].sort((a, b) => a - b) }
}

const symmetric = (n: number, entry: (i: number, j: number) => number): number[][] =>
  Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => entry(Math.min(i, j), Math.max(i, j))),
  )

/** Products of numbers near the smallest ones have no digits left: those are zeros to any covariance. */
const normal = (value: number): number => (Math.abs(value) < 1e-140 ? 0 : value)

it('finds values and orthogonal vectors of any symmetric matrix', async () => {
  const matrices = fc.integer({ min: 1, max: 9 }).chain((n) =>
    fc
      .array(
        fc.oneof(fc.double({ min: -1e3, max: 1e3, noNaN: true }).map(normal), fc.constant(0), fc.constant(1)),
        {
          minLength: n * n,
          maxLength: n * n,
        },
      )
      .map((entries) => symmetric(n, (i, j) => entries[i * n + j] ?? 0)),
  )
  await fc.assert(
    fc.asyncProperty(matrices, async (matrix) => {
      const { residual, skew } = await errorsOf(matrix)
      expect(residual).toBeLessThan(1e-12)
      expect(skew).toBeLessThan(1e-12)
    }),
  )
})

it('values that are the same, or zero, have vectors of their own', async () => {
  for (const matrix of [
    symmetric(6, (i, j) => (i === j ? 3 : 0)),
    symmetric(6, () => 1),
    symmetric(4, () => 0),
  ]) {
    const { residual, skew } = await errorsOf(matrix)
    expect(residual).toBeLessThan(1e-13)
    expect(skew).toBeLessThan(1e-13)
  }
})

it('knows the values of the second difference', async () => {
  // 2 − 2 cos(k π / (n + 1)), k = 1 … n.
  const n = 40
  const { values } = await errorsOf(symmetric(n, (i, j) => (i === j ? 2 : j - i === 1 ? -1 : 0)))
  values.forEach((value, k) => expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)), 12))
})
