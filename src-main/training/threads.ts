import { totalInputWidth, type ModelSpec } from '../model'
import type { LoadOptions } from '../tensorflow/binding'

/**
 * Multiply-adds of a product of the input (batch · width²) under which its halves are not worth handing to two threads.
 * Measured on two cores with AVX-512 (TensorFlow 2.21, oneDNN), batch 1024: 186 wide (35 million) trains 1.2 times as
 * fast with one thread an operation, 335 wide (115 million) 0.95 times.
 */
const smallProduct = 80e6

/**
 * Threads within one operation. A step is some 180 operations with two or three branches that run side by side anyway
 * (a kernel's gradient beside the input's); where each is small, dividing it as well costs more in handing over and
 * waiting than it gains. Then an operation gets half of the cores, and the branches share them; where products are
 * large, TensorFlow's own choice stands: every core for each.
 */
export function trainingThreads(spec: ModelSpec, cores: number): LoadOptions {
  if (spec.batchSize * totalInputWidth(spec) ** 2 >= smallProduct) return {}
  return { intraOpThreads: Math.max(1, Math.floor(cores / 2)) }
}
