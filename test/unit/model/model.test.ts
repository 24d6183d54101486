import { describe, expect, test } from 'vitest'
import { Graph, gradients, placeholder, runnable, type Tensor } from '../../../src-main/graph'
import { constant } from '../../../src-main/graph'
import {
  architectures,
  binaryCrossEntropy,
  buildModel,
  featurePlaceholders,
  summarize,
  type ModelSpec,
} from '../../../src-main/model'
import { paysPerDistinctId } from '../../../src-main/model/firstLayer'
import { inputBlock } from '../../../src-main/model/inputs'
import { ModelBuilder } from '../../../src-main/model/builder'
import { GraphSession } from '../../../src-main/tensorflow/session'
import { leakCheckedTensorFlow } from '../../engine'

const tables: Record<string, [rows: number, width: number]> = {
  age: [9, 8],
  gender: [3, 8],
  genres: [217, 8],
  movieId: [1681, 128],
  userId: [944, 16],
  zip_code: [796, 16],
}

/** The example's model; `change` makes another of it. */
function example(change: Partial<ModelSpec> = {}): ModelSpec {
  const columns = [
    'TE_movieId_rating',
    'age',
    'gender',
    'genres',
    'movieId',
    'userId',
    'userId_count',
    'zip_code',
  ]
  return {
    architecture: 'dcn',
    settings: {},
    batchSize: 1024,
    inputs: columns.map((column) =>
      tables[column]
        ? { kind: 'categorical', column, table: column, distinctPerBatch: null }
        : { kind: 'continuous', column },
    ),
    tables: Object.entries(tables).map(([name, [rows, width]]) => ({
      name,
      columns: [name],
      rows,
      width,
      frozen: name === 'movieId',
      pretrained: name === 'movieId',
    })),
    ...change,
  }
}

describe('the summary', () => {
  test('counts the parameters of the example', () => {
    const summary = summarize(example(), 1)
    expect(summary).toMatchObject({
      name: 'dcn',
      inputWidth: 186,
      parameters: 328_485,
      trainableParameters: 113_317,
      bytes: 4 * (328_485 + 113_317),
    })
    const byId = new Map(summary.layers.map((layer) => [layer.id, layer]))
    expect(byId.get('input')).toMatchObject({ kind: 'concat', shape: [null, 186], parameters: 0 })
    expect(byId.get('table:movieId')).toMatchObject({
      parameters: 215_168,
      trainableParameters: 0,
      shape: [null, 128],
    })
    expect(byId.get('cross0')).toMatchObject({ parameters: 34_782, inputs: ['input'], shape: [null, 186] })
    expect(byId.get('cross1')).toMatchObject({ parameters: 34_782, inputs: ['input', 'cross0'] })
    expect(byId.get('mlp0')?.parameters).toBe(11_968)
    expect(byId.get('mlp1')?.parameters).toBe(2_080)
    expect(byId.get('head')).toMatchObject({ parameters: 33, kind: 'output', shape: [null, 1] })
    expect(summary.layers.reduce((sum, layer) => sum + layer.parameters, 0)).toBe(summary.parameters)
  })

  test('names only layers that exist as inputs, each before it is used', () => {
    for (const { name } of architectures) {
      const seen = new Set<string>()
      for (const layer of summarize(example({ architecture: name })).layers) {
        for (const input of layer.inputs) expect(seen.has(input), `${layer.id} ← ${input}`).toBe(true)
        expect(seen.has(layer.id)).toBe(false)
        seen.add(layer.id)
      }
    }
  })

  test('refuses what is no setting', () => {
    expect(() => summarize(example({ architecture: 'nothing' }))).toThrow(/no architecture "nothing"/)
    expect(() => summarize(example({ settings: { crossLayers: -1 } }))).toThrow()
  })
})

const tensorflow = leakCheckedTensorFlow()

describe.each([
  ['stacked', {}],
  ['parallel', { structure: 'parallel' }],
])('a layer computed once per distinct id (%s)', (_name, settings) => {
  /** Wide tables and few distinct ids, so that it pays; the same weights without any such knowledge. */
  const spec = (distinctPerBatch: number | null, batchSize = 256): ModelSpec => ({
    architecture: 'dcn',
    settings: { ...settings, crossLayers: 1, deepLayers: [8] },
    batchSize,
    inputs: [
      { kind: 'categorical', column: 'a', table: 'a', distinctPerBatch },
      { kind: 'categorical', column: 'b', table: 'b', distinctPerBatch },
      { kind: 'continuous', column: 'x' },
    ],
    tables: [
      { name: 'a', columns: ['a'], rows: 12, width: 256, frozen: true, pretrained: false },
      { name: 'b', columns: ['b'], rows: 9, width: 192, frozen: false, pretrained: false },
    ],
  })

  test('pays there and not elsewhere', () => {
    const block = (distinct: number | null) => {
      const graph = new Graph()
      const built = spec(distinct)
      return inputBlock(
        new ModelBuilder(graph, built),
        featurePlaceholders(graph, built, (column) => column),
      )
    }
    expect(block(10).parts.map((part) => paysPerDistinctId(part, 64, 256))).toEqual([true, true, false])
    expect(block(null).parts.map((part) => paysPerDistinctId(part, 64, 4))).toEqual([false, false, false])
    expect(block(256).parts.map((part) => paysPerDistinctId(part, 64, 9))).toEqual([false, false, false])
  })

  test('is the same layer, with the same gradients', async () => {
    const [every, distinct] = [await forwardAndBack(spec(8, 4)), await forwardAndBack(spec(8))]
    expect(distinct.ops).not.toBe(every.ops)
    expectSame(distinct.values, every.values)
  })

  test.each([2, 3, 7])('is the same model in %i shards, with the same gradients', async (shards) => {
    for (const built of [spec(8), spec(null)]) {
      const [whole, sharded] = [await forwardAndBack(built), await forwardAndBack(built, { shards })]
      expect(sharded.weights).toEqual(whole.weights)
      expect(sharded.layers).toEqual(whole.layers)
      expectSame(sharded.values, whole.values)
    }
  })

  test('is the same model in shards of which some have no row', async () => {
    const [whole, sharded] = [
      await forwardAndBack(spec(8), { rows: 3 }),
      await forwardAndBack(spec(8), { rows: 3, shards: 4 }),
    ]
    expectSame(sharded.values, whole.values)
  })
})

/** max|a − b| ≤ 1e-5 · max|b| of every tensor. */
function expectSame(
  actual: ReadonlyMap<string, Float32Array>,
  wanted: ReadonlyMap<string, Float32Array>,
): void {
  expect([...actual.keys()]).toEqual([...wanted.keys()])
  for (const [name, expected] of wanted) {
    const found = actual.get(name) ?? new Float32Array(0)
    expect(found.length).toBe(expected.length)
    const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
    expect(largest, name).toBeGreaterThan(0)
    expected.forEach((value, i) => {
      if (!(Math.abs(value - (found[i] ?? Number.NaN)) <= 1e-5 * largest))
        expect.fail(`${name}[${i}] differs`)
    })
  }
}

/** Loss and gradients of a spec on fixed rows, from fixed weights. */
async function forwardAndBack(
  spec: ModelSpec,
  { rows = 100, shards = 1 }: { rows?: number; shards?: number } = {},
): Promise<{ ops: number; weights: string[]; layers: string[]; values: Map<string, Float32Array> }> {
  const graph = new Graph()
  const features = featurePlaceholders(graph, spec, (column) => column)
  const labels = placeholder(graph, 'labels', 'float32', [graph.dimension('batch')])
  const model = buildModel(graph, spec, features, null, shards)
  const loss = binaryCrossEntropy(labels, model.logits, model.probability)
  const trained = model.weights.filter((weight) => weight.trainable)
  const found = gradients(
    loss.differentiable,
    trained.map((weight) => weight.variable),
  )
  const set = runnable(
    graph,
    'set',
    model.weights.map(({ variable }, seed) => {
      const size = variable.shape.reduce((a, b) => a * b, 1)
      const values = Float32Array.from({ length: size }, (_, i) => 0.05 * Math.sin(1 + i * 0.37 + seed))
      return variable.assign(constant(graph, values, 'float32', { shape: variable.shape }))
    }),
  )
  const fetched = new Map<string, Tensor>([['loss', loss.mean]])
  trained.forEach(({ name }, i) => {
    const gradient = found[i]
    if (gradient) fetched.set(name, 'node' in gradient ? gradient : gradient.dense())
  })
  const session = await GraphSession.open(tensorflow, graph)
  try {
    session.run({}, [set.name])
    const feeds = {
      a: Int32Array.from({ length: rows }, (_, i) => (i * 7) % 10),
      b: Int32Array.from({ length: rows }, (_, i) => (i * 5) % 8),
      x: Float32Array.from({ length: rows }, (_, i) => Math.cos(i)),
      labels: Float32Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? 1 : 0)),
    }
    const results = session.run(
      feeds,
      [...fetched.values()].map((tensor) => tensor.name),
    )
    const values = new Map<string, Float32Array>()
    ;[...fetched.keys()].forEach((name, i) => {
      const data = results[i]?.data
      if (data instanceof Float32Array) values.set(name, data)
    })
    return {
      ops: graph.nodes.length,
      weights: model.weights.map(({ name }) => name),
      layers: model.layers.map(({ id }) => id),
      values,
    }
  } finally {
    session.dispose()
  }
}
