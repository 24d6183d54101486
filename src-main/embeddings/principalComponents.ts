/** Lets timers and requests run between two pieces of work. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Rows whose products are added up before other work gets a turn. */
const rowsAtOnce = 256

/**
 * The leading principal axes of centred rows, largest variance first: eigenvectors of their covariance, in double
 * precision. Each axis points so that its largest component is positive, which makes the result unique.
 * @param values [rows, width], columns of mean 0 over the chosen rows
 * @returns [components, width]
 */
export async function leadingAxes(
  values: Float32Array,
  rows: number,
  width: number,
  chosen: (row: number) => boolean,
  components: number,
): Promise<Float64Array> {
  const covariance = await secondMoments(values, rows, width, chosen)
  const { vectors, order } = await eigenvectors(covariance, width)
  const axes = new Float64Array(components * width)
  for (let k = 0; k < components; k++) {
    const column = order[k] ?? 0
    let largest = 0
    for (let c = 0; c < width; c++) {
      const value = vectors[c * width + column] ?? 0
      if (Math.abs(value) > Math.abs(largest)) largest = value
    }
    const sign = largest < 0 ? -1 : 1
    for (let c = 0; c < width; c++) axes[k * width + c] = sign * (vectors[c * width + column] ?? 0)
  }
  return axes
}

/** Σ row · rowᵀ, [width, width]. */
async function secondMoments(
  values: Float32Array,
  rows: number,
  width: number,
  chosen: (row: number) => boolean,
): Promise<Float64Array> {
  const sums = new Float64Array(width * width)
  for (let row = 0; row < rows; row++) {
    if (row % rowsAtOnce === 0) await breathe()
    if (!chosen(row)) continue
    const vector = values.subarray(row * width, (row + 1) * width)
    for (let i = 0; i < width; i++) {
      const factor = vector[i] ?? 0
      if (factor === 0) continue
      for (let j = i; j < width; j++)
        sums[i * width + j] = (sums[i * width + j] ?? 0) + factor * (vector[j] ?? 0)
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) sums[i * width + j] = sums[j * width + i] ?? 0
  return sums
}

const maxSweeps = 60

/**
 * Eigenvectors of a symmetric matrix by cyclic Jacobi rotations (Golub & Van Loan, "Matrix Computations", 8.5), which
 * keep the vectors orthogonal to rounding.
 * @param matrix [width, width]; overwritten
 * @returns the vectors as columns, and their order by falling eigenvalue
 */
async function eigenvectors(
  matrix: Float64Array,
  width: number,
): Promise<{ vectors: Float64Array; order: number[] }> {
  const vectors = new Float64Array(width * width)
  for (let i = 0; i < width; i++) vectors[i * width + i] = 1
  const at = (row: number, column: number): number => matrix[row * width + column] ?? 0
  let scale = 0
  for (const value of matrix) scale = Math.max(scale, Math.abs(value))
  const tolerance = scale * 1e-14
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    let rotations = 0
    for (let p = 0; p < width - 1; p++) {
      await breathe()
      for (let q = p + 1; q < width; q++) {
        const off = at(p, q)
        if (Math.abs(off) <= tolerance) continue
        rotations += 1
        // The smaller root of t² + 2τt − 1 = 0 keeps the angle within 45°.
        const tau = (at(q, q) - at(p, p)) / (2 * off)
        const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau))
        const cosine = 1 / Math.sqrt(1 + t * t)
        rotate(matrix, vectors, width, p, q, cosine, t * cosine)
      }
    }
    if (rotations === 0) break
  }
  const order = Array.from({ length: width }, (_, index) => index)
  order.sort((a, b) => at(b, b) - at(a, a) || a - b)
  return { vectors, order }
}

function rotate(
  matrix: Float64Array,
  vectors: Float64Array,
  width: number,
  p: number,
  q: number,
  cosine: number,
  sine: number,
): void {
  for (let k = 0; k < width; k++) {
    const kp = matrix[k * width + p] ?? 0
    const kq = matrix[k * width + q] ?? 0
    matrix[k * width + p] = cosine * kp - sine * kq
    matrix[k * width + q] = sine * kp + cosine * kq
  }
  for (let k = 0; k < width; k++) {
    const pk = matrix[p * width + k] ?? 0
    const qk = matrix[q * width + k] ?? 0
    matrix[p * width + k] = cosine * pk - sine * qk
    matrix[q * width + k] = sine * pk + cosine * qk
    const vp = vectors[k * width + p] ?? 0
    const vq = vectors[k * width + q] ?? 0
    vectors[k * width + p] = cosine * vp - sine * vq
    vectors[k * width + q] = sine * vp + cosine * vq
  }
}
