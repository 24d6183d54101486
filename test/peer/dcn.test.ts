import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readNpzArrays, type FloatArray } from '../../src-main/embeddings/readers/npzArrays'
import { Graph, gradients, placeholder, runnable, SparseGradient, type Tensor } from '../../src-main/graph'
import { lossOf, buildModel, type ModelSpec } from '../../src-main/model'
import { GraphSession, type Feed } from '../../src-main/tensorflow/session'
import { StepSession } from '../../src-main/training/stepSession'
import { testTensorFlow } from '../engine'
import { runPython } from './python'
import { packBatch, trainOn } from '../packed'

const steps = 5
const tensorflow = testTensorFlow()
const table = (name: string, columns: string[], rows: number, width: number, frozen = false) => ({
  name,
  columns,
  rows,
  width,
  frozen,
  pretrained: false,
})
const categorical = (column: string, name: string, distinctPerBatch: number | null) =>
  ({ kind: 'categorical', column, table: name, distinctPerBatch }) as const

function specOf(structure: string): ModelSpec {
  return {
    architecture: 'dcn',
    settings: { structure, deepLayers: [24, 12] },
    batchSize: 128,
    inputs: [
      categorical('a', 'letters', 20),
      categorical('b', 'letters', 20),
      categorical('c', 'frozen', 30),
      categorical('d', 'single', 6),
      { kind: 'continuous', column: 'x' },
      { kind: 'continuous', column: 'y' },
    ],
    tables: [
      table('letters', ['a', 'b'], 40, 8),
      table('frozen', ['c'], 60, 16, true),
      table('single', ['d'], 12, 4),
    ],
  }
}

type Arrays = Map<string, FloatArray>

function array(arrays: Arrays, name: string): Float32Array {
  const found = arrays.get(name)
  if (!found) throw new Error(`the peer wrote no ${name}`)
  return found.values
}

/** max|a − b| ≤ 1e-5 · max|b| */
function expectClose(name: string, a: Float32Array, b: Float32Array): void {
  expect(a.length, name).toBe(b.length)
  const largest = b.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  const difference = b.reduce((max, value, i) => Math.max(max, Math.abs(value - (a[i] ?? Number.NaN))), 0)
  expect(difference / largest, name).toBeLessThanOrEqual(1e-5)
}

function readWhole(session: StepSession, name: string): Float32Array {
  const pieces = [...session.read(name)]
  const all = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

describe.each([
  ['stacked', 'binary'],
  ['parallel', 'binary'],
  ['stacked', 'regression'],
] as const)('a %s DCN of a %s target', (structure, task) => {
  const spec: ModelSpec = { ...specOf(structure), task }

  describe.each(['adagrad', 'adam'])('trained with %s', (optimizer) => {
    let folder = ''
    let start: Arrays
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'graft-peer-'))
      await runPython(resolve(__dirname, 'dcn.py'), [folder, structure, optimizer, task])
      start = await readNpzArrays(join(folder, 'start.npz'))
    })
    afterAll(() => rm(folder, { recursive: true, force: true }))

    test.each([1, 2])(
      'has the losses and weights of Python TensorFlow after five steps in %i shards',
      async (shards) => {
        const end = await readNpzArrays(join(folder, 'end.npz'))
        const session = await StepSession.open(tensorflow, spec, { name: optimizer, settings: {} }, shards)
        try {
          session.initialize(0)
          const names = session.step.model.weights.map((weight) => weight.name)
          for (const name of names) session.write(name, array(start, name))
          const losses = Float32Array.from({ length: steps }, (_, i) => {
            const batch = (column: string): Float32Array => array(start, `batch${i}/${column}`)
            const packed = packBatch(session.step.layout, batch('label'), batch)
            return trainOn(session, packed, optimizer === 'adam' ? 0.01 : 0.1).loss
          })
          expectClose('losses', losses, array(end, 'losses'))
          for (const name of names) expectClose(name, readWhole(session, name), array(end, name))
          expect(readWhole(session, 'emb/frozen')).toEqual(array(start, 'emb/frozen'))
        } finally {
          session.dispose()
        }
      },
    )

    test('has the gradients of Python TensorFlow', async () => {
      const expected = await readNpzArrays(join(folder, 'gradients.npz'))
      const graph = new Graph()
      const batch = graph.dimension('batch')
      const features = new Map<string, Tensor>(
        spec.inputs.map(({ kind, column }) => [
          column,
          placeholder(graph, column, kind === 'categorical' ? 'int32' : 'float32', [batch]),
        ]),
      )
      const labels = placeholder(graph, 'label', 'float32', [batch])
      const model = buildModel(graph, spec, features)
      const trained = model.weights.filter((weight) => weight.trainable)
      const values = model.weights.map(({ name, variable }, i) => ({
        name,
        value: placeholder(graph, `set${i}`, 'float32', variable.shape),
        variable,
      }))
      const set = runnable(
        graph,
        'set',
        values.map(({ variable, value }) => variable.assign(value)),
      )
      const found = gradients(
        lossOf(task, labels, model).differentiable,
        trained.map((weight) => weight.variable),
      ).map((gradient) => (gradient instanceof SparseGradient ? gradient.dense() : gradient))

      const session = await GraphSession.open(tensorflow, graph)
      try {
        const weights = values.map(({ name, value, variable }): [string, Feed] => [
          value.name,
          { data: array(start, name), shape: variable.shape },
        ])
        session.run(Object.fromEntries(weights), [set.name])
        const feeds: Record<string, Feed> = { [labels.name]: array(start, 'batch0/label') }
        for (const [column, tensor] of features) {
          const data = array(start, `batch0/${column}`)
          feeds[tensor.name] = tensor.dtype === 'int32' ? Int32Array.from(data) : data
        }
        trained.forEach(({ name }, i) => {
          const gradient = found[i]
          if (!gradient) throw new Error(`${name} has no gradient`)
          const [tensor] = session.run(feeds, [gradient.name])
          if (!(tensor?.data instanceof Float32Array))
            throw new Error(`the gradient of ${name} is not float32`)
          expectClose(name, tensor.data, array(expected, name))
        })
      } finally {
        session.dispose()
      }
    })
  })
})
