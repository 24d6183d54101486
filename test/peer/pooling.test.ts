import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readNpzArrays, type FloatArray } from '../../src-main/embeddings/readers/npzArrays'
import { weightsFeature, type ListSpec, type ModelSpec } from '../../src-main/model'
import { StepSession } from '../../src-main/training/stepSession'
import { testTensorFlow } from '../engine'
import { packBatch, trainOn } from '../packed'
import { runPython } from './python'

const steps = 5
const tensorflow = testTensorFlow()

function specOf(pooling: ListSpec['pooling'], weights: string | null): ModelSpec {
  const list: ListSpec = { length: 5, keep: 'last', pooling, weights }
  return {
    architecture: 'dcn',
    settings: { structure: 'stacked', crossLayers: 1, deepLayers: [8] },
    batchSize: 96,
    inputs: [
      { kind: 'categorical', column: 'b', table: 'items', distinctPerBatch: null },
      { kind: 'categorical', column: 'c', table: 'items', distinctPerBatch: null, list },
      { kind: 'vector', column: 'v', width: 3 },
    ],
    tables: [{ name: 'items', columns: ['b', 'c'], rows: 30, width: 6, frozen: false, pretrained: false }],
  }
}

function array(arrays: Map<string, FloatArray>, name: string): Float32Array {
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

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-pooling-'))
  await runPython(resolve(__dirname, 'pooling.py'), [folder])
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each([
  ['mean', null],
  ['sum', null],
  ['sqrtn', null],
  ['max', null],
  ['mean', 'w'],
  ['sum', 'w'],
  ['sqrtn', 'w'],
] as const)('a list pooled by %s, weights: %s', (pooling, weights) => {
  test('trains as in Python TensorFlow, five steps', async () => {
    const name = weights ? `${pooling}-weighed` : pooling
    const start = await readNpzArrays(join(folder, `${name}-start.npz`))
    const end = await readNpzArrays(join(folder, `${name}-end.npz`))
    const session = await StepSession.open(tensorflow, specOf(pooling, weights), {
      name: 'adagrad',
      settings: {},
    })
    try {
      session.initialize(0)
      const names = session.step.model.weights.map((weight) => weight.name)
      for (const weight of names) session.write(weight, array(start, weight))
      const losses = Float32Array.from({ length: steps }, (_, i) => {
        const batch = (feature: string): Float32Array =>
          array(start, `batch${i}/${feature === weightsFeature('c') ? 'w' : feature}`)
        return trainOn(session, packBatch(session.step.layout, batch('label'), batch), 0.1).loss
      })
      expectClose('losses', losses, array(end, 'losses'))
      for (const weight of names) {
        const found = Float32Array.from([...session.read(weight)].flatMap((piece) => [...piece]))
        expectClose(weight, found, array(end, weight))
      }
      // Ids of the upper half occur in no batch.
      const untouched = array(start, 'emb/items').subarray(15 * 6)
      const [table] = [...session.read('emb/items')]
      expect(table?.subarray(15 * 6)).toEqual(untouched)
    } finally {
      session.dispose()
    }
  })
})
