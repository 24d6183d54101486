import { describe, expect, it } from 'vitest'
import {
  add,
  cast,
  constant,
  cos,
  elements,
  type Gradient,
  gradients,
  Graph,
  isFloat,
  mul,
  type Node,
  ops,
  range,
  reshape,
  rules,
  size,
  SparseGradient,
  sum,
  type Tensor,
} from '../../../src-main/graph'
import { GraphSession } from '../../../src-main/tensorflow'
import { leakCheckedTensorFlow } from '../../engine'
import { arrayCases } from './cases/array'
import { build, type Built, expectClose, feed, feeds, fetchable, modes, read, title } from './cases/built'
import { mathCases } from './cases/math'

const tensorflow = leakCheckedTensorFlow()
const cases = [...mathCases, ...arrayCases]

/** Σ y·cos(1.7·i + 0.3): a weight of its own for every element, so that no two errors cancel out. */
function weighted(y: Tensor): Tensor {
  const { graph } = y
  const index = range(constant(graph, 0, 'int32'), size(y), constant(graph, 1, 'int32'))
  const weights = cos(add(mul(cast(index, y.dtype), 1.7), 0.3))
  return sum(mul(reshape(y, [-1]), weights), [0])
}

/** The loss of a case: its floating-point outputs, weighted. */
function lossOf(node: Node, chosen?: readonly number[]): Tensor {
  const parts = node.outputs
    .filter((y) => isFloat(y.dtype) && (chosen?.includes(y.index) ?? true))
    .map((y) => cast(weighted(y), 'float64'))
  return parts.reduce((a, b) => add(a, b))
}

const dense = (gradient: Gradient): Tensor =>
  gradient instanceof SparseGradient ? gradient.dense() : gradient

/** Central differences of the loss in float64, for each element of one input. */
function differences(session: GraphSession, built: Built, loss: Tensor, i: number): number[] {
  const input = built.inputs[i]
  if (!input) throw new Error(`no input ${i}`)
  const { values } = input.operand
  const names = built.inputs.map((one) => one.placeholder.name)
  const call = session.prepare(names, [loss.name])
  const at = (moved: readonly number[]): number => {
    const [host] = call.run(built.inputs.map((one) => feed(one, one === input ? moved : one.operand.values)))
    return Number(read(loss, host).elements[0])
  }
  const step = 1e-6
  return values.map((_, k) => {
    const moved = (by: number): number[] => values.map((v, j) => (j === k ? v + by : v))
    return (at(moved(step)) - at(moved(-step))) / (2 * step)
  })
}

const differentiable = cases.filter((one) => {
  const operands = one.inputs.flatMap((input) => ('kind' in input ? [input] : input))
  return operands.some((operand) => operand.kind === 'float')
})

describe('the gradient table', () => {
  it('has a row for every op, and only for those', () => {
    expect(Object.keys(rules).sort()).toEqual(Object.keys(ops).sort())
  })

  it('has a case for every rule that is a formula', () => {
    // Variables' rules are tested with the sparse gradients.
    const elsewhere = new Set<string>(['ReadVariableOp', 'ResourceGather'])
    const tested = new Set<string>(differentiable.map((one) => one.op))
    const formulas = Object.entries(rules).filter(([, row]) => typeof row === 'object')
    expect(formulas.map(([op]) => op).filter((op) => !tested.has(op) && !elsewhere.has(op))).toEqual([])
  })

  it.each(differentiable.map((one) => [title(cases, one), one] as const))('%s', async (_, opCase) => {
    const row = rules[opCase.op]
    const graph = new Graph()
    const all = modes.map((mode) => build(graph, opCase, mode))
    if (row === 'none') {
      for (const { node, inputs } of all)
        if (node.outputs.some((y) => isFloat(y.dtype)))
          expect(() =>
            gradients(
              lossOf(node),
              inputs.map((input) => input.tensor),
            ),
          ).toThrow('has no gradient')
      return
    }
    const losses = all.map(({ node }) =>
      node.outputs.some((y) => isFloat(y.dtype)) ? lossOf(node, opCase.losses) : null,
    )
    const found = all.map(({ inputs }, i) => {
      const loss = losses[i]
      return loss
        ? gradients(
            loss,
            inputs.map((input) => input.tensor),
          ).map((g) => g && fetchable(dense(g)))
        : []
    })
    if (row === 'zero') return expect(found.flat().every((gradient) => gradient === null)).toBe(true)
    const fetchableLosses = losses.map((loss) => loss && fetchable(loss))
    const session = await GraphSession.open(tensorflow, graph)
    const [exact] = all
    const [loss] = fetchableLosses
    if (!exact || !loss) return session.dispose()

    exact.inputs.forEach((input, i) => {
      const expected = input.operand.fixed ? null : differences(session, exact, loss, i)
      let first: readonly (number | string)[] | null = null
      all.forEach((built, k) => {
        const gradient = found[k]?.[i]
        if (!gradient) return expect.fail(`no gradient for input ${i} with ${built.mode} sizes`)
        const value = read(gradient, session.run(feeds(built), [gradient.name])[0])
        expect(value.shape).toEqual(input.operand.shape)
        expect(value.elements.length).toBe(elements(input.operand.shape))
        // A cast to float32 loses the digits that differences are made of.
        if (k === 0 && expected)
          expectClose(value.elements, expected, opCase.attrs?.DstT === 'float32' ? 0.2 : 1e-7)
        first ??= value.elements
        expectClose(value.elements, first, built.mode === 'float32' ? 2e-5 : 1e-12)
      })
    })
    session.dispose()
  })
})
