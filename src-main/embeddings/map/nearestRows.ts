import { pieces } from '../breathe'

/** Lloyd's iterations: cells that are about right are enough, since several of them are searched. */
const iterations = 4
/** Of so many rows at least the nearest are found, or of this share of the rows, whichever is more. */
const searchedRows = 1_000
const searchedShare = 1 / 8
/** Numbers that are multiplied between two breaths. */
const numbersAtOnce = 8_388_608
/** After so many columns a row that is already too far is given up. */
const columnsAtOnce = 16

/**
 * Finds the nearest of a table's rows by their Euclidean distance. The rows lie in cells around centres (k-means), and a
 * query looks through the cells nearest to it: the inverted file of Jégou, Douze and Schmid ("Product quantization for
 * nearest neighbor search", 2011) without the quantization. Exact up to `searchedRows` rows, else nearly so: an eighth of
 * the rows is looked at.
 */
export class NearestRows {
  private readonly centres: Float32Array // [cells, width]
  private readonly reach: Float64Array // [cells], how near the query each cell's centre is
  private readonly order: number[] // cells, nearest first

  private constructor(
    private readonly rows: Float32Array, // [count, width], cell by cell
    private readonly places: Int32Array, // [count], where each of them lay at first
    private readonly starts: Int32Array, // [cells + 1], where each cell begins
    centres: Float32Array,
    private readonly width: number,
  ) {
    this.centres = centres
    this.reach = new Float64Array(starts.length - 1)
    this.order = Array.from(this.reach, (_, cell) => cell)
  }

  /** @param rows [count, width] */
  static async over(rows: Float32Array, width: number, random: () => number): Promise<NearestRows> {
    const count = rows.length / width
    const cells = Math.max(1, Math.floor(Math.sqrt(count)))
    const centres = new Float32Array(cells * width)
    for (let cell = 0; cell < cells; cell++) {
      const row = Math.min(count - 1, Math.floor(((cell + random()) * count) / cells))
      centres.set(rows.subarray(row * width, (row + 1) * width), cell * width)
    }
    const cellOf = new Int32Array(count)
    for (let iteration = 0; iteration < iterations; iteration++) {
      for await (const [start, end] of pieces(count, numbersAtOnce / centres.length))
        for (let row = start; row < end; row++) cellOf[row] = nearestCentre(rows, row * width, centres, width)
      if (iteration < iterations - 1) moveCentres(centres, rows, cellOf, width)
    }
    const starts = new Int32Array(cells + 1)
    for (const cell of cellOf) starts[cell + 1] = (starts[cell + 1] ?? 0) + 1
    for (let cell = 0; cell < cells; cell++) starts[cell + 1] = (starts[cell + 1] ?? 0) + (starts[cell] ?? 0)
    const next = starts.slice(0, cells)
    const places = new Int32Array(count)
    const sorted = new Float32Array(rows.length)
    cellOf.forEach((cell, row) => {
      const at = next[cell] ?? 0
      next[cell] = at + 1
      places[at] = row
      sorted.set(rows.subarray(row * width, (row + 1) * width), at * width)
    })
    return new NearestRows(sorted, places, starts, centres, width)
  }

  /**
   * The rows nearest to a query, nearest first; as many as `indices` holds, which are at most as many as there are.
   * @param from holds the query's values from `at` on
   * @param indices [k], is filled
   * @param distances [k], is filled
   */
  find(from: Float32Array, at: number, indices: Int32Array, distances: Float64Array): void {
    const { width, reach, order, starts, rows, places } = this
    const k = indices.length
    for (let cell = 0; cell < reach.length; cell++)
      reach[cell] = squaredDistance(from, at, this.centres, cell * width, width, Infinity)
    order.sort((a, b) => (reach[a] ?? 0) - (reach[b] ?? 0) || a - b)
    const wanted = Math.max(k, searchedRows, places.length * searchedShare)
    distances.fill(Infinity)
    let looked = 0
    for (const cell of order) {
      if (looked >= wanted) break
      const end = starts[cell + 1] ?? 0
      for (let row = starts[cell] ?? 0; row < end; row++) {
        const worst = distances[k - 1] ?? 0
        const distance = squaredDistance(from, at, rows, row * width, width, worst)
        if (distance >= worst) continue
        let rank = k - 1
        for (; rank > 0 && (distances[rank - 1] ?? 0) > distance; rank--) {
          distances[rank] = distances[rank - 1] ?? 0
          indices[rank] = indices[rank - 1] ?? 0
        }
        distances[rank] = distance
        indices[rank] = places[row] ?? 0
      }
      looked += end - (starts[cell] ?? 0)
    }
    for (let rank = 0; rank < k; rank++) distances[rank] = Math.sqrt(distances[rank] ?? 0)
  }
}

/** The squared distance of two rows, or some number of at least `most` where it is not less. */
function squaredDistance(
  a: Float32Array,
  atA: number,
  b: Float32Array,
  atB: number,
  width: number,
  most: number,
): number {
  let squares = 0
  for (let start = 0; start < width && squares < most; start += columnsAtOnce) {
    const end = Math.min(width, start + columnsAtOnce)
    for (let c = start; c < end; c++) {
      const difference = (a[atA + c] ?? 0) - (b[atB + c] ?? 0)
      squares += difference * difference
    }
  }
  return squares
}

function nearestCentre(rows: Float32Array, at: number, centres: Float32Array, width: number): number {
  let nearest = 0
  let least = Infinity
  for (let cell = 0; cell * width < centres.length; cell++) {
    const distance = squaredDistance(rows, at, centres, cell * width, width, least)
    if (distance >= least) continue
    least = distance
    nearest = cell
  }
  return nearest
}

/** Puts every centre in the middle of its rows; one without rows stays. */
function moveCentres(centres: Float32Array, rows: Float32Array, cellOf: Int32Array, width: number): void {
  const sums = new Float64Array(centres.length)
  const counts = new Int32Array(centres.length / width)
  cellOf.forEach((cell, row) => {
    counts[cell] = (counts[cell] ?? 0) + 1
    for (let c = 0; c < width; c++)
      sums[cell * width + c] = (sums[cell * width + c] ?? 0) + (rows[row * width + c] ?? 0)
  })
  counts.forEach((count, cell) => {
    if (count === 0) return
    for (let i = cell * width; i < (cell + 1) * width; i++) centres[i] = (sums[i] ?? 0) / count
  })
}
