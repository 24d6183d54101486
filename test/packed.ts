import type { PackedBatch } from '../src-main/training/data'

/** A batch as the trainer packs it, from its columns: ids first, then numbers, the target last. */
export function packBatch(
  ids: readonly ArrayLike<number>[],
  numbers: readonly ArrayLike<number>[],
): PackedBatch {
  const rows = numbers[0]?.length ?? 0
  const width = ids.length + numbers.length
  const memory = new ArrayBuffer(4 * rows * width)
  const words = new Int32Array(memory)
  const floats = new Float32Array(memory)
  for (let i = 0; i < rows; i++) {
    ids.forEach((column, c) => (words[i * width + c] = column[i] ?? 0))
    numbers.forEach((column, c) => (floats[i * width + ids.length + c] = column[i] ?? 0))
  }
  return { rows, words, floats }
}
