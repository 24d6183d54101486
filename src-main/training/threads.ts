import { totalInputWidth, type ModelSpec } from '../model'
import type { LoadOptions } from '../tensorflow/binding'

/** How a step uses the machine's cores. */
export interface Parallelism {
  readonly threads: LoadOptions
  /** Stretches of the batch that are computed side by side. */
  readonly shards: number
}

/**
 * Multiply-adds of a product of the input (batch · width²) from which its rows are worth a shard for each core. Measured on
 * two cores with AVX-512 (TensorFlow 2.21, oneDNN), batch 1024: two shards train 1.3 times as fast as one at 335 inputs (115
 * million) and 1.26 times at 186 (35 million), and no faster at 65 (4 million).
 */
const shardedProduct = 16e6
/** Rows of a shard, below which its products grow too thin. */
const leastRows = 256
/** Each shard brings its own operations; beyond this, operations are divided among threads as well. */
const mostShards = 8

/**
 * Shards, and threads within one operation. Dividing an operation among threads costs handing over and waiting, so each
 * shard's operations get a share of the cores to themselves. A batch that is not worth sharding runs as some 180 operations
 * with two or three branches side by side (a kernel's gradient beside the input's), which share the cores in halves.
 */
export function trainingThreads(spec: ModelSpec, cores: number): Parallelism {
  const worth = spec.batchSize * totalInputWidth(spec) ** 2 >= shardedProduct
  const most = Math.min(cores, mostShards, Math.floor(spec.batchSize / leastRows))
  const shards = worth ? Math.max(1, most) : 1
  // One large product after another (few rows, many columns): every core for each, as TensorFlow has it.
  if (worth && shards === 1) return { shards, threads: {} }
  return { shards, threads: { intraOpThreads: Math.max(1, Math.floor(cores / Math.max(2, shards))) } }
}
