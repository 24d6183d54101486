import { describe, expect, it } from 'vitest'
import {
  add,
  constant,
  Graph,
  gradients,
  identity,
  matMul,
  mean,
  mul,
  placeholder,
  randomUniform,
  runnable,
  sigmoidCrossEntropy,
  SparseGradient,
  variable,
} from '../../../src-main/graph'
import { GraphSession } from '../../../src-main/tensorflow'
import { leakCheckedTensorFlow } from '../../engine'

const tensorflow = leakCheckedTensorFlow()

describe('a session', () => {
  it('trains a table and a layer: the loss falls, and only the rows that were looked up move', async () => {
    const graph = new Graph()
    const batch = graph.dimension('batch')
    const ids = placeholder(graph, 'ids', 'int32', [batch])
    const labels = placeholder(graph, 'labels', 'float32', [batch, 1])
    const rate = placeholder(graph, 'rate', 'float32', [])
    const table = variable(graph, 'table', 'float32', [10, 4])
    const kernel = variable(graph, 'kernel', 'float32', [4, 1])
    const init = runnable(graph, 'init', [
      table.assign(randomUniform(graph, [10, 4], [7, 1])),
      kernel.assign(randomUniform(graph, [4, 1], [7, 2])),
    ])
    const loss = mean(sigmoidCrossEntropy(labels, matMul(table.gather(ids), kernel.read())))
    const [dTable, dKernel] = gradients(loss, [table, kernel])
    if (!(dTable instanceof SparseGradient) || !dKernel || dKernel instanceof SparseGradient)
      throw new Error('kinds')
    const rows = dTable.summed()
    const train = identity(loss, {
      name: 'train',
      control: [
        graph.add('ResourceApplyGradientDescent', [kernel.handle, rate, dKernel]),
        table.scatterSub(rows.indices, mul(rows.values, rate)),
      ],
    })
    const session = await GraphSession.open(tensorflow, graph)
    session.run({}, [init.name])
    const [before] = session.run({}, [table.read().name])
    const step = session.prepare(['ids', 'labels', 'rate'], [train.name])
    const losses: number[] = []
    for (let i = 0; i < 50; i++) {
      const [result] = step.run([
        Int32Array.of(1, 2, 2, 3),
        Float32Array.of(1, 0, 0, 1),
        Float32Array.of(0.5),
      ])
      losses.push(Number(result?.data[0]))
    }
    expect(losses[49]).toBeLessThan((losses[0] ?? 0) / 2)
    const [after] = session.run({}, [table.read().name])
    const moved = Array.from({ length: 10 }, (_, row) =>
      [0, 1, 2, 3].some((i) => before?.data[row * 4 + i] !== after?.data[row * 4 + i]),
    )
    expect(moved).toEqual([false, true, true, true, false, false, false, false, false, false])
    expect(session.secondsInside).toBeGreaterThan(0)
    session.dispose()
    expect(add(constant(graph, 1, 'float32'), 1).shape).toEqual([])
  })
})
