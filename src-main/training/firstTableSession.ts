import { rm } from 'node:fs/promises'
import { GraftError } from '../contract/errors'
import { NpyWriter } from '../embeddings/npyWriter'
import type { TensorFlow } from '../tensorflow/binding'
import type { FirstTable, FirstTablePlan } from './firstTable'
import { StepSession } from './stepSession'
import { loadInitialWeights } from './weights'

/**
 * Draws the first values of a run's table once more, as the run did, and writes them as `.npy`.
 * @throws GraftError `not-found` for a table that the model does not have
 */
export async function writeFirstTable(tensorflow: TensorFlow, plan: FirstTablePlan): Promise<FirstTable> {
  const session = await StepSession.open(tensorflow, plan.model, plan.optimizer)
  try {
    session.initialize(plan.seed)
    const { weights } = session.step.model
    if (plan.initialWeights) await loadInitialWeights(session, plan.model, weights, plan.initialWeights)
    const weight = weights.find((candidate) => candidate.table?.name === plan.table)
    if (!weight?.table)
      throw new GraftError('not-found', `The run has no table ${plan.table}.`, 'Choose another run.')
    const writer = await NpyWriter.create(plan.out, weight.table.rows, weight.table.width)
    try {
      for (const piece of session.read(weight.name)) await writer.write(piece)
      return { hash: (await writer.finish()).hash }
    } catch (error) {
      await writer.abandon()
      await rm(plan.out, { force: true })
      throw error
    }
  } finally {
    session.dispose()
  }
}
