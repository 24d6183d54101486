import { concat, ensureShape, floorDiv, gather, mul, sizeOf, split, sub, type Tensor } from '../graph'
import { GraftError } from '../contract/errors'
import type { InputBlock, InputPart } from './inputs'

/**
 * A batch's input in shards: stretches of its rows, one after the other, as equally long as can be.
 *
 * The layers are built once for each shard, on the same weights, and a gradient is the sum of the shards'. Nothing of one
 * shard waits for another before that sum. So TensorFlow runs them side by side, each with threads of its own, which is
 * quicker than dividing every operation among all threads: most are too small for that to pay, and a shard's values stay in
 * the cache of the core that made them.
 */
export function shardInput(block: InputBlock, count: number): InputBlock[] {
  if (count === 1) return [block]
  const { graph } = block.vector
  return graph.scope('shards', () => {
    const cut = rowCutter(block, count)
    const parts = block.parts.map((part) => shardPart(part, cut))
    return Array.from({ length: count }, (_, shard): InputBlock => {
      const own = parts.flatMap((shards) => shards[shard] ?? [])
      const vector = concat(
        own.map((part) => part.values),
        1,
        { name: 'vector' },
      )
      return { ...block, parts: own, usualRows: block.usualRows / count, vector }
    })
  })
}

/** Cuts what has a row for every row of the batch into the shards' rows. */
type RowCutter = (x: Tensor) => Tensor[]

function rowCutter({ parts: [first], vector: { graph } }: InputBlock, count: number): RowCutter {
  if (!first) throw new GraftError('internal', 'A model has no input.')
  const batch = sizeOf(first.distinct?.positions ?? first.values, 0)
  const each = floorDiv(batch, count)
  const sizes = Array.from({ length: count }, (_, i) => (i > 0 ? each : sub(batch, mul(each, count - 1))))
  const rows = sizes.map((_, i) => graph.dimension(`shard ${i} of ${count}`))
  return (x) =>
    split(x, sizes, 0).map((part, i) => ensureShape(part, [rows[i] ?? -1, ...(x.shape ?? []).slice(1)]))
}

/** Values that come from distinct ids are gathered once more, shard by shard; others are cut. */
function shardPart(part: InputPart, cut: RowCutter): InputPart[] {
  const { distinct } = part
  if (!distinct) return cut(part.values).map((values) => ({ ...part, values }))
  return cut(distinct.positions).map((positions) => ({
    ...part,
    values: gather(distinct.rows, positions),
    distinct: { ...distinct, positions },
  }))
}
