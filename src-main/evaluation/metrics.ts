import { exactAuc } from '../training/metrics'

export interface EvaluationMetrics {
  /** What training minimises. */
  readonly loss: number
  /** Exact, not by thresholds; null where one of the classes has no row. */
  readonly auc: number | null
  /** Mean log loss, computed from the logits: confident mistakes count in full. */
  readonly logLoss: number | null
  /** Share of rows whose probability is on the right side of one half. */
  readonly accuracy: number | null
  /** Root of the mean squared difference of prediction and label: of probabilities the root of the Brier score. */
  readonly rmse: number
  /** Mean absolute difference of prediction and label. */
  readonly mae: number
  /** Unweighted mean over the users who have rows of both classes; null where there is none, or no user id. */
  readonly perUserAuc: number | null
}

/** Metrics of a regression on held-out rows. @param predictions [rows] @param targets [rows] */
export function evaluateRegression(
  predictions: Float32Array,
  targets: Float32Array,
): Omit<EvaluationMetrics, 'loss'> {
  return {
    auc: null,
    logLoss: null,
    accuracy: null,
    ...errors(predictions, targets),
    perUserAuc: null,
  }
}

function errors(predictions: Float32Array, labels: Float32Array): { rmse: number; mae: number } {
  let [squares, distances] = [0, 0]
  for (const [i, prediction] of predictions.entries()) {
    const error = prediction - (labels[i] ?? 0)
    squares += error * error
    distances += Math.abs(error)
  }
  const rows = Math.max(1, predictions.length)
  return { rmse: Math.sqrt(squares / rows), mae: distances / rows }
}

/**
 * Metrics of a binary classifier on held-out rows.
 * @param predictions probabilities, [rows]
 * @param labels 0 or 1, [rows]
 * @param users user ids, [rows], where a column is tagged as such
 */
export function evaluateBinary(
  predictions: Float32Array,
  labels: Float32Array,
  users: Int32Array | null = null,
): Omit<EvaluationMetrics, 'loss' | 'logLoss'> {
  let correct = 0
  for (const [i, prediction] of predictions.entries())
    if (prediction > 0.5 === (labels[i] ?? 0) > 0.5) correct++
  return {
    auc: exactAuc(predictions, labels),
    accuracy: correct / Math.max(1, predictions.length),
    ...errors(predictions, labels),
    perUserAuc: users && meanUserAuc(predictions, labels, users),
  }
}

/** The mean of the AUC within each user's rows. */
function meanUserAuc(predictions: Float32Array, labels: Float32Array, users: Int32Array): number | null {
  const order = Uint32Array.from(users, (_, i) => i)
  order.sort((a, b) => (users[a] ?? 0) - (users[b] ?? 0))
  let sum = 0
  let count = 0
  for (let start = 0; start < order.length;) {
    const user = users[order[start] ?? 0]
    let end = start
    while (end < order.length && users[order[end] ?? 0] === user) end++
    const rows = order.subarray(start, end)
    const pick = (values: Float32Array): Float32Array => Float32Array.from(rows, (row) => values[row] ?? 0)
    const auc = exactAuc(pick(predictions), pick(labels))
    if (auc !== null) {
      sum += auc
      count++
    }
    start = end
  }
  return count === 0 ? null : sum / count
}
