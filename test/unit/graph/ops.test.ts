import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Graph, ops, runnable, type Tensor } from '../../../src-main/graph'
import { GraphSession, type HostTensor, OpExecutor } from '../../../src-main/tensorflow'
import { leakCheckedTensorFlow } from '../../engine'
import { arrayCases } from './cases/array'
import { build, expectClose, expectShape, feed, feeds, fetchable, modes, read, title } from './cases/built'
import { ioCases } from './cases/io'
import { mathCases } from './cases/math'
import { randomCases, variableCases } from './cases/stateful'

const tensorflow = leakCheckedTensorFlow()
const folder = mkdtempSync(join(tmpdir(), 'graft-ops-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const cases = [...mathCases, ...arrayCases]
const builtCases = [...variableCases, ...randomCases, ...ioCases(folder)]

describe('every op gives in the session what it gives by itself, in the shape that was inferred', () => {
  it('has a case', () => {
    const covered = new Set<string>([...cases, ...builtCases].map((one) => one.op))
    covered.add('Placeholder') // every operand of every case
    // The binding cannot run ops with lists of types by themselves; checkpoints are tested with the SavedModel.
    for (const checkpoint of ['SaveV2', 'RestoreV2']) covered.add(checkpoint)
    expect(Object.keys(ops).filter((op) => !covered.has(op))).toEqual([])
  })

  it.each(cases.map((opCase) => [title(cases, opCase), opCase] as const))('%s', async (_, opCase) => {
    const graph = new Graph()
    const all = modes.map((mode) => {
      const built = build(graph, opCase, mode)
      return { built, fetches: built.node.outputs.map(fetchable) }
    })
    const session = await GraphSession.open(tensorflow, graph)
    for (const { built, fetches } of all) {
      const inSession = session.run(
        feeds(built),
        fetches.map((fetch) => fetch.name),
      )
      const executor = new OpExecutor(tensorflow)
      const operands = built.inputs.map((input): [Tensor, HostTensor] => [
        input.placeholder,
        { dtype: input.placeholder.dtype, ...feed(input) },
      ])
      const alone = executor.run(fetches, new Map(operands))
      executor.dispose()
      fetches.forEach((fetch, i) => {
        const value = read(fetch, inSession[i])
        const byItself = read(fetch, alone[i])
        // The session may fuse operations, which changes the last digits.
        expectClose(value.elements, byItself.elements, built.mode === 'float32' ? 1e-6 : 1e-14)
        expect(value.shape).toEqual(byItself.shape)
        expectShape(built.node.output(i), value.shape, built.mode)
      })
    }
    session.dispose()
  })

  it.each(builtCases.map((one, i) => [`${one.op} (${i})`, one] as const))('%s', async (_, builtCase) => {
    const graph = new Graph()
    const { init, fetches } = builtCase.build(graph)
    const start = runnable(graph, 'start', init)
    const session = await GraphSession.open(tensorflow, graph)
    session.run({}, [start.name])
    const inSession = session.run(
      {},
      fetches.map((fetch) => fetch.name),
    )
    session.dispose()
    const executor = new OpExecutor(tensorflow)
    executor.run([start])
    const alone = executor.run(fetches)
    executor.dispose()
    fetches.forEach((fetch, i) => {
      const value = read(fetch, inSession[i])
      expectClose(value.elements, read(fetch, alone[i]).elements, 1e-6)
      expectShape(fetch, value.shape, 'unknown')
    })
  })
})
