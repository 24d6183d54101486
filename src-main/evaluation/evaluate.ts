import { GraftError } from '../contract/errors'
import { writeParquet } from '../dataset'
import { rowLayout, taskOfModel } from '../model'
import type { TensorFlow } from '../tensorflow/binding'
import { Batches } from '../training/data'
import { openRows } from '../training/openRows'
import { StepSession } from '../training/stepSession'
import type { EvaluationJob } from './job'
import { evaluateBinary, evaluateRegression, type EvaluationMetrics } from './metrics'

const evaluationBatch = 8192

export type EvaluationRequest = Omit<EvaluationJob, 'predictions'> &
  Partial<Pick<EvaluationJob, 'predictions'>>

export interface Evaluation {
  readonly rows: number
  readonly metrics: EvaluationMetrics
}

/**
 * A run's metrics on a part of the data, from its saved weights; a part that does not fit in the memory for rows is read
 * in windows. Belongs in a process of its own, as all of TensorFlow.
 * @throws GraftError `invalid-data` for a part without rows or with ids that the tables do not have
 */
export async function evaluateRun(tensorflow: TensorFlow, request: EvaluationRequest): Promise<Evaluation> {
  const { model, target, userColumn } = request
  const batchSize = evaluationBatch
  const memory = { rowMemory: request.rowMemory, batchSize }
  const opened = await openRows(model, target, request.part, memory, { seed: null, epochs: 1 })
  if (!opened)
    throw new GraftError(
      'invalid-data',
      'The part has no rows to evaluate on.',
      'Choose another part, or split the data.',
    )
  const { rows } = opened
  const session = await StepSession.open(tensorflow, model, { name: 'sgd', settings: {} })
  try {
    session.restore(request.weights)
    const predictions = new Float32Array(rows.rows)
    const labels = new Float32Array(rows.rows)
    const user = rowLayout(model).fields.find(
      ({ column, holds, type }) => column === userColumn && holds === 'one' && type === 'int32',
    )
    const users = user ? new Int32Array(rows.rows) : null
    let lossSum = 0
    let first = 0
    for await (const { store } of rows.epoch(1)) {
      const batches = new Batches(store, batchSize)
      for (let i = 0; i < batches.count; i++) {
        const batch = batches.batch(i)
        const { loss: mean, probabilities } = session.evaluate(batch)
        lossSum += mean * batch.rows
        predictions.set(probabilities, first)
        labels.set(batches.targets(batch), first)
        if (user && users)
          for (let row = 0; row < batch.rows; row++)
            users[first + row] = batch.words[row * store.width + user.offset] ?? 0
        first += batch.rows
      }
    }
    if (request.predictions)
      await writeParquet(request.predictions, [{ name: 'prediction', dtype: 'float32', values: predictions }])
    const loss = lossSum / rows.rows
    if (taskOfModel(model) === 'regression')
      return { rows: rows.rows, metrics: { loss, ...evaluateRegression(predictions, labels) } }
    const metrics = evaluateBinary(predictions, labels, users)
    return { rows: rows.rows, metrics: { loss, logLoss: loss, ...metrics } }
  } finally {
    session.dispose()
    await rows.close()
  }
}
