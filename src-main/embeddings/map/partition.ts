import { breathe } from './breathe'

/** Rows up to here are compared with all others; past it, with those of the nearest cells alone. */
const exactRows = 4096
/** How many cells are searched for the neighbours of a row. */
const probes = 12
const rounds = 6

/** Nearest rows of one query, nearest first; `count` of them are filled. */
export interface Nearest {
  readonly rows: Int32Array // [k]
  readonly distances: Float32Array // [k], euclidean
  count: number
}

export function emptyNearest(k: number): Nearest {
  return { rows: new Int32Array(k), distances: new Float32Array(k), count: 0 }
}

/**
 * Rows in cells around centres (k-means, some rounds of Lloyd's algorithm), so that neighbours are looked for among a few
 * cells and not among all rows: near-exact where rows lie in clusters, in a fraction of the time. Few rows are one cell,
 * and their neighbours exact. Deterministic.
 */
export class Partition {
  /** Rows of cell c are places `starts[c]` to `starts[c + 1]`. */
  private readonly starts: Int32Array
  /** Row at each place. */
  private readonly order: Int32Array
  /** The rows, place by place, so that a cell is read in one go. */
  private readonly placed: Float32Array
  private readonly probed: Nearest

  private constructor(
    rows: Float32Array,
    private readonly width: number,
    private readonly centres: Float32Array, // [cells, width]
    cellOf: Int32Array,
  ) {
    const count = cellOf.length
    const cells = centres.length / width
    this.starts = new Int32Array(cells + 1)
    for (const cell of cellOf) this.starts[cell + 1] = (this.starts[cell + 1] ?? 0) + 1
    for (let c = 0; c < cells; c++) this.starts[c + 1] = (this.starts[c + 1] ?? 0) + (this.starts[c] ?? 0)
    const next = this.starts.slice()
    this.order = new Int32Array(count)
    this.placed = new Float32Array(count * width)
    for (let row = 0; row < count; row++) {
      const cell = cellOf[row] ?? 0
      const place = next[cell] ?? 0
      next[cell] = place + 1
      this.order[place] = row
      this.placed.set(rows.subarray(row * width, (row + 1) * width), place * width)
    }
    this.probed = emptyNearest(Math.min(probes, cells))
  }

  /** @param rows [count, width], kept by nobody afterwards */
  static async build(rows: Float32Array, width: number, random: () => number): Promise<Partition> {
    const count = rows.length / width
    const cells = count <= exactRows ? 1 : Math.ceil(Math.sqrt(count))
    const centres = new Float32Array(cells * width)
    for (let c = 0; c < cells; c++) {
      const row = Math.min(count - 1, Math.floor(((c + random()) * count) / cells))
      centres.set(rows.subarray(row * width, (row + 1) * width), c * width)
    }
    const cellOf = new Int32Array(count)
    if (cells === 1) return new Partition(rows, width, centres, cellOf)
    for (let round = 0; round < rounds; round++) {
      for (let row = 0; row < count; row++) {
        if (row % 1024 === 0) await breathe()
        cellOf[row] = nearestCentre(rows, row * width, centres, width)
      }
      if (round < rounds - 1) moveCentres(rows, width, centres, cellOf)
    }
    return new Partition(rows, width, centres, cellOf)
  }

  /**
   * The k nearest rows of a query.
   * @param from the query's numbers begin at `at`
   * @param but a row to leave out, −1 for none
   * @param found is filled
   */
  search(from: Float32Array, at: number, but: number, found: Nearest): void {
    const { width, starts, placed, order, probed, centres } = this
    probed.count = 0
    const cells = starts.length - 1
    if (cells === 1) {
      probed.rows[0] = 0
      probed.count = 1
    } else
      for (let c = 0; c < cells; c++) {
        const far = worst(probed)
        const distance = squaredDistance(from, at, centres, c * width, width, far)
        if (distance < far) insert(probed, c, distance)
      }
    found.count = 0
    for (let p = 0; p < probed.count; p++) {
      const cell = probed.rows[p] ?? 0
      const end = starts[cell + 1] ?? 0
      for (let place = starts[cell] ?? 0; place < end; place++) {
        const row = order[place] ?? 0
        if (row === but) continue
        const far = worst(found)
        const distance = squaredDistance(from, at, placed, place * width, width, far)
        if (distance < far) insert(found, row, distance)
      }
    }
    for (let i = 0; i < found.count; i++) found.distances[i] = Math.sqrt(found.distances[i] ?? 0)
  }
}

/** The squared distance past which a candidate is not wanted. */
function worst(found: Nearest): number {
  return found.count < found.rows.length ? Infinity : (found.distances[found.count - 1] ?? Infinity)
}

function insert(found: Nearest, row: number, distance: number): void {
  const { rows, distances } = found
  let place = found.count < rows.length ? found.count++ : found.count - 1
  while (place > 0 && (distances[place - 1] ?? 0) > distance) {
    rows[place] = rows[place - 1] ?? 0
    distances[place] = distances[place - 1] ?? 0
    place -= 1
  }
  rows[place] = row
  distances[place] = distance
}

/** Squared euclidean distance, given up where it passes `limit`. */
function squaredDistance(
  a: Float32Array,
  aAt: number,
  b: Float32Array,
  bAt: number,
  width: number,
  limit: number,
): number {
  let sum = 0
  let c = 0
  const whole = width - (width % 8)
  while (c < whole) {
    const end = c + 8
    for (; c < end; c++) {
      const difference = (a[aAt + c] ?? 0) - (b[bAt + c] ?? 0)
      sum += difference * difference
    }
    if (sum >= limit) return sum
  }
  for (; c < width; c++) {
    const difference = (a[aAt + c] ?? 0) - (b[bAt + c] ?? 0)
    sum += difference * difference
  }
  return sum
}

function nearestCentre(rows: Float32Array, at: number, centres: Float32Array, width: number): number {
  let best = 0
  let near = Infinity
  for (let c = 0; c * width < centres.length; c++) {
    const distance = squaredDistance(rows, at, centres, c * width, width, near)
    if (distance < near) [best, near] = [c, distance]
  }
  return best
}

/** Each centre becomes the mean of its rows; one without rows stays. */
function moveCentres(rows: Float32Array, width: number, centres: Float32Array, cellOf: Int32Array): void {
  const cells = centres.length / width
  const sums = new Float64Array(cells * width)
  const counts = new Int32Array(cells)
  cellOf.forEach((cell, row) => {
    counts[cell] = (counts[cell] ?? 0) + 1
    for (let c = 0; c < width; c++)
      sums[cell * width + c] = (sums[cell * width + c] ?? 0) + (rows[row * width + c] ?? 0)
  })
  for (let cell = 0; cell < cells; cell++) {
    const count = counts[cell] ?? 0
    if (count === 0) continue
    for (let c = 0; c < width; c++) centres[cell * width + c] = (sums[cell * width + c] ?? 0) / count
  }
}
