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

describe('threads of an operation', () => {
  it('are half of the cores where products are small', () => {
    expect(trainingThreads(model(186), 2)).toEqual({ intraOpThreads: 1 })
    expect(trainingThreads(model(186), 8)).toEqual({ intraOpThreads: 4 })
    expect(trainingThreads(model(186), 1)).toEqual({ intraOpThreads: 1 })
  })

  it("are TensorFlow's choice where they are large, by width or by batch", () => {
    expect(trainingThreads(model(335), 2)).toEqual({})
    expect(trainingThreads(model(186, 8192), 2)).toEqual({})
  })
})
