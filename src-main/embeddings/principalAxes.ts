import { breathe } from './breathe'

/** Rows on their first two principal axes. */
export interface Projection {
  readonly x: Float32Array // [rows]
  readonly y: Float32Array // [rows]
}

/** The plane of a projection: other rows are laid onto it by the same mean and axes. */
export interface PrincipalPlane extends Projection {
  readonly mean: Float64Array // [width]
  readonly axes: readonly [Float64Array, Float64Array] // [width] each, of length 1, or 0 where no variance is left
  /** Share of the rows' variance along each axis. */
  readonly shares: readonly [number, number]
}

const maxIterations = 60
const tolerance = 1e-5

/**
 * The two directions of largest variance by power iteration on the centred rows, without forming their covariance: each
 * iteration costs a pass over the rows and then gives way to the event loop. The second axis is kept orthogonal to
 * the first. Deterministic: it starts from the row that is farthest from the mean.
 * @param values [rows, width]; overwritten by the centred rows
 */
export async function principalAxes(values: Float32Array, rows: number, width: number): Promise<Projection> {
  const { x, y } = await principalPlane(values, rows, width)
  return { x, y }
}

/**
 * As `principalAxes`, with what lays other rows onto the same plane.
 * @param values [rows, width]; overwritten by the centred rows
 */
export async function principalPlane(
  values: Float32Array,
  rows: number,
  width: number,
): Promise<PrincipalPlane> {
  const mean = centre(values, rows, width)
  const first = await leadingAxis(values, rows, width, null)
  const second = await leadingAxis(values, rows, width, first)
  const x = project(values, rows, width, first)
  const y = project(values, rows, width, second)
  const all = squaresOf(values)
  const share = (along: Float32Array): number => (all > 0 ? squaresOf(along) / all : 0)
  return { x, y, mean, axes: [first, second], shares: [share(x), share(y)] }
}

function squaresOf(values: Float32Array): number {
  let sum = 0
  for (const value of values) sum += value * value
  return sum
}

/** Takes the mean row out of all rows and returns it. */
function centre(values: Float32Array, rows: number, width: number): Float64Array {
  const mean = backProject(values, rows, width, new Float32Array(rows).fill(1))
  for (let c = 0; c < width; c++) mean[c] = (mean[c] ?? 0) / rows
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < width; c++) values[r * width + c] = (values[r * width + c] ?? 0) - (mean[c] ?? 0)
  }
  return mean
}

/** values · axis */
function project(values: Float32Array, rows: number, width: number, axis: Float64Array): Float32Array {
  const result = new Float32Array(rows)
  for (let r = 0; r < rows; r++) {
    let sum = 0
    for (let c = 0; c < width; c++) sum += (values[r * width + c] ?? 0) * (axis[c] ?? 0)
    result[r] = sum
  }
  return result
}

/** valuesᵀ · weights */
function backProject(values: Float32Array, rows: number, width: number, weights: Float32Array): Float64Array {
  const result = new Float64Array(width)
  for (let r = 0; r < rows; r++) {
    const weight = weights[r] ?? 0
    for (let c = 0; c < width; c++) result[c] = (result[c] ?? 0) + (values[r * width + c] ?? 0) * weight
  }
  return result
}

/**
 * valuesᵀ · (values · axis) in one pass: each row is fetched from memory once, and four sums run side by side, for one
 * alone waits for each addition.
 */
function multiplied(values: Float32Array, rows: number, width: number, axis: Float64Array): Float64Array {
  const result = new Float64Array(width)
  const whole = width - (width % 4)
  for (let r = 0, at = 0; r < rows; r++, at += width) {
    let [a, b, c, d] = [0, 0, 0, 0]
    for (let i = 0; i < whole; i += 4) {
      a += (values[at + i] ?? 0) * (axis[i] ?? 0)
      b += (values[at + i + 1] ?? 0) * (axis[i + 1] ?? 0)
      c += (values[at + i + 2] ?? 0) * (axis[i + 2] ?? 0)
      d += (values[at + i + 3] ?? 0) * (axis[i + 3] ?? 0)
    }
    for (let i = whole; i < width; i++) a += (values[at + i] ?? 0) * (axis[i] ?? 0)
    const along = a + b + c + d
    for (let i = 0; i < width; i++) result[i] = (result[i] ?? 0) + along * (values[at + i] ?? 0)
  }
  return result
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
}

function removeComponent(vector: Float64Array, unit: Float64Array): void {
  const length = dot(vector, unit)
  for (let c = 0; c < vector.length; c++) vector[c] = (vector[c] ?? 0) - length * (unit[c] ?? 0)
}

/** Scales to length 1; false for a vector that is zero but for rounding. */
function normalize(vector: Float64Array): boolean {
  const length = Math.sqrt(dot(vector, vector))
  if (!(length > 1e-30)) return false
  for (let c = 0; c < vector.length; c++) vector[c] = (vector[c] ?? 0) / length
  return true
}

/** The centred row of largest length, once `orthogonalTo` is taken out of all: never without the leading axis. */
function startVector(
  values: Float32Array,
  rows: number,
  width: number,
  orthogonalTo: Float64Array | null,
): Float64Array {
  const along = orthogonalTo && project(values, rows, width, orthogonalTo)
  let best = 0
  let bestSquares = -1
  for (let r = 0; r < rows; r++) {
    // Pythagoras: what is left of the row's length without its component along the unit axis.
    let squares = -((along?.[r] ?? 0) ** 2)
    for (let i = r * width; i < (r + 1) * width; i++) squares += (values[i] ?? 0) ** 2
    if (squares > bestSquares) [best, bestSquares] = [r, squares]
  }
  const row = Float64Array.from(values.subarray(best * width, (best + 1) * width))
  if (orthogonalTo) removeComponent(row, orthogonalTo)
  return row
}

/** Zero where no variance is left: all rows are alike, or lie on one line. */
async function leadingAxis(
  values: Float32Array,
  rows: number,
  width: number,
  orthogonalTo: Float64Array | null,
): Promise<Float64Array> {
  let axis = startVector(values, rows, width, orthogonalTo)
  if (!normalize(axis)) return new Float64Array(width)
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const next = multiplied(values, rows, width, axis)
    if (orthogonalTo) removeComponent(next, orthogonalTo)
    if (!normalize(next)) return axis
    const settled = 1 - Math.abs(dot(next, axis)) < tolerance * tolerance
    axis = next
    if (settled) break
    await breathe()
  }
  return axis
}
