import { describe, expect, it } from 'vitest'
import { pooling, type Pooling, type ProjectDocument } from '../../../src-main/contract'
import { modelSpecOf } from '../../../src-main/project/modelSpec'
import { intDomain, makeColumn, type Column } from '../../../src-main/schema'
import { emptyDocument } from '../../../src-main/project/document'

const list = (name: string, dtype: 'int32' | 'float32', tags: string[], max: number | null): Column =>
  makeColumn(name, dtype, {
    tags,
    isList: true,
    isRagged: true,
    valueCount: max === null ? null : { min: 0, max },
    domain: dtype === 'int32' ? intDomain(name, 9) : null,
  })
const vector = (name: string, tags: string[], isRagged = false): Column =>
  makeColumn(name, 'float32', {
    tags,
    isList: true,
    isRagged,
    valueCount: { min: isRagged ? 1 : 4, max: 4 },
  })

function documentOf(columns: Column[], poolings: Record<string, Partial<Pooling>> = {}): ProjectDocument {
  const target = makeColumn('y', 'int8', { tags: ['target', 'binary_classification'] })
  const parsed = Object.entries(poolings).map(([name, given]) => [name, pooling.parse(given)] as const)
  return {
    ...emptyDocument('lists'),
    schema: { columns: [...columns, target], rest: {} },
    pooling: Object.fromEntries(parsed),
  }
}
const inputsOf = (...given: Parameters<typeof documentOf>) => modelSpecOf(documentOf(...given)).inputs

describe('lists in the model of a document', () => {
  it('have room for the longest that the schema states, 50 items at most and by default', () => {
    const columns = [
      list('a', 'int32', ['categorical'], 6),
      list('b', 'int32', ['categorical'], 800),
      list('c', 'int32', ['categorical'], null),
    ]
    expect(inputsOf(columns).map((input) => (input.kind === 'categorical' ? input.list : null))).toEqual([
      { length: 6, keep: 'last', pooling: 'mean', weights: null },
      { length: 50, keep: 'last', pooling: 'mean', weights: null },
      { length: 50, keep: 'last', pooling: 'mean', weights: null },
    ])
  })

  it('are weighed by a list of numbers, which is then no input of its own', () => {
    const columns = [list('a', 'int32', ['categorical'], 6), vector('w', ['continuous'], true)]
    const inputs = inputsOf(columns, { a: { how: 'sqrtn', weights: 'w' } })
    expect(inputs).toHaveLength(1)
    expect(inputs[0]).toMatchObject({ column: 'a', list: { pooling: 'sqrtn', weights: 'w' } })
  })

  it('are not weighed by what holds no numbers, and a maximum by nothing', () => {
    const columns = [
      list('a', 'int32', ['categorical'], 6),
      list('b', 'int32', ['categorical'], 6),
      list('w', 'float32', ['list'], 6),
    ]
    const weighed = (how: Pooling['how'], weights: string) => () => inputsOf(columns, { a: { how, weights } })
    expect(weighed('mean', 'w')).not.toThrow()
    expect(weighed('max', 'w')).toThrow('pooled by its largest numbers')
    expect(weighed('mean', 'b')).toThrow('weighed by b, which holds no lists of numbers')
    expect(weighed('mean', 'nothing')).toThrow('weighed by nothing, which the schema does not have')
  })

  it('that one column weighs are cut alike', () => {
    const columns = [
      list('a', 'int32', ['categorical'], 6),
      list('b', 'int32', ['categorical'], 9),
      list('w', 'float32', ['list'], 9),
    ]
    expect(() => inputsOf(columns, { a: { weights: 'w' }, b: { weights: 'w' } })).toThrow(
      'Columns a and b are weighed by w and cut to different lengths',
    )
  })
})

describe('vectors in the model of a document', () => {
  it('are as wide as the schema states, whether tagged embedding or continuous', () => {
    expect(inputsOf([vector('u', ['continuous']), vector('v', ['embedding'])])).toEqual([
      { kind: 'vector', column: 'u', width: 4 },
      { kind: 'vector', column: 'v', width: 4 },
    ])
  })

  it('are refused where lists have no fixed length, by name', () => {
    expect(() => inputsOf([vector('v', ['embedding'], true)])).toThrow(
      'Column v holds lists of no fixed length',
    )
    expect(() => inputsOf([makeColumn('v', 'float32', { tags: ['embedding'] })])).toThrow(
      'Column v holds one number a row',
    )
  })
})
