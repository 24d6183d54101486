import { GraftError } from '../contract/errors'
import { writeParquet } from '../dataset'
import type { TensorFlow } from '../tensorflow/binding'
import { Batches, loadModelPart, RowStore } from '../training/data'
import { StepSession } from '../training/stepSession'
import type { EvaluationJob } from './job'
import { evaluateBinary, type EvaluationMetrics } from './metrics'

const evaluationBatch = 8192

export type EvaluationRequest = Omit<EvaluationJob, 'predictions'> &
  Partial<Pick<EvaluationJob, 'predictions'>>

export interface Evaluation {
  readonly rows: number
  readonly metrics: EvaluationMetrics
}

/**
 * A run's metrics on a part of the data, from its saved weights. Belongs in a process of its own, as all of TensorFlow.
 * @throws GraftError `invalid-data` for a part without rows or with ids that the tables do not have
 */
export async function evaluateRun(tensorflow: TensorFlow, request: EvaluationRequest): Promise<Evaluation> {
  const { model, target, userColumn } = request
  const part = await loadModelPart(model, target, request.part)
  if (!part)
    throw new GraftError(
      'invalid-data',
      'The part has no rows to evaluate on.',
      'Choose another part, or split the data.',
    )
  const store = RowStore.of(model, target, part)
  const session = await StepSession.open(tensorflow, model, { name: 'sgd', settings: {} })
  try {
    session.restore(request.weights)
    const packer = new Batches(store, evaluationBatch)
    const predictions = new Float32Array(store.rows)
    const labels = new Float32Array(store.rows)
    let lossSum = 0
    for (let i = 0; i < packer.count; i++) {
      const batch = packer.batch(i)
      const { loss: mean, probabilities } = session.evaluate(batch)
      lossSum += mean * batch.rows
      predictions.set(probabilities, i * evaluationBatch)
      labels.set(packer.targets(batch), i * evaluationBatch)
    }
    if (request.predictions)
      await writeParquet(request.predictions, [{ name: 'prediction', dtype: 'float32', values: predictions }])
    const users = userColumn === null ? null : (part.columns[userColumn] ?? null)
    const metrics = evaluateBinary(predictions, labels, users instanceof Int32Array ? users : null)
    const loss = lossSum / store.rows
    return { rows: store.rows, metrics: { loss, logLoss: loss, ...metrics } }
  } finally {
    session.dispose()
  }
}
