import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { pooling, type ColumnView } from '../../src-main/contract'
import {
  poolingChange,
  poolingFields,
  poolingValues,
  unweighted,
  weightColumns,
} from '../../src-renderer/components/embeddings/poolingFields'

const schema = z.toJSONSchema(pooling, { io: 'input' })
const mean = pooling.parse({})
const column = (name: string, dtype: string, isList: boolean, tags: string[] = []): ColumnView => ({
  name,
  role: 'feature',
  dtype,
  isList,
  isRagged: isList,
  tags,
  domain: null,
  width: null,
  table: null,
  inData: true,
  largest: null,
  encoding: null,
  changed: [],
})

describe('the form of a list’s pooling', () => {
  it('offers the lists of numbers as weights, and none where the largest count', () => {
    const columns = [
      column('genres', 'int32', true, ['categorical', 'list']),
      column('relevance', 'float32', true, ['list']),
      column('age', 'float32', false),
      column('notes', 'string', true),
    ]
    expect(weightColumns(columns)).toEqual(['relevance'])
    const fields = poolingFields(schema, mean, weightColumns(columns))
    expect(fields.map((field) => [field.name, field.kind])).toEqual([
      ['how', 'choice'],
      ['weights', 'choice'],
    ])
    expect(fields[1]).toMatchObject({ title: 'Weights', options: [unweighted, 'relevance'] })
    expect(poolingFields(schema, { how: 'max', weights: null }, ['relevance'])).toHaveLength(1)
    expect(poolingFields(schema, mean, [])).toHaveLength(1)
  })

  it('changes one field, and takes the weights off a maximum', () => {
    expect(poolingValues(mean)).toEqual({ how: 'mean', weights: unweighted })
    const weighed = pooling.parse(poolingChange(mean, 'weights', 'relevance'))
    expect(weighed).toEqual({ how: 'mean', weights: 'relevance' })
    expect(pooling.parse(poolingChange(weighed, 'weights', unweighted))).toEqual(mean)
    expect(pooling.parse(poolingChange(weighed, 'how', 'max'))).toEqual({ how: 'max', weights: null })
  })
})
