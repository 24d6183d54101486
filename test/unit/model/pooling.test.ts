import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Graph,
  gradients,
  mul,
  placeholder,
  runnable,
  sum,
  type Tensor,
  variable,
} from '../../../src-main/graph'
import { SparseGradient, constant } from '../../../src-main/graph'
import {
  buildModel,
  featurePlaceholders,
  offsetsName,
  summarize,
  valuesName,
  weightsFeature,
} from '../../../src-main/model'
import type { ListSpec, ModelSpec } from '../../../src-main/model'
import { listItems, pool } from '../../../src-main/model/pooling'
import { GraphSession, type Feed } from '../../../src-main/tensorflow'
import { leakCheckedTensorFlow } from '../../engine'

const tensorflow = leakCheckedTensorFlow()

const [rows, width, length] = [7, 3, 4]
const table = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(1 + 2.3 * i))
const vectorOf = (id: number): number[] => [...table.subarray(id * width, (id + 1) * width)]

/** The definition, written down without a graph; of a list that is too long the first or last items. */
function reference(ids: readonly number[], weights: readonly number[] | null, list: ListSpec): number[] {
  const begin = list.keep === 'last' ? Math.max(0, ids.length - list.length) : 0
  const kept = ids.slice(begin, begin + list.length).map((id, i) => ({
    v: vectorOf(id),
    w: weights ? (weights[begin + i] ?? 0) : 1,
  }))
  const each = (of: (d: number) => number): number[] => Array.from({ length: width }, (_, d) => of(d))
  if (kept.length === 0) return each(() => 0)
  if (list.pooling === 'max') return each((d) => Math.max(...kept.map(({ v }) => v[d] ?? 0)))
  const total = each((d) => kept.reduce((sum, { v, w }) => sum + w * (v[d] ?? 0), 0))
  const norm = {
    sum: 1,
    mean: kept.reduce((sum, { w }) => sum + w, 0),
    sqrtn: Math.sqrt(kept.reduce((sum, { w }) => sum + w * w, 0)),
  }[list.pooling]
  return total.map((value) => (norm === 0 ? 0 : value / norm))
}

/** Both ways in which lists come: packed as training has them, and ragged as a serving model takes them. */
function given(kind: 'packed' | 'ragged', graph: Graph, list: ListSpec) {
  const batch = graph.dimension('batch')
  const feature = (name: string, dtype: 'int32' | 'int64' | 'float32', shape: number[]) =>
    placeholder(graph, name, dtype, shape)
  const features = new Map<string, Tensor>()
  if (kind === 'packed') {
    features.set('c', feature('ids', 'int32', [batch, list.length]))
    if (list.weights) features.set(weightsFeature('c'), feature('weights', 'float32', [batch, list.length]))
  } else {
    features.set(valuesName('c'), feature('values', 'int64', [-1]))
    features.set(offsetsName('c'), feature('offsets', 'int64', [-1]))
    if (list.weights) {
      features.set(valuesName('w'), feature('weight_values', 'float32', [-1]))
      features.set(offsetsName('w'), feature('weight_offsets', 'int64', [-1]))
    }
  }
  return features
}

function feedsOf(
  kind: 'packed' | 'ragged',
  list: ListSpec,
  ids: readonly (readonly number[])[],
  weights: readonly (readonly number[])[],
): Record<string, Feed> {
  const shape = [ids.length, list.length]
  const offsets = Int32Array.from([0, ...ids.map((_, i) => ids.slice(0, i + 1).flat().length)])
  if (kind === 'packed') {
    const pack = (lists: readonly (readonly number[])[], empty: number): number[] =>
      lists.flatMap((one) => {
        const kept = list.keep === 'last' ? one.slice(-list.length) : one.slice(0, list.length)
        return [...kept, ...new Array<number>(list.length - kept.length).fill(empty)]
      })
    const feeds: Record<string, Feed> = { 'ids:0': { data: Int32Array.from(pack(ids, -1)), shape } }
    if (list.weights) feeds['weights:0'] = { data: Float32Array.from(pack(weights, 0)), shape }
    return feeds
  }
  const feeds: Record<string, Feed> = { 'values:0': Int32Array.from(ids.flat()), 'offsets:0': offsets }
  if (list.weights) {
    feeds['weight_values:0'] = Float32Array.from(weights.flat())
    feeds['weight_offsets:0'] = offsets
  }
  return feeds
}

const poolings = ['mean', 'sum', 'sqrtn', 'max'] as const
const cases = poolings.flatMap((pooling) =>
  (pooling === 'max' ? [null] : [null, 'w']).flatMap((weights) =>
    (['first', 'last'] as const).map((keep): ListSpec => ({ length, keep, pooling, weights })),
  ),
)
const name = ({ pooling, weights, keep }: ListSpec): string =>
  `${pooling}${weights ? ' by weight' : ''}, the ${keep}`

describe.each(cases.map((list) => [name(list), list] as const))('lists pooled: %s', (_, list) => {
  test.each(['packed', 'ragged'] as const)('is the definition, whatever the lists (%s)', async (kind) => {
    const graph = new Graph()
    const features = given(kind, graph, list)
    const weight = variable(graph, 'table', 'float32', [rows, width])
    const set = runnable(graph, 'set', [
      weight.assign(constant(graph, table, 'float32', { shape: [rows, width] })),
    ])
    const items = listItems('c', list, features)
    const pooled = pool(weight.gather(items.ids), items, list.pooling)
    const session = await GraphSession.open(tensorflow, graph)
    try {
      session.run({}, [set.name])
      const lists = fc.array(
        fc.array(
          fc.record({ id: fc.nat(rows - 1), weight: fc.integer({ min: -8, max: 8 }).map((n) => n / 4) }),
          {
            maxLength: length + 3,
          },
        ),
        { minLength: 1, maxLength: 12 },
      )
      fc.assert(
        fc.property(lists, (batch) => {
          const ids = batch.map((one) => one.map(({ id }) => id))
          const weights = batch.map((one) => one.map((item) => item.weight))
          const [found] = session.run(feedsOf(kind, list, ids, weights), [pooled.name])
          const expected = ids.map((one, i) => reference(one, list.weights ? (weights[i] ?? []) : null, list))
          expect(found?.shape).toEqual([batch.length, width])
          const values = Array.from(found?.data instanceof Float32Array ? found.data : [])
          expected.flat().forEach((value, i) => {
            const scale = Math.max(1, Math.abs(value))
            if (Math.abs(value - (values[i] ?? Number.NaN)) > 1e-4 * scale)
              expect.fail(`${i}: ${values[i]} ≠ ${value}`)
          })
        }),
        { numRuns: 60 },
      )
    } finally {
      session.dispose()
    }
  })

  test('has a sparse gradient, which is that of finite differences', async () => {
    const graph = new Graph()
    const features = given('packed', graph, list)
    const weight = variable(graph, 'table', 'float32', [rows, width])
    const fed = placeholder(graph, 'fed', 'float32', [rows, width])
    const set = runnable(graph, 'set', [weight.assign(fed)])
    const items = listItems('c', list, features)
    const pooled = pool(weight.gather(items.ids), items, list.pooling)
    const direction = placeholder(graph, 'direction', 'float32', [-1, width])
    const loss = sum(mul(pooled, direction))
    const [gradient] = gradients(loss, [weight])
    if (!(gradient instanceof SparseGradient)) throw new Error('the gradient is not sparse')
    const dense = gradient.dense()
    const session = await GraphSession.open(tensorflow, graph)
    try {
      const ids = [[1, 2, 2], [], [5], [0, 1, 3, 6, 4, 1], [6, 6]]
      const weights = ids.map((one, i) => one.map((_, j) => 0.3 + ((i + 2 * j) % 3)))
      const feeds: Record<string, Feed> = {
        ...feedsOf('packed', list, ids, weights),
        'direction:0': {
          data: Float32Array.from({ length: ids.length * width }, (_, i) => Math.cos(i)),
          shape: [ids.length, width],
        },
      }
      const at = (values: Float32Array): number => {
        session.run({ 'fed:0': { data: values, shape: [rows, width] } }, [set.name])
        return Number(session.run(feeds, [loss.name])[0]?.data[0])
      }
      const step = 2 ** -7
      const differences = Array.from(table, (value, i) => {
        const moved = (by: number): number => at(table.map((v, j) => (i === j ? value + by : v)))
        return (moved(step) - moved(-step)) / (2 * step)
      })
      at(table)
      const [found] = session.run(feeds, [dense.name])
      differences.forEach((expected, i) =>
        expect(Number(found?.data[i]), `element ${i}`).toBeCloseTo(expected, 3),
      )
      // Items that only fill lists up are no lookups: row 0 is not touched by rows that do not name it.
      const [indices] = session.run(
        { ...feeds, ...feedsOf('packed', list, [[1], [], [2], [], []], [[1], [], [1], [], []]) },
        [gradient.indices.name],
      )
      expect([...(indices?.data ?? [])].map(Number).sort()).toEqual([1, 2])
    } finally {
      session.dispose()
    }
  })
})

describe('a model with lists', () => {
  const list: ListSpec = { length, keep: 'last', pooling: 'sqrtn', weights: 'w' }
  const spec: ModelSpec = {
    architecture: 'dcn',
    settings: { deepLayers: [4] },
    batchSize: 16,
    inputs: [
      { kind: 'categorical', column: 'b', table: 'items', distinctPerBatch: null },
      { kind: 'categorical', column: 'c', table: 'items', distinctPerBatch: null, list },
      { kind: 'vector', column: 'v', width: 5 },
    ],
    tables: [{ name: 'items', columns: ['b', 'c'], rows, width, frozen: false, pretrained: false }],
  }

  test('looks single ids and lists of one vocabulary up together', () => {
    const graph = new Graph()
    const model = buildModel(
      graph,
      spec,
      featurePlaceholders(graph, spec, (column) => `f${column.length}${column.slice(-1)}`),
    )
    expect(model.lookups.map(({ table }) => table.name)).toEqual(['items'])
    expect(model.inputWidth).toBe(2 * width + 5)
    expect(graph.nodes.filter((node) => node.op === 'ResourceGather')).toHaveLength(1)
  })

  test('names the pooling in its diagram', () => {
    const { layers } = summarize(spec)
    expect(layers.find(({ id }) => id === 'column:c')).toMatchObject({
      title: 'sqrtn of c',
      detail: 'list, sqrtn of up to 4, weighed by w',
    })
    expect(layers.find(({ id }) => id === 'column:v')).toMatchObject({ detail: 'vector', shape: [null, 5] })
    expect(layers.find(({ id }) => id === 'input')?.inputs).toEqual([
      'table:items',
      'table:items',
      'column:v',
    ])
  })
})
