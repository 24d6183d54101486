const thresholds = 200

/** AUC over 200 thresholds as TensorFlow.js users write it: a histogram of predictions for each class. */
export class StreamingAuc {
  private readonly positives = new Float64Array(thresholds)
  private readonly negatives = new Float64Array(thresholds)

  add(probabilities: ArrayLike<number>, labels: ArrayLike<number>): void {
    for (let i = 0; i < labels.length; i++) {
      const bucket = Math.min(thresholds - 1, Math.floor((probabilities[i] ?? 0) * thresholds))
      const counts = labels[i] === 1 ? this.positives : this.negatives
      counts[bucket] = (counts[bucket] ?? 0) + 1
    }
  }

  /** Area under the curve through the thresholds, by trapezoids. */
  value(): number {
    let area = 0
    let truePositives = 0
    let falsePositives = 0
    for (let i = thresholds - 1; i >= 0; i--) {
      const hits = this.positives[i] ?? 0
      const alarms = this.negatives[i] ?? 0
      area += alarms * (truePositives + hits / 2)
      truePositives += hits
      falsePositives += alarms
    }
    return area / (truePositives * falsePositives)
  }
}
