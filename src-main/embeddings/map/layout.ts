import { breathe } from './breathe'
import { type FuzzyGraph } from './fuzzyGraph'

/**
 * UMAP's layout by stochastic gradient descent (McInnes, Healy and Melville, 2018, section 3.2; as in umap-learn): points
 * that an edge joins attract each other, every such step is followed by five that repel a point drawn at random.
 */

/** Of 1 / (1 + a·d^(2b)), fitted to a minimal distance of 0.1 and a spread of 1: umap-learn's `find_ab_params(1, 0.1)`. */
const a = 1.57694346
const b = 0.89506088
const negativeSamples = 5
/** Of umap-learn: no coordinate moves further than this by one gradient. */
const longestMove = 4

/** Epochs of umap-learn: more of them where there are few rows. */
export const layoutEpochs = (rows: number): number => (rows <= 10_000 ? 500 : 200)

const clipped = (value: number): number => Math.max(-longestMove, Math.min(longestMove, value))

function attraction(squared: number): number {
  if (squared <= 0) return 0
  const power = Math.pow(squared, b)
  return (-2 * a * b * (power / squared)) / (1 + a * power)
}

function repulsion(squared: number): number {
  return (2 * b) / ((0.001 + squared) * (1 + a * Math.pow(squared, b)))
}

/**
 * Moves points until they lie as the graph wants them.
 * @param points [rows, 2]: x0, y0, x1, …; where they begin, and where they end
 * @param random uniform on [0, 1): the same numbers give the same layout
 */
export async function layOut(
  graph: FuzzyGraph,
  points: Float32Array,
  epochs: number,
  random: () => number,
  onEpoch: (done: number) => void,
): Promise<void> {
  const { heads, tails, weights } = graph
  const rows = points.length / 2
  let heaviest = 0
  for (const weight of weights) heaviest = Math.max(heaviest, weight)
  /** After how many epochs an edge comes again: the heaviest in every one. */
  const period = Float32Array.from(weights, (weight) => heaviest / weight)
  const due = period.slice()
  const negativeDue = period.map((value) => value / negativeSamples)
  let lastTurn = Date.now()
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = 1 - epoch / epochs
    for (let edge = 0; edge < heads.length; edge++) {
      const every = period[edge] ?? Infinity
      // Lighter edges than this would not come once.
      if (every > epochs || (due[edge] ?? 0) > epoch) continue
      due[edge] = (due[edge] ?? 0) + every
      const head = 2 * (heads[edge] ?? 0)
      attract(points, head, 2 * (tails[edge] ?? 0), rate)
      const negativeEvery = every / negativeSamples
      const draws = Math.floor((epoch - (negativeDue[edge] ?? 0)) / negativeEvery)
      for (let draw = 0; draw < draws; draw++)
        repel(points, head, points, 2 * Math.floor(random() * rows), rate)
      negativeDue[edge] = (negativeDue[edge] ?? 0) + Math.max(0, draws) * negativeEvery
    }
    onEpoch(epoch + 1)
    if (Date.now() - lastTurn > 50) {
      await breathe()
      lastTurn = Date.now()
    }
  }
}

/** Pulls two points together. */
function attract(points: Float32Array, head: number, tail: number, rate: number): void {
  const dx = (points[head] ?? 0) - (points[tail] ?? 0)
  const dy = (points[head + 1] ?? 0) - (points[tail + 1] ?? 0)
  const pull = attraction(dx * dx + dy * dy)
  const moveX = rate * clipped(pull * dx)
  const moveY = rate * clipped(pull * dy)
  points[head] = (points[head] ?? 0) + moveX
  points[head + 1] = (points[head + 1] ?? 0) + moveY
  points[tail] = (points[tail] ?? 0) - moveX
  points[tail + 1] = (points[tail + 1] ?? 0) - moveY
}

/** Pushes a point away from another one, which stays. */
function repel(points: Float32Array, head: number, others: Float32Array, other: number, rate: number): void {
  const dx = (points[head] ?? 0) - (others[other] ?? 0)
  const dy = (points[head + 1] ?? 0) - (others[other + 1] ?? 0)
  const squared = dx * dx + dy * dy
  if (squared <= 0) return
  const push = repulsion(squared)
  points[head] = (points[head] ?? 0) + rate * clipped(push * dx)
  points[head + 1] = (points[head + 1] ?? 0) + rate * clipped(push * dy)
}

const placingEpochs = 30

/**
 * Places one more row among points that stay: at the mean of its nearest ones, weighed by membership, and from there by the
 * same forces as theirs for some epochs (umap-learn's `transform`).
 * @param fitted [rows, 2]
 * @param point [2], is filled
 */
export function placeRow(
  fitted: Float32Array,
  neighbors: Int32Array,
  memberships: Float32Array,
  count: number,
  random: () => number,
  point: Float32Array,
): void {
  let sum = 0
  let x = 0
  let y = 0
  for (let i = 0; i < count; i++) {
    const weight = memberships[i] ?? 0
    const at = 2 * (neighbors[i] ?? 0)
    sum += weight
    x += weight * (fitted[at] ?? 0)
    y += weight * (fitted[at + 1] ?? 0)
  }
  point[0] = sum > 0 ? x / sum : 0
  point[1] = sum > 0 ? y / sum : 0
  const rows = fitted.length / 2
  const heaviest = memberships[0] ?? 1
  for (let epoch = 0; epoch < placingEpochs; epoch++) {
    const rate = 0.25 * (1 - epoch / placingEpochs)
    for (let i = 0; i < count; i++) {
      if (random() * heaviest > (memberships[i] ?? 0)) continue
      const at = 2 * (neighbors[i] ?? 0)
      const dx: number = (point[0] ?? 0) - (fitted[at] ?? 0)
      const dy: number = (point[1] ?? 0) - (fitted[at + 1] ?? 0)
      const pull = attraction(dx * dx + dy * dy)
      point[0] = (point[0] ?? 0) + rate * clipped(pull * dx)
      point[1] = (point[1] ?? 0) + rate * clipped(pull * dy)
      for (let draw = 0; draw < negativeSamples; draw++)
        repel(point, 0, fitted, 2 * Math.floor(random() * rows), rate)
    }
  }
}
