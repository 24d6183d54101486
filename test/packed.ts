import { targetFeature, type RowLayout } from '../src-main/model'
import type { PackedBatch } from '../src-main/training/data'
import type { StepResult, StepSession } from '../src-main/training/stepSession'

/**
 * A batch as the trainer packs it.
 * @param columns the values of a field by its name, row after row: [rows · length of the field]
 */
export function packBatch(
  { fields, width }: RowLayout,
  labels: ArrayLike<number>,
  columns: (name: string) => ArrayLike<number>,
): PackedBatch {
  const rows = labels.length
  const memory = new ArrayBuffer(4 * rows * width)
  const words = new Int32Array(memory)
  const floats = new Float32Array(memory)
  for (const { name, type, offset, length } of fields) {
    const values = name === targetFeature ? labels : columns(name)
    const out = type === 'int32' ? words : floats
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < length; i++) out[row * width + offset + i] = values[row * length + i] ?? 0
  }
  return { rows, words, floats }
}

/** One step on a batch as it is, its rows loaded before it. */
export function trainOn(session: StepSession, batch: PackedBatch, learningRate: number): StepResult {
  session.load(batch)
  session.setLearningRate(learningRate)
  return session.train(Int32Array.from({ length: batch.rows }, (_, i) => i))
}
