import { describe, expect, it } from 'vitest'
import { GraftError } from '../../../src-main/contract/errors'
import {
  add,
  cast,
  concat,
  constant,
  Graph,
  gradients,
  identity,
  matMul,
  mean,
  mul,
  placeholder,
  placeholderWithDefault,
  randomUniform,
  relu,
  runnable,
  sigmoidCrossEntropy,
  SparseGradient,
  sum,
  type Tensor,
  unsortedSegmentSum,
  variable,
} from '../../../src-main/graph'
import { type Feed, GraphSession, loadTensorFlow } from '../../../src-main/tensorflow'
import { leakCheckedTensorFlow } from '../../engine'

const tensorflow = leakCheckedTensorFlow()

const dense = (gradient: Tensor | SparseGradient | null | undefined): Tensor => {
  if (!gradient || gradient instanceof SparseGradient) throw new Error('no dense gradient')
  return gradient
}

/** A table, two layers and plain gradient descent, large enough for TensorFlow to share the work among threads. */
function trainer() {
  const graph = new Graph()
  const batch = graph.dimension('batch')
  const ids = placeholder(graph, 'ids', 'int32', [batch])
  const labels = placeholder(graph, 'labels', 'float32', [batch, 1])
  const rate = placeholder(graph, 'rate', 'float32', [])
  const table = variable(graph, 'table', 'float32', [500, 64])
  const first = variable(graph, 'first', 'float32', [64, 128])
  const second = variable(graph, 'second', 'float32', [128, 1])
  const draws = [table, first, second].map((made, i) =>
    made.assign(mul(add(randomUniform(graph, made.shape, [7, i]), -0.5), 0.5)),
  )
  const init = runnable(graph, 'init', draws)
  const hidden = relu(matMul(table.gather(ids), first.read()))
  const loss = mean(sigmoidCrossEntropy(labels, matMul(hidden, second.read())))
  const [dTable, dFirst, dSecond] = gradients(loss, [table, first, second])
  if (!(dTable instanceof SparseGradient)) throw new Error('a dense table gradient')
  const rows = dTable.summed()
  const train = identity(loss, {
    name: 'train',
    control: [
      graph.add('ResourceApplyGradientDescent', [first.handle, rate, dense(dFirst)]),
      graph.add('ResourceApplyGradientDescent', [second.handle, rate, dense(dSecond)]),
      table.scatterSub(rows.indices, mul(rows.values, rate)),
    ],
  })
  return { graph, init, train, table }
}

/** Batches of 256 rows: ids 1 to 400, the label whether the id is even. */
function batches(count: number): [Int32Array, Float32Array][] {
  return Array.from({ length: count }, (_, step) => {
    const ids = Int32Array.from({ length: 256 }, (_, i) => 1 + ((step * 131 + i * i * 17) % 400))
    return [ids, Float32Array.from(ids, (id) => 1 - (id % 2))]
  })
}

async function train(steps: number) {
  const { graph, init, train: step, table } = trainer()
  const session = await GraphSession.open(tensorflow, graph)
  session.run({}, [init.name])
  const before = session.run({}, [table.read().name])[0]?.data
  const call = session.prepare(['ids', 'labels', 'rate'], [step.name])
  const losses = batches(steps).map(
    ([ids, labels]) => call.run([ids, labels, Float32Array.of(3)])[0]?.data[0],
  )
  const after = session.run({}, [table.read().name])[0]?.data
  const { secondsInside, runs } = session
  session.dispose()
  return { losses: losses.map(Number), before, after, secondsInside, runs }
}

describe('a session', () => {
  it('trains: the loss falls, only the rows that were looked up move, and time inside is counted', async () => {
    const start = performance.now()
    const { losses, before, after, secondsInside, runs } = await train(60)
    expect(losses[59]).toBeLessThan(0.8 * (losses[0] ?? 0))
    const moved = (row: number): boolean =>
      Array.from({ length: 64 }, (_, i) => before?.[row * 64 + i] !== after?.[row * 64 + i]).some(Boolean)
    const looked = new Set(batches(60).flatMap(([ids]) => [...ids]))
    for (let row = 0; row < 500; row++) expect(moved(row), `row ${row}`).toBe(looked.has(row))
    expect(runs).toBe(63)
    expect(secondsInside).toBeGreaterThan(0)
    expect(secondsInside).toBeLessThan((performance.now() - start) / 1000)
  })

  it('gives the same seed the same losses and weights, bit for bit', async () => {
    const [a, b] = [await train(20), await train(20)]
    expect(a.losses).toEqual(b.losses)
    expect(a.after).toEqual(b.after)
  })

  it('sums segments in the same order every time', async () => {
    const graph = new Graph()
    const rows = randomUniform(graph, [20_000, 16], [3, 4])
    const ids = cast(mul(randomUniform(graph, [20_000], [5, 6]), 50), 'int32')
    const total = unsortedSegmentSum(rows, ids, constant(graph, 50, 'int32'))
    const session = await GraphSession.open(tensorflow, graph)
    const first = session.run({}, [total.name])[0]?.data
    for (let i = 0; i < 10; i++) expect(session.run({}, [total.name])[0]?.data).toEqual(first)
    session.dispose()
  })

  it('feeds and fetches every type that can be', async () => {
    const graph = new Graph()
    const feeds: Record<string, Feed> = {
      float: Float32Array.of(1.5, -2),
      int: Int32Array.of(-7, 8),
      narrow: Int32Array.of(-7, 2 ** 31 - 1),
      wide: BigInt64Array.of(-(2n ** 40n), 5n),
      flag: Uint8Array.of(1, 0),
      text: ['Zoë', ''],
    }
    const types = {
      float: 'float32',
      int: 'int32',
      narrow: 'int64',
      wide: 'int64',
      flag: 'bool',
      text: 'string',
    } as const
    const names = Object.entries(types).map(
      ([name, type]) => identity(placeholder(graph, name, type, [-1])).name,
    )
    const session = await GraphSession.open(tensorflow, graph)
    const values = session.run(feeds, names).map((host) => Array.from<unknown>(host.data))
    session.dispose()
    expect(values).toEqual([
      [1.5, -2],
      [-7, 8],
      [-7n, 2147483647n],
      [-(2n ** 40n), 5n],
      [1, 0],
      ['Zoë', ''],
    ])
  })

  it('takes a default where nothing is fed', async () => {
    const graph = new Graph()
    const rate = placeholderWithDefault(constant(graph, 0.25, 'float32'), [], { name: 'rate' })
    const doubled = mul(rate, 2)
    const session = await GraphSession.open(tensorflow, graph)
    expect(session.run({}, [doubled.name])[0]?.data).toEqual(Float32Array.of(0.5))
    expect(session.run({ rate: Float32Array.of(3) }, [doubled.name])[0]?.data).toEqual(Float32Array.of(6))
    session.dispose()
  })

  it('copies a fed value into a variable: later changes of the array do not reach it', async () => {
    const graph = new Graph()
    const made = variable(graph, 'v', 'float32', [40_000])
    const value = placeholder(graph, 'value', 'float32', [40_000])
    const set = runnable(graph, 'set', [made.assign(identity(value))])
    const session = await GraphSession.open(tensorflow, graph)
    const data = new Float32Array(40_000).fill(1)
    session.run({ value: data }, [set.name])
    data.fill(9)
    expect(session.run({}, [made.read().name])[0]?.data[39_999]).toBe(1)
    session.dispose()
  })

  it('keeps the variables of two sessions apart', async () => {
    const { graph, init, table } = trainer()
    const [one, two] = [
      await GraphSession.open(tensorflow, graph),
      await GraphSession.open(tensorflow, graph),
    ]
    one.run({}, [init.name])
    expect(one.run({}, [table.read().name])[0]?.data.length).toBe(500 * 64)
    expect(() => two.run({}, [table.read().name])).toThrow(/table/)
    one.dispose()
    two.dispose()
    expect(() => two.run({}, [init.name])).toThrow(/closed/)
  })
})

describe('a session refuses before it runs, as a failed run leaks', () => {
  const graph = new Graph()
  const batch = graph.dimension('batch')
  const x = placeholder(graph, 'x', 'float32', [batch, 2])
  const y = placeholder(graph, 'y', 'int32', [batch])
  const total = add(sum(x), cast(sum(y), 'float32'))
  const open = GraphSession.open(tensorflow, graph)
  const good = { x: new Float32Array(6), y: new Int32Array(3) }

  it.each([
    [
      'a batch of another size',
      { ...good, y: new Int32Array(4) },
      [total.name],
      /"y:0" has 4 along axis 0 where "x:0" has 3/,
    ],
    ['elements that do not fill rows', { ...good, x: new Float32Array(5) }, [total.name], /"x:0"/],
    ['another type', { ...good, x: new Int32Array(6) }, [total.name], /must be given as Float32Array/],
    [
      'another width',
      { ...good, x: { data: new Float32Array(9), shape: [3, 3] } },
      [total.name],
      /\[3, 3\], not \[\?, 2\]/,
    ],
    [
      'another rank',
      { ...good, x: { data: new Float32Array(6), shape: [6] } },
      [total.name],
      /"x:0" has the shape/,
    ],
    ['an unknown feed', { ...good, z: new Int32Array(1) }, [total.name], /"z" is no placeholder/],
    ['an unknown fetch', good, ['nowhere:0'], /no "nowhere:0"/],
  ] satisfies [string, Record<string, Feed>, string[], RegExp][])(
    '%s',
    async (_, feeds, fetches, message) => {
      const session = await open
      const runs = session.runs
      expect(() => session.run(feeds, fetches)).toThrow(message)
      expect(session.runs).toBe(runs)
    },
  )

  it('and says in TensorFlow’s words what only shows while it runs', async () => {
    const session = await open
    try {
      session.run({ y: good.y }, [total.name])
      expect.fail('it ran')
    } catch (error) {
      if (!(error instanceof GraftError)) throw error
      expect(error.code).toBe('engine-failed')
      expect(error.message).toMatch(/must feed a value for placeholder.*'x'/)
    }
    session.dispose()
  })
})

describe('TensorFlow', () => {
  it('is loaded once, and an engine folder without it is an error that says so', () => {
    expect(tensorflow.version).toMatch(/^\d+\.\d+/)
    expect(() => loadTensorFlow('/nowhere')).toThrow(/already loaded/)
  })

  it('concatenates what a batch of one row gives as well', async () => {
    const graph = new Graph()
    const x = placeholder(graph, 'x', 'float32', [graph.dimension('batch'), 2])
    const y = concat([x, x], 1)
    const session = await GraphSession.open(tensorflow, graph)
    expect(session.run({ x: Float32Array.of(1, 2) }, [y.name])[0]).toMatchObject({
      shape: [1, 4],
      dtype: 'float32',
    })
    session.dispose()
  })
})
