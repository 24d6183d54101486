import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tableUse } from '../../src-main/contract/document'
import { readNpzArrays, type FloatArray } from '../../src-main/embeddings/readers/npzArrays'
import type { ModelSpec, TableSpec } from '../../src-main/model'
import { StepSession } from '../../src-main/training/stepSession'
import { testTensorFlow } from '../engine'
import { packBatch, trainOn } from '../packed'
import { runPython } from './python'

type Use = Parameters<typeof tableUse.parse>[0] & object

interface Case {
  readonly use?: Use
  readonly frozen?: boolean
  readonly combination?: 'concat' | 'sum'
  /** Before a step, from 1, the lock of `vectors` is turned. */
  readonly turns?: Readonly<Record<number, boolean>>
}

/** As in uses.py. */
const cases: Readonly<Record<string, Case>> = {
  trainable: {},
  frozen: { frozen: true },
  projected: { frozen: true, use: { projection: { width: 4 } } },
  mlp: { frozen: true, use: { projection: { width: 4, hidden: 12 } } },
  residual: { frozen: true, use: { residual: true } },
  thawed: { frozen: true, turns: { 4: false } },
  locked: { turns: { 3: true, 5: false } },
  half: { use: { learningRateScale: 0.5 } },
  l2: { use: { l2: 0.3 } },
  dropout: { use: { dropout: 0.3 } },
  'dropout-projected': { use: { dropout: 0.3, projection: { width: 4, hidden: 12 } } },
  norm: { use: { maxNorm: 0.6 } },
  concat: { frozen: true, combination: 'concat' },
  sum: { frozen: true, combination: 'sum' },
  all: {
    frozen: true,
    turns: { 3: false },
    combination: 'concat',
    use: {
      residual: true,
      projection: { width: 4, hidden: 12 },
      learningRateScale: 2,
      l2: 0.1,
      dropout: 0.2,
      maxNorm: 1,
    },
  },
}

function specOf({ use, frozen = false, combination }: Case): ModelSpec {
  const table = (name: string, columns: string[], rows: number, width: number): TableSpec => ({
    name,
    columns,
    rows,
    width,
    frozen: false,
    pretrained: false,
  })
  const vectors = { ...table('vectors', ['c'], 30, 8), frozen, ...(use && { use: tableUse.parse(use) }) }
  const plain = (column: string, name: string) =>
    ({ kind: 'categorical', column, table: name, distinctPerBatch: null }) as const
  return {
    architecture: 'mlp',
    settings: { deepLayers: [10] },
    batchSize: 96,
    inputs: [
      plain('a', 'letters'),
      plain('b', 'letters'),
      { ...plain('c', 'vectors'), ...(combination && { more: ['images'], combination }) },
      { kind: 'continuous', column: 'x' },
    ],
    tables: [
      table('letters', ['a', 'b'], 20, 4),
      vectors,
      ...(combination ? [table('images', ['c'], 30, 8)] : []),
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
  expect(difference, name).toBeLessThanOrEqual(1e-5 * largest)
}

/** Where start.npz has the first value of a weight: that of a projection by its kind, of the first layer by its inputs. */
function placeOf(name: string, { use }: Case, inputs: number): string {
  if (name === 'mlp0/kernel') return `${inputs}/${name}`
  const kind = tableUse.parse(use ?? {}).projection?.hidden ? 'mlp' : 'linear'
  return name.replace('projection/vectors', kind)
}

const tensorflow = testTensorFlow()

describe('tables used in every way, for five steps of Python TensorFlow', () => {
  let folder = ''
  let start: Arrays
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'graft-peer-'))
    await runPython(resolve(__dirname, 'uses.py'), [folder])
    start = await readNpzArrays(join(folder, 'start.npz'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test.each(Object.keys(cases).flatMap((name) => [[name, 'adagrad'] as const, [name, 'adam'] as const]))(
    '%s with %s',
    async (name, optimizer) => {
      const change = cases[name] ?? {}
      const end = await readNpzArrays(join(folder, `${name}-${optimizer}.npz`))
      const session = await StepSession.open(tensorflow, specOf(change), { name: optimizer, settings: {} })
      try {
        session.initialize(5)
        const { model, layout } = session.step
        for (const { name: weight } of model.weights)
          session.write(weight, array(start, placeOf(weight, change, model.inputWidth)))
        const losses = Float32Array.from({ length: 5 }, (_, i) => {
          const turn = change.turns?.[i + 1]
          if (turn !== undefined) session.setFrozen('vectors', turn)
          const column = (wanted: string): Float32Array => array(start, `batch${i}/${wanted}`)
          const packed = packBatch(layout, column('label'), column)
          return trainOn(session, packed, optimizer === 'adam' ? 0.01 : 0.1).loss
        })
        expectClose('losses', losses, array(end, 'losses'))
        for (const { name: weight } of model.weights) {
          const values = Float32Array.from([...session.read(weight)].flatMap((piece) => [...piece]))
          expectClose(weight, values, array(end, weight))
        }
      } finally {
        session.dispose()
      }
    },
  )
})
