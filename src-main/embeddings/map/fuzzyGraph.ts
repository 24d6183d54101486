/**
 * The weighted neighbour graph of UMAP (McInnes, Healy and Melville, "UMAP: Uniform Manifold Approximation and Projection
 * for Dimension Reduction", 2018, section 3.1; defaults as in umap-learn).
 */
export interface FuzzyGraph {
  /** Every edge stands in both directions. */
  readonly heads: Int32Array
  readonly tails: Int32Array
  readonly weights: Float32Array // in (0, 1]
}

const bisections = 64
/** Of umap-learn: no bandwidth is less than this share of the mean distance. */
const smallestBandwidth = 1e-3

/**
 * How much each neighbour belongs to a row, exp(−(d − nearest) / σ), with the bandwidth σ for which the memberships sum to
 * log2(k).
 * @param distances the row's neighbours, nearest first
 * @param nearest the distance at which membership is 1: that of the nearest neighbour, 0 for a row that is placed later
 * @param memberships is filled
 */
export function smoothMemberships(
  distances: Float32Array,
  count: number,
  nearest: number,
  memberships: Float32Array,
): void {
  const target = Math.log2(Math.max(count, 2))
  let low = 0
  let high = Infinity
  let sigma = 1
  for (let step = 0; step < bisections; step++) {
    let sum = 0
    for (let i = 0; i < count; i++) sum += membership(distances[i] ?? 0, nearest, sigma)
    if (Math.abs(sum - target) < 1e-5) break
    if (sum > target) high = sigma
    else low = sigma
    sigma = high === Infinity ? sigma * 2 : (low + high) / 2
  }
  let mean = 0
  for (let i = 0; i < count; i++) mean += (distances[i] ?? 0) / count
  sigma = Math.max(sigma, smallestBandwidth * mean)
  for (let i = 0; i < count; i++) memberships[i] = membership(distances[i] ?? 0, nearest, sigma)
}

function membership(distance: number, nearest: number, sigma: number): number {
  const past = distance - nearest
  return past <= 0 ? 1 : sigma > 0 ? Math.exp(-past / sigma) : 0
}

/**
 * Joins the rows' memberships to one graph: a + b − ab of the two directions (the probabilistic t-conorm).
 * @param neighbors [rows, k]; −1 where a row has fewer
 * @param distances [rows, k], nearest first
 */
export function fuzzyGraph(neighbors: Int32Array, distances: Float32Array, k: number): FuzzyGraph {
  const rows = neighbors.length / k
  const memberships = new Float32Array(neighbors.length)
  for (let row = 0; row < rows; row++) {
    const own = neighbors.subarray(row * k, (row + 1) * k)
    const short = own.indexOf(-1)
    const count = short < 0 ? k : short
    const lengths = distances.subarray(row * k, row * k + count)
    const nearest = lengths.find((distance) => distance > 0) ?? 0
    smoothMemberships(lengths, count, nearest, memberships.subarray(row * k, row * k + count))
  }
  const heads = new Int32Array(neighbors.length * 2)
  const tails = new Int32Array(neighbors.length * 2)
  const weights = new Float32Array(neighbors.length * 2)
  let edges = 0
  const put = (head: number, tail: number, weight: number): void => {
    heads[edges] = head
    tails[edges] = tail
    weights[edges] = weight
    edges += 1
  }
  for (let place = 0; place < neighbors.length; place++) {
    const row = Math.floor(place / k)
    const other = neighbors[place] ?? -1
    if (other < 0) continue
    const back = neighbors.subarray(other * k, (other + 1) * k).indexOf(row)
    // Of a mutual pair the smaller row speaks for both.
    if (back >= 0 && other < row) continue
    const there = memberships[place] ?? 0
    const here = back >= 0 ? (memberships[other * k + back] ?? 0) : 0
    const weight = there + here - there * here
    if (weight <= 0) continue
    put(row, other, weight)
    put(other, row, weight)
  }
  return {
    heads: heads.slice(0, edges),
    tails: tails.slice(0, edges),
    weights: weights.slice(0, edges),
  }
}
