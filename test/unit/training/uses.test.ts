import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { tableUse } from '../../../src-main/contract/document'
import { rowLayout, type ModelSpec, type TableSpec } from '../../../src-main/model'
import { GraphSession } from '../../../src-main/tensorflow/session'
import type { PackedBatch } from '../../../src-main/training/data'
import { TableProof } from '../../../src-main/training/tableProof'
import { buildStepGraph } from '../../../src-main/training/stepGraph'
import { StepSession } from '../../../src-main/training/stepSession'
import { leakCheckedTensorFlow } from '../../engine'
import { packBatch, trainOn } from '../../packed'

const tensorflow = leakCheckedTensorFlow()
const rows = 64
const rate = 0.1

type Use = Parameters<typeof tableUse.parse>[0] & object

/** A table of 20 rows, of which the batches look up 1 to 12. */
function table(name: string, columns: string[], width: number, frozen: boolean, use?: Use): TableSpec {
  const spec = { name, columns, rows: 20, width, frozen, pretrained: false }
  return use ? { ...spec, use: tableUse.parse(use) } : spec
}

interface Case {
  /** Of the table `vectors`, which column `c` looks up. */
  readonly use?: Use
  readonly frozen?: boolean
  readonly more?: { readonly tables: TableSpec[]; readonly combination: 'concat' | 'sum' }
}

function specOf({ use, frozen = false, more }: Case): ModelSpec {
  return {
    architecture: 'dcn',
    settings: { crossLayers: 1, deepLayers: [6] },
    batchSize: rows,
    inputs: [
      { kind: 'categorical', column: 'a', table: 'shared', distinctPerBatch: null },
      { kind: 'categorical', column: 'b', table: 'shared', distinctPerBatch: null },
      {
        kind: 'categorical',
        column: 'c',
        table: 'vectors',
        distinctPerBatch: null,
        ...(more && { more: more.tables.map(({ name }) => name), combination: more.combination }),
      },
      { kind: 'continuous', column: 'x' },
    ],
    tables: [
      table('shared', ['a', 'b'], 4, false),
      table('vectors', ['c'], 6, frozen, use),
      ...(more?.tables ?? []),
    ],
  }
}

const layout = rowLayout(specOf({}))

function batch(step: number, ids = 12): PackedBatch {
  const id = (factor: number): number[] =>
    Array.from({ length: rows }, (_, i) => 1 + ((i * factor + step) % ids))
  const columns: Record<string, number[]> = {
    a: id(5),
    b: id(7),
    c: id(11),
    x: Array.from({ length: rows }, (_, i) => Math.sin(i + step)),
  }
  const labels = Array.from({ length: rows }, (_, i) => ((i * 7 + step) % 3 === 0 ? 1 : 0))
  return packBatch(layout, labels, (name) => columns[name] ?? [])
}

class Trial {
  private readonly start = new Map<string, Float32Array>()
  private step = 0

  private constructor(readonly session: StepSession) {
    for (const name of this.names) this.start.set(name, this.read(name))
  }

  static async begin(change: Case, optimizer = 'adagrad', seed = 7): Promise<Trial> {
    const session = await StepSession.open(tensorflow, specOf(change), { name: optimizer, settings: {} })
    session.initialize(seed)
    return new Trial(session)
  }

  get names(): string[] {
    return this.session.step.model.weights.map((weight) => weight.name)
  }

  read(name: string): Float32Array {
    const pieces = [...this.session.read(name)]
    return Float32Array.from(pieces.flatMap((piece) => [...piece]))
  }

  train(steps: number): number[] {
    return Array.from({ length: steps }, () => trainOn(this.session, batch(this.step++), rate).loss)
  }

  /** How far each number of a weight has moved since the start. */
  movement(name: string): Float32Array {
    const before = this.start.get(name) ?? new Float32Array(0)
    return this.read(name).map((value, i) => value - (before[i] ?? Number.NaN))
  }

  moved(name: string): boolean {
    return this.movement(name).some((value) => value !== 0)
  }

  /** Names of the tables and projections that moved. */
  get movedTables(): string[] {
    return this.names.filter((name) => /^(emb|projection)\//.test(name) && this.moved(name))
  }
}

/** Runs a case and lets go of its session. */
async function trial<R>(
  change: Case,
  run: (trial: Trial) => R | Promise<R>,
  optimizer?: string,
  seed?: number,
): Promise<R> {
  const begun = await Trial.begin(change, optimizer, seed)
  try {
    return await run(begun)
  } finally {
    begun.session.dispose()
  }
}

const norms = (values: Float32Array, width: number): number[] =>
  Array.from({ length: values.length / width }, (_, row) =>
    Math.hypot(...values.subarray(row * width, (row + 1) * width)),
  )

describe.each(['adagrad', 'adam', 'sgd'])('what moves, with %s', (optimizer) => {
  test.each<[string, Case, string[]]>([
    ['trainable', {}, ['emb/shared', 'emb/vectors']],
    ['frozen', { frozen: true }, ['emb/shared']],
    [
      'frozen with a linear projection',
      { frozen: true, use: { projection: { width: 3 } } },
      ['emb/shared', 'projection/vectors/kernel', 'projection/vectors/bias'],
    ],
    [
      'frozen with an MLP as projection',
      { frozen: true, use: { projection: { width: 3, hidden: 16 } } },
      [
        'emb/shared',
        'projection/vectors/hidden/kernel',
        'projection/vectors/hidden/bias',
        'projection/vectors/kernel',
        'projection/vectors/bias',
      ],
    ],
    [
      'frozen with a residual',
      { frozen: true, use: { residual: true } },
      ['emb/shared', 'emb/vectors.residual'],
    ],
    [
      'a frozen and a trainable one, concatenated',
      { frozen: true, more: { tables: [table('images', ['c'], 3, false)], combination: 'concat' } },
      ['emb/shared', 'emb/images'],
    ],
    [
      'a frozen and a trainable one, summed',
      { frozen: true, more: { tables: [table('images', ['c'], 6, false)], combination: 'sum' } },
      ['emb/shared', 'emb/images'],
    ],
  ])('%s', async (_name, change, expected) => {
    await trial(
      change,
      (run) => {
        run.train(6)
        expect(run.movedTables.sort()).toEqual([...expected].sort())
        // Nothing that no batch looked up: rows 13 to 19, and 0.
        for (const name of expected.filter((one) => one.startsWith('emb/'))) {
          const lengths = norms(run.movement(name), run.movement(name).length / 20)
          expect(
            lengths
              .slice(13)
              .concat(lengths.slice(0, 1))
              .every((length) => length === 0),
          ).toBe(true)
          expect(lengths.slice(1, 13).every((length) => length > 0)).toBe(true)
        }
      },
      optimizer,
    )
  })

  test('a lock turned in mid-run holds rows and slots as they are, and lets them go on from there', async () => {
    await trial(
      {},
      (run) => {
        run.train(3)
        run.session.setFrozen('vectors', true)
        const locked = run.read('emb/vectors')
        run.train(4)
        expect(run.read('emb/vectors')).toEqual(locked)
        run.session.setFrozen('vectors', false)
        run.train(1)
        expect(run.read('emb/vectors')).not.toEqual(locked)
      },
      optimizer,
    )
  })
})

test('slots rest while their table is locked: it goes on as if the steps in between had not been', async () => {
  // SGD's momentum would carry the rows on, and a rate of 0 stops everything else.
  const rest = (lockedSteps: number): Promise<Float32Array> =>
    trial({}, (run) => {
      trainOn(run.session, batch(0), rate)
      run.session.setFrozen('vectors', true)
      const names = run.names.filter((name) => name !== 'emb/vectors')
      const others = names.map((name) => run.read(name))
      for (let i = 0; i < lockedSteps; i++) trainOn(run.session, batch(1), 0)
      expect(names.map((name) => run.read(name))).toEqual(others)
      run.session.setFrozen('vectors', false)
      trainOn(run.session, batch(2), rate)
      return run.read('emb/vectors')
    })
  expect(await rest(5)).toEqual(await rest(0))
})

test('a table that is locked at the start has no slots in memory until it is unlocked', async () => {
  await trial({ frozen: true }, (run) => {
    const training = run.session.step.tables.get('vectors')
    expect(training?.fillSlots).not.toBeNull()
    expect(run.session.isFrozen('vectors')).toBe(true)
    run.train(2)
    expect(run.moved('emb/vectors')).toBe(false)
    run.session.setFrozen('vectors', false)
    run.train(1)
    expect(run.moved('emb/vectors')).toBe(true)
  })
})

test('unlocked from the first step on is the same as never locked, bit for bit', async () => {
  const whole = await trial({}, (run) => [run.train(5), run.read('emb/vectors')])
  const unlocked = await trial({ frozen: true }, (run) => {
    run.session.setFrozen('vectors', false)
    return [run.train(5), run.read('emb/vectors')]
  })
  const [losses, found] = unlocked
  expect(losses).toEqual(whole[0])
  expect(found).toEqual(whole[1])
})

test('a table that was locked throughout and moved nevertheless is reported as such', async () => {
  await trial({ frozen: true }, async ({ session }) => {
    const proof = await TableProof.begin(session, session.step.model.weights, tmpdir())
    session.write('emb/vectors', new Float32Array(6), 3)
    const [, vectors] = await proof.finish()
    expect(vectors).toMatchObject({ table: 'vectors', frozen: true, changed: true, drift: [] })
    await proof.close()
  })
})

test('half the learning rate moves SGD half as far, and can be changed in mid-run', async () => {
  const once = (change: Case, scale?: number): Promise<Float32Array> =>
    trial(
      change,
      (run) => {
        if (scale !== undefined) run.session.setLearningRateScale('vectors', scale)
        run.train(1)
        return run.movement('emb/vectors')
      },
      'sgd',
    )
  const full = await once({})
  for (const half of [await once({ use: { learningRateScale: 0.5 } }), await once({}, 0.5)])
    half.forEach((value, i) => expect(value).toBeCloseTo((full[i] ?? 0) / 2, 6))
  expect((await once({ use: { learningRateScale: 0 } })).every((value) => value === 0)).toBe(true)
})

test('L2 adds its share to the looked-up rows alone: λ · count / n · row for SGD', async () => {
  const l2 = 0.5
  const plain = await trial({}, (run) => (run.train(1), run.movement('emb/vectors')), 'sgd')
  await trial(
    { use: { l2 } },
    (run) => {
      const before = run.read('emb/vectors')
      const losses = run.train(1)
      const moved = run.movement('emb/vectors')
      const counts = new Float32Array(20)
      const packed = batch(0)
      for (let i = 0; i < rows; i++) {
        const id = packed.words[i * 5 + 2] ?? 0
        counts[id] = (counts[id] ?? 0) + 1
      }
      moved.forEach((value, i) => {
        const penalty = (-rate * l2 * (counts[Math.floor(i / 6)] ?? 0) * (before[i] ?? 0)) / rows
        expect(value - (plain[i] ?? 0)).toBeCloseTo(penalty, 7)
      })
      expect(losses).toHaveLength(1)
    },
    'sgd',
  )
})

test('max norm scales back the rows that moved, and no others', async () => {
  const limit = 0.05
  await trial({ use: { maxNorm: limit } }, (run) => {
    const before = run.read('emb/vectors')
    expect(norms(before, 6).some((norm) => norm > limit)).toBe(true)
    run.train(3)
    const after = norms(run.read('emb/vectors'), 6)
    expect(after.slice(1, 13).every((norm) => norm <= limit * (1 + 1e-6))).toBe(true)
    expect(after.slice(13)).toEqual(norms(before, 6).slice(13))
  })
})

describe('dropout', () => {
  const use = { dropout: 0.4 }

  test('is the same for the same seed, another for another, and off in evaluation', async () => {
    const losses = (seed: number, change: Case): Promise<number[]> =>
      trial(change, (run) => run.train(4), 'adagrad', seed)
    const first = await losses(7, { use })
    expect(await losses(7, { use })).toEqual(first)
    expect(await losses(8, { use })).not.toEqual(first)
    expect(await losses(7, {})).not.toEqual(first)
    const evaluated = (change: Case): Promise<Float32Array> =>
      trial(change, (run) => run.session.evaluate(batch(0)).probabilities)
    expect(await evaluated({ use })).toEqual(await evaluated({}))
  })

  test('drops its share of the numbers and scales the rest by as much', async () => {
    const step = buildStepGraph(specOf({ frozen: true, use }), { name: 'sgd', settings: {} })
    const { feeds, model, fetches } = step
    const on = feeds.dropout
    const vector = model.layers.find(({ id }) => id === 'input')?.output
    if (!on || !vector) throw new Error('the graph has no dropout, or no input')
    const session = await GraphSession.open(tensorflow, step.graph)
    try {
      session.run({ [feeds.seed]: Int32Array.of(7) }, [fetches.init])
      const { words } = batch(0)
      const look = (at: number, drop: number): Float32Array => {
        const given = {
          [feeds.rows]: { data: words, shape: [rows, 5] },
          [on.on]: Float32Array.of(drop),
          [on.seed]: Int32Array.of(7),
          [on.step]: Int32Array.of(at),
        }
        const [found] = session.run(given, [vector.name])
        if (!(found?.data instanceof Float32Array)) throw new Error('the input is not float32')
        return found.data
      }
      const plain = look(1, 0)
      let dropped = 0
      let seen = 0
      for (let at = 1; at <= 20; at++) {
        look(at, 1).forEach((value, i) => {
          const column = i % 15
          const expected = plain[i] ?? 0
          // Columns a and b, then the 6 numbers of c, then x.
          if (column < 8 || column === 14) return expect(value).toBe(expected)
          seen++
          if (value === 0) dropped++
          else expect(value).toBeCloseTo(expected / 0.6, 6)
        })
      }
      // Within five standard deviations of a share of that many draws.
      expect(Math.abs(dropped / seen - 0.4)).toBeLessThan(5 * Math.sqrt((0.4 * 0.6) / seen))
    } finally {
      session.dispose()
    }
  })
})
