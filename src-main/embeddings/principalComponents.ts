import { symmetricEigen } from './symmetricEigen'
import { breathe } from './breathe'

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
  const { values: variances, vectors } = await symmetricEigen(covariance, width)
  const order = Array.from({ length: width }, (_, index) => index)
  order.sort((a, b) => (variances[b] ?? 0) - (variances[a] ?? 0) || a - b)
  const axes = new Float64Array(components * width)
  for (let k = 0; k < components; k++) {
    const row = (order[k] ?? 0) * width
    let largest = 0
    for (let c = 0; c < width; c++) {
      const value = vectors[row + c] ?? 0
      if (Math.abs(value) > Math.abs(largest)) largest = value
    }
    const sign = largest < 0 ? -1 : 1
    for (let c = 0; c < width; c++) axes[k * width + c] = sign * (vectors[row + c] ?? 0)
  }
  return axes
}

/** Rows that are multiplied at a time: a strip of them stays in the processor's cache. */
const stripRows = 128

/** Sums that are held in registers at once, along either axis. */
const tile = 4

/**
 * Σ row · rowᵀ, [width, width], in double precision. Rows are copied into strips, one column after the other, and each
 * pair of four columns by four is added up over the whole strip without touching memory for the sums.
 */
async function secondMoments(
  values: Float32Array,
  rows: number,
  width: number,
  chosen: (row: number) => boolean,
): Promise<Float64Array> {
  const padded = Math.ceil(width / tile) * tile
  const sums = new Float64Array(padded * padded)
  const strip = new Float64Array(padded * stripRows) // [padded, stripRows]
  let filled = 0
  for (let row = 0; row < rows; row++) {
    if (chosen(row)) {
      for (let c = 0, at = row * width; c < width; c++, at++) strip[c * stripRows + filled] = values[at] ?? 0
      filled += 1
    }
    if (filled < stripRows && row < rows - 1) continue
    // The last strip may hold rows of the one before.
    for (let c = 0; c < width; c++) strip.fill(0, c * stripRows + filled, (c + 1) * stripRows)
    for (let i = 0; i < padded; i += tile) {
      for (let j = i; j < padded; j += tile) addTile(strip, sums, padded, i, j)
    }
    filled = 0
    await breathe()
  }
  const whole = new Float64Array(width * width)
  for (let i = 0; i < width; i++) {
    for (let j = i; j < width; j++) {
      const sum = sums[i * padded + j] ?? 0
      whole[i * width + j] = sum
      whole[j * width + i] = sum
    }
  }
  return whole
}

/** Adds the products of columns i … i + 3 and j … j + 3 of a strip. */
function addTile(strip: Float64Array, sums: Float64Array, padded: number, i: number, j: number): void {
  let [s00, s01, s02, s03] = [0, 0, 0, 0]
  let [s10, s11, s12, s13] = [0, 0, 0, 0]
  let [s20, s21, s22, s23] = [0, 0, 0, 0]
  let [s30, s31, s32, s33] = [0, 0, 0, 0]
  const [a, b] = [i * stripRows, j * stripRows]
  for (let r = 0; r < stripRows; r++) {
    const a0 = strip[a + r] ?? 0
    const a1 = strip[a + stripRows + r] ?? 0
    const a2 = strip[a + 2 * stripRows + r] ?? 0
    const a3 = strip[a + 3 * stripRows + r] ?? 0
    const b0 = strip[b + r] ?? 0
    const b1 = strip[b + stripRows + r] ?? 0
    const b2 = strip[b + 2 * stripRows + r] ?? 0
    const b3 = strip[b + 3 * stripRows + r] ?? 0
    s00 += a0 * b0
    s01 += a0 * b1
    s02 += a0 * b2
    s03 += a0 * b3
    s10 += a1 * b0
    s11 += a1 * b1
    s12 += a1 * b2
    s13 += a1 * b3
    s20 += a2 * b0
    s21 += a2 * b1
    s22 += a2 * b2
    s23 += a2 * b3
    s30 += a3 * b0
    s31 += a3 * b1
    s32 += a3 * b2
    s33 += a3 * b3
  }
  add4(sums, i * padded + j, s00, s01, s02, s03)
  add4(sums, (i + 1) * padded + j, s10, s11, s12, s13)
  add4(sums, (i + 2) * padded + j, s20, s21, s22, s23)
  add4(sums, (i + 3) * padded + j, s30, s31, s32, s33)
}

function add4(sums: Float64Array, at: number, a: number, b: number, c: number, d: number): void {
  sums[at] = (sums[at] ?? 0) + a
  sums[at + 1] = (sums[at + 1] ?? 0) + b
  sums[at + 2] = (sums[at + 2] ?? 0) + c
  sums[at + 3] = (sums[at + 3] ?? 0) + d
}
