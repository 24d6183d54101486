import type { Task } from '../contract/document'

/** Keras' default: an AUC has at least as many thresholds. */
const defaultThresholds = 200

/**
 * Streaming area under the ROC curve, as Keras computes it (`keras.metrics.AUC(num_thresholds, curve='ROC',
 * summation_method='interpolation')`): thresholds −1e-7, 1/(T−1), …, (T−2)/(T−1), 1 + 1e-7; predictions are counted in the
 * bucket between two thresholds by the float32 rule ceil(p · (T − 1)) − 1, and the trapezoids under the points of the
 * curve are summed.
 */
export class StreamingAuc {
  /** Rows by bucket: of label 0, then of label 1. One array and no branch on the label, which no processor can guess. */
  private readonly counts: Float64Array

  constructor(private readonly thresholds = defaultThresholds) {
    this.counts = new Float64Array(2 * thresholds)
  }

  reset(): void {
    this.counts.fill(0)
  }

  /**
   * @param predictions probabilities, [rows]
   * @param labels 0 or 1, [rows], from `offset` on
   * @returns how many rows' predictions lie on their label's side of one half: a walk of its own would cost half as much again
   */
  update(predictions: Float32Array, labels: Float32Array, rows = predictions.length, offset = 0): number {
    const { counts, thresholds } = this
    const last = thresholds - 1
    let right = 0
    for (let i = 0; i < rows; i++) {
      // A product of float32 numbers rounded to float32, as TensorFlow makes it: it decides about predictions on an edge.
      const prediction = predictions[i] ?? 0
      const scaled = Math.fround(Math.min(1, Math.max(0, prediction)) * last)
      const above = (Math.ceil(scaled) - 1) | 0
      const label = oneAbove((labels[offset + i] ?? 0) - 0.5)
      const slot = (above < 0 ? 0 : above) + Math.imul(thresholds, label)
      counts[slot] = (counts[slot] ?? 0) + 1
      right += 1 ^ oneAbove(prediction - 0.5) ^ label
    }
    return right
  }

  /** The area, in [0, 1]; null where one of the classes has no row (Keras says 0 there). */
  result(): number | null {
    const { counts, thresholds } = this
    // From the largest threshold down: each bucket adds a trapezoid between two points of the curve.
    let truePositives = 0
    let falsePositives = 0
    let area = 0
    for (let bucket = thresholds - 1; bucket >= 0; bucket--) {
      const nextTrue = truePositives + (counts[thresholds + bucket] ?? 0)
      const nextFalse = falsePositives + (counts[bucket] ?? 0)
      area += (nextFalse - falsePositives) * (truePositives + nextTrue)
      truePositives = nextTrue
      falsePositives = nextFalse
    }
    // Both have gone through every row of their class by now.
    if (truePositives === 0 || falsePositives === 0) return null
    return area / (2 * truePositives * falsePositives)
  }
}

/** 1 for a number in (0, 1], 0 for one in (−1, 0], without a branch. */
const oneAbove = (x: number): number => Math.ceil(x) | 0

/** Metrics over the batches of an epoch, or of a part. */
export interface StreamingMetrics {
  readonly rows: number
  /** Mean loss over all rows so far, each batch weighted by its rows. */
  readonly meanLoss: number
  /** What is shown of every step beside the losses: of the rows so far. */
  readonly current: { readonly auc: number | null; readonly rmse?: number }
  reset(): void
  update(
    meanLoss: number,
    predictions: Float32Array,
    labels: Float32Array,
    rows: number,
    offset?: number,
  ): void
  result(): { loss: number; auc: number | null } & Record<string, number | null>
}

export function streamingMetrics(task: Task): StreamingMetrics {
  return task === 'binary' ? new BinaryMetrics() : new RegressionMetrics()
}

/** The mean loss over batches, which every task has. */
class MeanLoss {
  private lossSum = 0
  private count = 0

  protected resetLoss(): void {
    this.lossSum = 0
    this.count = 0
  }

  /** @param meanLoss mean loss of a batch of `rows` */
  protected addLoss(meanLoss: number, rows: number): void {
    this.lossSum += meanLoss * rows
    this.count += rows
  }

  get rows(): number {
    return this.count
  }

  /** Mean loss over all rows so far, each batch weighted by its rows. */
  get meanLoss(): number {
    return this.meanOf(this.lossSum)
  }

  /** A sum over all rows so far as their mean; 0 before the first row. */
  protected meanOf(sum: number): number {
    return this.count === 0 ? 0 : sum / this.count
  }
}

/** Streaming metrics of a regression: root mean squared error, and mean absolute error. */
export class RegressionMetrics extends MeanLoss implements StreamingMetrics {
  private squares = 0
  private distances = 0

  reset(): void {
    this.resetLoss()
    this.squares = 0
    this.distances = 0
  }

  update(meanLoss: number, predictions: Float32Array, labels: Float32Array, rows: number, offset = 0): void {
    this.addLoss(meanLoss, rows)
    for (let i = 0; i < rows; i++) {
      const error = (predictions[i] ?? 0) - (labels[offset + i] ?? 0)
      this.squares += error * error
      this.distances += Math.abs(error)
    }
  }

  get current(): { auc: null; rmse: number } {
    return { auc: null, rmse: Math.sqrt(this.meanOf(this.squares)) }
  }

  result(): { loss: number; auc: null; rmse: number; mae: number } {
    return { loss: this.meanLoss, ...this.current, mae: this.meanOf(this.distances) }
  }
}

/** Streaming metrics of a binary classifier. */
export class BinaryMetrics extends MeanLoss implements StreamingMetrics {
  private readonly auc = new StreamingAuc()
  private correct = 0

  reset(): void {
    this.auc.reset()
    this.resetLoss()
    this.correct = 0
  }

  /**
   * @param meanLoss mean loss of the batch
   * @param predictions probabilities, [rows]
   * @param labels 0 or 1, [rows], from `offset` on
   */
  update(meanLoss: number, predictions: Float32Array, labels: Float32Array, rows: number, offset = 0): void {
    this.addLoss(meanLoss, rows)
    this.correct += this.auc.update(predictions, labels, rows, offset)
  }

  /** The running AUC; null until both classes were seen. About 2 µs. */
  get current(): { auc: number | null } {
    return { auc: this.auc.result() }
  }

  result(): { loss: number; auc: number | null; accuracy: number } {
    return {
      loss: this.meanLoss,
      auc: this.auc.result(),
      accuracy: this.meanOf(this.correct),
    }
  }
}

/**
 * The exact area under the ROC curve: the share of pairs of a positive and a negative row that the predictions order
 * rightly, ties counting half (Mann–Whitney's U). O(n log n).
 * @returns null where one of the classes has no row
 */
export function exactAuc(predictions: Float32Array, labels: Float32Array): number | null {
  const order = Uint32Array.from(predictions, (_, i) => i)
  order.sort((a, b) => (predictions[a] ?? 0) - (predictions[b] ?? 0))
  let positives = 0
  let negatives = 0
  let ordered = 0
  for (let start = 0; start < order.length;) {
    const value = predictions[order[start] ?? 0]
    let tiedPositives = 0
    let end = start
    for (; end < order.length && predictions[order[end] ?? 0] === value; end++)
      if ((labels[order[end] ?? 0] ?? 0) > 0.5) tiedPositives++
    const tiedNegatives = end - start - tiedPositives
    ordered += tiedPositives * (negatives + tiedNegatives / 2)
    positives += tiedPositives
    negatives += tiedNegatives
    start = end
  }
  return positives === 0 || negatives === 0 ? null : ordered / (positives * negatives)
}
