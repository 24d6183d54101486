import { breathe } from './breathe'

/** Multiplications between two breaths: some milliseconds. */
const workAtOnce = 4_000_000

/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder's reduction to tridiagonal form and implicit QL
 * (EISPACK's `tred2` and `tql2`; Golub & Van Loan, "Matrix Computations", 8.3), about 10/3 n³ multiplications.
 * @param matrix [n, n]; overwritten by the vectors
 * @returns values in no order, and the vectors as rows: the vector of value k is row k
 */
export async function symmetricEigen(
  matrix: Float64Array,
  n: number,
): Promise<{ values: Float64Array; vectors: Float64Array }> {
  const diagonal = new Float64Array(n)
  const off = new Float64Array(n)
  await tridiagonalize(matrix, n, diagonal, off)
  transpose(matrix, n)
  await diagonalize(matrix, n, diagonal, off)
  return { values: diagonal, vectors: matrix }
}

/** Leaves the orthogonal matrix of the reduction in `a`, as columns. Works on the rows of the lower triangle. */
async function tridiagonalize(a: Float64Array, n: number, d: Float64Array, e: Float64Array): Promise<void> {
  let work = 0
  for (let i = n - 1; i > 0; i--) {
    const row = a.subarray(i * n, i * n + i)
    work += i * i * 2
    if (work > workAtOnce) {
      await breathe()
      work = 0
    }
    d[i] = i > 1 ? reduceRow(a, n, i, row, e) : 0
    if (i === 1) e[1] = row[0] ?? 0
  }
  d[0] = 0
  e[0] = 0
  for (let i = 0; i < n; i++) {
    work += i * i * 2
    if (work > workAtOnce) {
      await breathe()
      work = 0
    }
    accumulate(a, n, i, d)
  }
}

/** One Householder reflection. @returns its norm, 0 where none was needed */
function reduceRow(a: Float64Array, n: number, i: number, row: Float64Array, e: Float64Array): number {
  let scale = 0
  for (let k = 0; k < i; k++) scale += Math.abs(row[k] ?? 0)
  if (scale === 0) {
    e[i] = row[i - 1] ?? 0
    return 0
  }
  let h = 0
  for (let k = 0; k < i; k++) {
    const value = (row[k] ?? 0) / scale
    row[k] = value
    h += value * value
  }
  const f = row[i - 1] ?? 0
  const g = f >= 0 ? -Math.sqrt(h) : Math.sqrt(h)
  e[i] = scale * g
  h -= f * g
  row[i - 1] = f - g
  // p = A u / h, reading each row of the lower triangle once.
  e.fill(0, 0, i)
  for (let j = 0; j < i; j++) {
    const start = j * n
    const u = row[j] ?? 0
    let sum = (a[start + j] ?? 0) * u
    for (let k = 0; k < j; k++) {
      const value = a[start + k] ?? 0
      sum += value * (row[k] ?? 0)
      e[k] = (e[k] ?? 0) + value * u
    }
    e[j] = (e[j] ?? 0) + sum
  }
  let dot = 0
  for (let j = 0; j < i; j++) {
    const value = (e[j] ?? 0) / h
    e[j] = value
    dot += value * (row[j] ?? 0)
  }
  const half = dot / (h + h)
  for (let j = 0; j < i; j++) e[j] = (e[j] ?? 0) - half * (row[j] ?? 0)
  for (let j = 0; j < i; j++) {
    const start = j * n
    const [u, q] = [row[j] ?? 0, e[j] ?? 0]
    for (let k = 0; k <= j; k++) a[start + k] = (a[start + k] ?? 0) - (u * (e[k] ?? 0) + q * (row[k] ?? 0))
    // The reflection's vector, kept as a column for the product of all.
    a[start + i] = u / h
  }
  return h
}

/** Multiplies reflection i into the product of those before. */
function accumulate(a: Float64Array, n: number, i: number, d: Float64Array): void {
  const row = a.subarray(i * n, i * n + i)
  if ((d[i] ?? 0) !== 0) {
    const sums = new Float64Array(i)
    for (let k = 0; k < i; k++) {
      const u = row[k] ?? 0
      const start = k * n
      for (let j = 0; j < i; j++) sums[j] = (sums[j] ?? 0) + u * (a[start + j] ?? 0)
    }
    for (let k = 0; k < i; k++) {
      const start = k * n
      const u = a[start + i] ?? 0
      for (let j = 0; j < i; j++) a[start + j] = (a[start + j] ?? 0) - (sums[j] ?? 0) * u
    }
  }
  d[i] = a[i * n + i] ?? 0
  a[i * n + i] = 1
  for (let k = 0; k < i; k++) {
    a[k * n + i] = 0
    row[k] = 0
  }
}

function transpose(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const value = a[i * n + j] ?? 0
      a[i * n + j] = a[j * n + i] ?? 0
      a[j * n + i] = value
    }
  }
}

/** More steps for one value than any matrix needs (EISPACK allows 30). */
const maxSteps = 60

/** Implicit QL with Wilkinson's shifts. @param v vectors as rows, so that a rotation works on two rows */
async function diagonalize(v: Float64Array, n: number, d: Float64Array, e: Float64Array): Promise<void> {
  e.copyWithin(0, 1)
  e[n - 1] = 0
  let work = 0
  for (let l = 0; l < n; l++) {
    for (let step = 0; step < maxSteps; step++) {
      const m = firstSplit(l, n, d, e)
      if (m === l) break
      sweep(v, n, d, e, l, m)
      work += (m - l) * n * 4
      if (work < workAtOnce) continue
      await breathe()
      work = 0
    }
  }
}

/** The first place from l on where the matrix falls apart but for rounding. */
function firstSplit(l: number, n: number, d: Float64Array, e: Float64Array): number {
  let m = l
  for (; m < n - 1; m++) {
    const size = Math.abs(d[m] ?? 0) + Math.abs(d[m + 1] ?? 0)
    if (Math.abs(e[m] ?? 0) <= Number.EPSILON * size) break
  }
  return m
}

function sweep(v: Float64Array, n: number, d: Float64Array, e: Float64Array, l: number, m: number): void {
  const first = ((d[l + 1] ?? 0) - (d[l] ?? 0)) / (2 * (e[l] ?? 0))
  const radius = Math.hypot(first, 1)
  let g = (d[m] ?? 0) - (d[l] ?? 0) + (e[l] ?? 0) / (first + (first >= 0 ? radius : -radius))
  let [sine, cosine, p] = [1, 1, 0]
  for (let i = m - 1; i >= l; i--) {
    const f = sine * (e[i] ?? 0)
    const b = cosine * (e[i] ?? 0)
    const r = Math.hypot(f, g)
    e[i + 1] = r
    if (r === 0) {
      // Underflow: the matrix falls apart here.
      d[i + 1] = (d[i + 1] ?? 0) - p
      e[m] = 0
      return
    }
    sine = f / r
    cosine = g / r
    g = (d[i + 1] ?? 0) - p
    const t = ((d[i] ?? 0) - g) * sine + 2 * cosine * b
    p = sine * t
    d[i + 1] = g + p
    g = cosine * t - b
    rotate(v, n, i, sine, cosine)
  }
  d[l] = (d[l] ?? 0) - p
  e[l] = g
  e[m] = 0
}

function rotate(v: Float64Array, n: number, i: number, sine: number, cosine: number): void {
  const low = v.subarray(i * n, (i + 1) * n)
  const high = v.subarray((i + 1) * n, (i + 2) * n)
  for (let k = 0; k < n; k++) {
    const [a, b] = [low[k] ?? 0, high[k] ?? 0]
    high[k] = sine * a + cosine * b
    low[k] = cosine * a - sine * b
  }
}
