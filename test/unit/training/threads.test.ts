import { describe, expect, it } from 'vitest'
import { trainingThreads } from '../../../src-main/training/threads'
import type { ModelSpec } from '../../../src-main/model'

/** A model of so many continuous columns, which is all that the rule looks at. */
const model = (width: number, batchSize = 1024): ModelSpec => ({
  architecture: 'dcn',
  settings: {},
  batchSize,
  tables: [],
  inputs: Array.from({ length: width }, (_, i) => ({ kind: 'continuous' as const, column: `c${i}` })),
})

describe('what a step makes of the cores', () => {
  it('is a shard of the batch for each, with threads of its own', () => {
    expect(trainingThreads(model(186), 2)).toEqual({ shards: 2, threads: { intraOpThreads: 1 } })
    expect(trainingThreads(model(335), 2)).toEqual({ shards: 2, threads: { intraOpThreads: 1 } })
    expect(trainingThreads(model(335), 16)).toEqual({ shards: 4, threads: { intraOpThreads: 4 } })
    expect(trainingThreads(model(335, 65536), 64)).toEqual({ shards: 8, threads: { intraOpThreads: 8 } })
  })

  it('is half of the cores for an operation where products are small', () => {
    expect(trainingThreads(model(65), 2)).toEqual({ shards: 1, threads: { intraOpThreads: 1 } })
    expect(trainingThreads(model(65), 8)).toEqual({ shards: 1, threads: { intraOpThreads: 4 } })
    expect(trainingThreads(model(65), 1)).toEqual({ shards: 1, threads: { intraOpThreads: 1 } })
  })

  it("is TensorFlow's choice where products are large and rows too few to share, or there is one core", () => {
    expect(trainingThreads(model(1024, 256), 8)).toEqual({ shards: 1, threads: {} })
    expect(trainingThreads(model(335), 1)).toEqual({ shards: 1, threads: {} })
  })
})
