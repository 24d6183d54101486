/** As umap-learn's and umap-js's `smooth_knn_dist`. */
const tolerance = 1e-5
const mostSteps = 64
const leastScale = 1e-3

/**
 * How much a new row belongs to each of its nearest rows, as UMAP's transform has it: exp(-d / σ), where σ is such that
 * the weights but the nearest's add up to log2(k).
 * @param distances [k], nearest first
 * @param weights [k], is filled
 */
export function fillMemberships(distances: Float64Array, weights: Float64Array): void {
  const k = distances.length
  const target = Math.log2(k)
  let low = 0
  let high = Infinity
  let sigma = 1
  for (let step = 0; step < mostSteps; step++) {
    let sum = 0
    for (let rank = 1; rank < k; rank++) sum += Math.exp(-(distances[rank] ?? 0) / sigma)
    if (Math.abs(sum - target) < tolerance) break
    if (sum > target) high = sigma
    else low = sigma
    sigma = high === Infinity ? sigma * 2 : (low + high) / 2
  }
  let mean = 0
  for (const distance of distances) mean += distance / k
  sigma = Math.max(sigma, leastScale * mean)
  for (let rank = 0; rank < k; rank++) {
    const distance = distances[rank] ?? 0
    weights[rank] = distance > 0 ? Math.exp(-distance / sigma) : 1
  }
}

/**
 * Places a new row at the mean of its nearest rows' places, each weighed by the membership.
 * @param indices [k], the nearest rows
 */
export function placeAmong(
  places: readonly (readonly number[])[],
  indices: Int32Array,
  weights: Float64Array,
): readonly [number, number] {
  let x = 0
  let y = 0
  let total = 0
  indices.forEach((index, rank) => {
    const weight = weights[rank] ?? 0
    const [atX = 0, atY = 0] = places[index] ?? []
    x += weight * atX
    y += weight * atY
    total += weight
  })
  return [x / total, y / total]
}
