import { expect, test } from 'vitest'
import { evaluateBinary, evaluateRegression } from '../../../src-main/evaluation'

test('accuracy, exact AUC, and AUC within users', () => {
  const predictions = Float32Array.of(0.9, 0.2, 0.6, 0.4, 0.7)
  const labels = Float32Array.of(1, 0, 0, 1, 1)
  const found = evaluateBinary(predictions, labels, Int32Array.of(7, 7, 3, 3, 5))
  expect(found.accuracy).toBe(0.6)
  expect(found.auc).toBeCloseTo(5 / 6, 12)
  // User 7 is ordered rightly, user 3 wrongly, user 5 has one class alone.
  expect(found.perUserAuc).toBe(0.5)
})

test('what cannot be said is null', () => {
  const found = evaluateBinary(Float32Array.of(0, 1), Float32Array.of(1, 1), Int32Array.of(1, 1))
  expect(found.auc).toBeNull()
  expect(found.perUserAuc).toBeNull()
  expect(evaluateBinary(Float32Array.of(0.5), Float32Array.of(1)).perUserAuc).toBeNull()
})

test('a regression has errors, and nothing that is of classes', () => {
  const found = evaluateRegression(Float32Array.of(1, 2, 6), Float32Array.of(1, 4, 5))
  expect(found).toMatchObject({ auc: null, logLoss: null, accuracy: null, perUserAuc: null, mae: 1 })
  expect(found.rmse).toBeCloseTo(Math.sqrt(5 / 3), 12)
})
