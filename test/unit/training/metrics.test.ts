import { fc, test as property } from './property'
import { expect, test } from 'vitest'
import { BinaryMetrics, RegressionMetrics, exactAuc, StreamingAuc } from '../../../src-main/training/metrics'

/** The share of pairs (positive, negative) in the right order, counted one by one. */
function pairAuc(predictions: readonly number[], labels: readonly number[]): number | null {
  let right = 0
  let pairs = 0
  predictions.forEach((p, i) => {
    if (labels[i] !== 1) return
    predictions.forEach((q, j) => {
      if (labels[j] !== 0) return
      pairs++
      right += p > q ? 1 : p === q ? 0.5 : 0
    })
  })
  return pairs === 0 ? null : right / pairs
}

const rows = fc.array(fc.tuple(fc.float({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1)), {
  minLength: 1,
  maxLength: 60,
})

property('the exact AUC is the share of rightly ordered pairs', rows, (drawn) => {
  const predictions = drawn.map(([p]) => p)
  const labels = drawn.map(([, z]) => z)
  const found = exactAuc(Float32Array.from(predictions), Float32Array.from(labels))
  const expected = pairAuc(predictions, labels)
  if (expected === null) expect(found).toBeNull()
  else expect(found).toBeCloseTo(expected, 12)
})

property('the streaming AUC is the exact one of the bucketed predictions', rows, (drawn) => {
  const predictions = Float32Array.from(drawn, ([p]) => p)
  const labels = Float32Array.from(drawn, ([, z]) => z)
  const auc = new StreamingAuc()
  auc.update(predictions, labels)
  const buckets = predictions.map((p) => Math.max(0, Math.ceil(Math.fround(p * 199)) - 1))
  const expected = exactAuc(buckets, labels)
  if (expected === null) expect(auc.result()).toBeNull()
  else expect(auc.result()).toBeCloseTo(expected, 12)
})

property('it does not matter how rows are dealt to batches', rows, (drawn) => {
  const predictions = Float32Array.from(drawn, ([p]) => p)
  const labels = Float32Array.from(drawn, ([, z]) => z)
  const whole = new StreamingAuc()
  whole.update(predictions, labels)
  const pieces = new StreamingAuc()
  for (let i = 0; i < predictions.length; i += 7)
    pieces.update(predictions.subarray(i, i + 7), labels, Math.min(7, predictions.length - i), i)
  expect(pieces.result()).toBe(whole.result())
})

test('the mean loss weighs batches by their rows', () => {
  const metrics = new BinaryMetrics()
  metrics.update(1, Float32Array.of(0.9, 0.2, 0.6), Float32Array.of(1, 0, 0), 3)
  metrics.update(5, Float32Array.of(0.4), Float32Array.of(9, 9, 1), 1, 2)
  expect(metrics.result()).toEqual({ loss: 2, auc: 0.75, accuracy: 0.5 })
  expect(metrics.rows).toBe(4)
  metrics.reset()
  expect(metrics.result()).toEqual({ loss: 0, auc: null, accuracy: 0 })
})

test('errors of a regression, batch by batch', () => {
  const metrics = new RegressionMetrics()
  metrics.update(2, Float32Array.of(1, 2), Float32Array.of(9, 1, 4), 2, 1)
  metrics.update(1, Float32Array.of(6), Float32Array.of(5), 1)
  expect(metrics.rows).toBe(3)
  expect(metrics.current.rmse).toBeCloseTo(Math.sqrt(5 / 3), 12)
  const { loss, auc, mae } = metrics.result()
  expect([loss, auc, mae]).toEqual([5 / 3, null, 1])
  metrics.reset()
  expect(metrics.result()).toEqual({ loss: 0, auc: null, rmse: 0, mae: 0 })
})
