import { describe, expect, it } from 'vitest'
import {
  add,
  concat,
  constant,
  distinct,
  type Gradient,
  gradients,
  Graph,
  gather,
  identity,
  matMul,
  mean,
  mul,
  type OpName,
  placeholder,
  reshape,
  runnable,
  SparseGradient,
  split,
  square,
  stopGradient,
  sum,
  type Tensor,
  variable,
  type Variable,
} from '../../../src-main/graph'
import { GraphSession } from '../../../src-main/tensorflow'
import { leakCheckedTensorFlow } from '../../engine'
import { expectClose, read } from './cases/built'

const tensorflow = leakCheckedTensorFlow()
const dense = (gradient: Gradient | null | undefined): Tensor => {
  if (!gradient) throw new Error('no gradient')
  return gradient instanceof SparseGradient ? gradient.dense() : gradient
}

/** A variable of reproducible numbers, and the node that sets it. */
function filled(graph: Graph, name: string, shape: readonly number[]): { made: Variable; init: Tensor } {
  const count = shape.reduce((a, b) => a * b, 1)
  const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.3 + name.length) / 2)
  const made = variable(graph, name, 'float32', shape)
  const init = made.assign(constant(graph, values, 'float32', { shape }))
  return { made, init: runnable(graph, `${name}.init`, [init]) }
}

async function fetch(graph: Graph, inits: readonly Tensor[], fetches: readonly Tensor[], feeds = {}) {
  const session = await GraphSession.open(tensorflow, graph)
  for (const init of inits) session.run({}, [init.name])
  const hosts = session.run(
    feeds,
    fetches.map((one) => one.name),
  )
  session.dispose()
  return fetches.map((one, i) => read(one, hosts[i]))
}

function count(graph: Graph, op: OpName, from = 0): number {
  return graph.nodes.slice(from).filter((node) => node.op === op).length
}

describe('the gradient of a lookup', () => {
  it('is sparse, and the same as the dense one, repeated ids and several lookups included', async () => {
    const graph = new Graph()
    const { made, init } = filled(graph, 'table', [6, 3])
    const first = constant(graph, [4, 1, 4, 4, 0, 1], 'int32')
    const second = constant(graph, [[2, 4, 2, 0]].flat(), 'int64', { shape: [2, 2] })
    const lossOf = (one: Tensor, two: Tensor): Tensor =>
      add(mean(square(one)), sum(mul(reshape(two, [4, 3]), constant(graph, [1, 2, 3], 'float32'))))
    const sparse = gradients(lossOf(made.gather(first), made.gather(second)), [made])[0]
    expect(sparse).toBeInstanceOf(SparseGradient)
    const whole = identity(made.read())
    const exact = gradients(lossOf(gather(whole, first), gather(whole, second)), [whole])[0]
    if (!(sparse instanceof SparseGradient)) throw new Error('dense')
    const summed = sparse.summed()
    const [a, b, c, indices] = await fetch(
      graph,
      [init],
      [sparse.dense(), dense(exact), summed.dense(), summed.indices],
    )
    expectClose(a?.elements ?? [], b?.elements ?? [1], 1e-6)
    expectClose(c?.elements ?? [], b?.elements ?? [1], 1e-6)
    expect([...(indices?.elements ?? [])].sort()).toEqual([0, 1, 2, 4])
  })

  it('stays sparse through a whole read of the table', () => {
    const graph = new Graph()
    const { made } = filled(graph, 'table', [6, 3])
    const loss = mean(gather(made.read(), constant(graph, [1, 1], 'int32')))
    expect(gradients(loss, [made])[0]).toBeInstanceOf(SparseGradient)
  })

  it('becomes dense where the table is used as a whole too', async () => {
    const graph = new Graph()
    const { made, init } = filled(graph, 'table', [3, 2])
    const loss = add(sum(made.gather(constant(graph, [1, 1], 'int32'))), sum(made.read()))
    const [gradient] = gradients(loss, [made])
    expect(gradient).not.toBeInstanceOf(SparseGradient)
    const [value] = await fetch(graph, [init], [dense(gradient)])
    expect(value?.elements).toEqual([1, 1, 3, 3, 1, 1])
  })

  it('through distinct ids needs no second Unique, and is summed already', async () => {
    const graph = new Graph()
    const { made, init } = filled(graph, 'table', [5, 2])
    const kernel = filled(graph, 'kernel', [2, 3])
    const ids = placeholder(graph, 'ids', 'int32', [graph.dimension('batch')])
    const { values, positions } = distinct(ids)
    const layer = (rows: Tensor): Tensor => matMul(rows, kernel.made.read())
    const perDistinct = gather(layer(made.gather(values)), positions)
    const perRow = layer(made.gather(ids))
    const [one, oneKernel] = gradients(mean(square(perDistinct)), [made, kernel.made])
    const [two, twoKernel] = gradients(mean(square(perRow)), [made, kernel.made])
    if (!(one instanceof SparseGradient) || !(two instanceof SparseGradient)) throw new Error('dense')
    expect(one.isSummed).toBe(true)
    expect(two.isSummed).toBe(false)
    two.summed()
    expect(count(graph, 'Unique')).toBe(1)
    const fetches = [one.dense(), two.dense(), dense(oneKernel), dense(twoKernel), perDistinct, perRow]
    const feeds = { ids: Int32Array.of(3, 0, 3, 3, 1, 0) }
    const [a, b, c, d, e, f] = await fetch(graph, [init, kernel.init], fetches, feeds)
    expectClose(a?.elements ?? [], b?.elements ?? [1], 1e-6)
    expectClose(c?.elements ?? [], d?.elements ?? [1], 1e-6)
    expectClose(e?.elements ?? [], f?.elements ?? [1], 1e-6)
  })
})

describe('pruning', () => {
  /** x = [frozen | a | frozen | b | c], a layer and a cross term on it. */
  function model(graph: Graph) {
    const ids = constant(graph, [0, 2, 1, 2], 'int32')
    const tables = (['frozen', 'a', 'ice', 'b', 'c'] as const).map((name, i) =>
      filled(graph, name, [3, i + 2]),
    )
    const x = concat(
      tables.map((table) => table.made.gather(ids)),
      1,
    )
    const kernel = filled(graph, 'kernel', [20, 20])
    const cross = add(mul(x, matMul(x, kernel.made.read())), x)
    const loss = mean(square(matMul(cross, kernel.made.read(), { transposeB: true })))
    return { tables, kernel, loss, inits: [...tables, kernel].map((one) => one.init) }
  }
  const wanted = ['a', 'b', 'c']

  it('computes the columns of trained tables alone, and the same numbers', async () => {
    const graph = new Graph()
    const { tables, kernel, loss, inits } = model(graph)
    const before = graph.nodes.length
    const trained = tables.filter(({ made }) => wanted.includes(made.name)).map(({ made }) => made)
    const pruned = gradients(loss, [...trained, kernel.made])
    // The input gradient of the first layer is [4, 3 + 5 + 6], never [4, 20].
    const products = graph.nodes.slice(before).filter((node) => node.op === 'MatMul')
    expect(products.map((node) => node.output(0).shape)).toContainEqual([4, 14])
    const all = gradients(loss, [...tables.map(({ made }) => made), kernel.made])
    const fetches = [...pruned.map(dense), ...[1, 3, 4, 5].map((i) => dense(all[i]))]
    const values = await fetch(graph, inits, fetches)
    for (let i = 0; i < 4; i++) expectClose(values[i]?.elements ?? [], values[i + 4]?.elements ?? [1], 1e-6)
  })

  it('builds nothing for frozen tables: no lookup gradient, no input gradient', () => {
    const graph = new Graph()
    const { kernel, loss } = model(graph)
    const before = graph.nodes.length
    gradients(loss, [kernel.made])
    // Two layers' kernels and the way between them; the way back to x is not built.
    expect(count(graph, 'MatMul', before)).toBe(3)
    expect(count(graph, 'Slice', before)).toBe(0)
    expect(count(graph, 'Unique', before)).toBe(0)
  })

  it('gives null for what the loss does not depend on, and builds nothing at all for it', () => {
    const graph = new Graph()
    const used = filled(graph, 'used', [2, 2]).made
    const other = filled(graph, 'other', [2, 2]).made
    const loss = sum(add(used.read(), stopGradient(other.read())))
    expect(gradients(loss, [other])).toEqual([null])
    const before = graph.nodes.length
    expect(gradients(sum(constant(graph, [1, 2], 'float32')), [used])).toEqual([null])
    expect(graph.nodes.length - before).toBe(3) // the new loss itself: two constants and the sum
  })

  it('rejoins the parts of a kernel that was split', async () => {
    const graph = new Graph()
    const { made, init } = filled(graph, 'kernel', [4, 2])
    const [top, bottom] = split(made.read(), [1, 3], 0)
    if (!top || !bottom) throw new Error('no parts')
    const [gradient] = gradients(sum(mul(bottom, bottom)), [made])
    const [value] = await fetch(graph, [init], [dense(gradient)])
    expect(value?.shape).toEqual([4, 2])
    expect(value?.elements.slice(0, 2)).toEqual([0, 0])
    expect(top.shape).toEqual([1, 2])
  })
})
