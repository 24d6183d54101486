import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  add,
  argMax,
  cast,
  concat,
  constant,
  gradients,
  Graph,
  GraphError,
  identity,
  isFinite,
  matMul,
  mean,
  mul,
  nodeName,
  oneHot,
  ops,
  placeholder,
  prod,
  reshape,
  runnable,
  slice,
  split,
  sum,
  transpose,
  unique,
  variable,
} from '../../../src-main/graph'

function thrown(run: () => unknown): GraphError {
  try {
    run()
  } catch (error) {
    if (error instanceof GraphError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const f = (graph: Graph, ...shape: number[]) => placeholder(graph, 'x', 'float32', shape)

describe('a graph', () => {
  it('gives every node a name of its own, under its scope', () => {
    const graph = new Graph()
    const names = graph.scope('layer', () => [f(graph, 2), f(graph, 2), graph.scope('x', () => f(graph, 2))])
    expect(names.map((tensor) => tensor.name)).toEqual(['layer/x:0', 'layer/x_1:0', 'layer/x/x:0'])
    expect(graph.tensor('layer/x_1')).toBe(names[1])
  })

  it('makes valid names of any text, different ones of different texts', () => {
    const tricky = fc.string({
      unit: fc.constantFrom('.', 'x', '4', '1', '_', 'é', 'A', 'a'),
      minLength: 1,
      maxLength: 8,
    })
    const text = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), tricky)
    expect(nodeName('é')).not.toBe(nodeName(nodeName('é')))
    fc.assert(
      fc.property(text, tricky, (a, b) => {
        const graph = new Graph()
        const name = placeholder(graph, nodeName(a), 'float32', []).node.name
        expect(name).toMatch(/^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/)
        expect(name).not.toContain(',')
        expect(nodeName(a) === nodeName(b)).toBe(a === b)
        expect(nodeName(nodeName(a)) === nodeName(a)).toBe(nodeName(a) === a)
      }),
      { numRuns: 2000 },
    )
  })

  it('runs what `after` says before, but not the nodes that are shared', () => {
    const graph = new Graph()
    const first = runnable(graph, 'first', [])
    const made = graph.after([first], () => {
      const table = variable(graph, 'v', 'float32', [2])
      return { table, sum: identity(table.read()), constant: constant(graph, 1, 'float32') }
    })
    expect(made.sum.node.control).toEqual([first.node])
    expect(made.table.read().node.control).toEqual([])
    expect(made.constant.node.control).toEqual([])
  })

  it('keeps sizes with names equal to themselves through an expression', () => {
    const graph = new Graph()
    const batch = graph.dimension('batch')
    const x = f(graph, batch, 4)
    const y = matMul(x, constant(graph, new Float32Array(12), 'float32', { shape: [4, 3] }))
    expect(add(y, y).shape).toEqual([batch, 3])
    expect(reshape(y, [-1]).shape).toEqual([-1])
    expect(reshape(x, [-1, 2, 2]).shape).toEqual([batch, 2, 2])
    expect(concat([x, y], 1).shape).toEqual([batch, 7])
    // The bias's gradient is summed over the batch without asking for sizes at run time.
    const bias = f(graph, 3)
    const before = graph.nodes.length
    gradients(mean(mul(add(y, bias), y)), [bias])
    expect(graph.nodes.slice(before).map((node) => node.op)).not.toContain('BroadcastGradientArgs')
  })
})

describe('a mistake is an error that names the node', () => {
  const graph = new Graph()
  it.each([
    [
      'shapes that cannot be broadcast',
      () => add(f(graph, 2, 3), f(graph, 2)),
      'shape-mismatch',
      /AddV2.*3 against 2/,
    ],
    [
      'matrices that do not fit',
      () => matMul(f(graph, 2, 3), f(graph, 2, 3)),
      'shape-mismatch',
      /inner axis.*3 and 2/,
    ],
    ['a wrong rank', () => matMul(f(graph, 3), f(graph, 3, 2)), 'shape-mismatch', /rank 2/],
    ['an axis out of range', () => concat([f(graph, 2), f(graph, 2)], 1), 'shape-mismatch', /axis 1/],
    ['a reshape of another size', () => reshape(f(graph, 2, 3), [4]), 'shape-mismatch', /6 elements/],
    ['a reshape that leaves a rest', () => reshape(f(graph, 2, 3), [4, -1]), 'shape-mismatch', /cannot make/],
    ['parts that do not add up', () => split(f(graph, 5), [2, 2], 0), 'shape-mismatch', /5 and 4/],
    ['a slice past the end', () => slice(f(graph, 5), [3], [3]), 'shape-mismatch', /holds 5/],
    ['no permutation', () => transpose(f(graph, 2, 3), [0, 0]), 'shape-mismatch', /no permutation/],
    ['types that disagree', () => add(f(graph, 2), constant(graph, 1, 'int32')), 'internal', /makes T int32/],
    ['a type without a kernel', () => isFinite(constant(graph, 1, 'int32')), 'internal', /one of float32/],
    [
      'an unknown attribute',
      () => graph.add('MatMul', [f(graph, 2, 2), f(graph, 2, 2)], { transposeA: true }),
      'internal',
      /no attribute "transposeA"/,
    ],
    ['a missing attribute', () => graph.add('Placeholder', []), 'internal', /"dtype" is required/],
    ['an attribute of another kind', () => graph.add('Identity', [f(graph, 2)], { T: 1 }), 'internal', /T/],
    ['a missing input', () => graph.add('AddV2', [f(graph, 2)]), 'internal', /takes 2 inputs/],
    [
      'a list where one belongs',
      () => graph.add('Identity', [[f(graph, 2)]]),
      'internal',
      /takes one tensor/,
    ],
    [
      'a comma in a name',
      () => f(graph, 2).graph.op('Identity', [f(graph, 2)], {}, { name: 'a,b' }),
      'internal',
      /cannot name/,
    ],
    [
      'a constant that does not fill its shape',
      () => constant(graph, [1, 2], 'int32', { shape: [3] }),
      'internal',
      /2 elements/,
    ],
    ['a tensor of another graph', () => add(f(graph, 2), f(new Graph(), 2)), 'internal', /another graph/],
    ['a loss that is no scalar', () => gradients(f(graph, 2), []), 'internal', /scalar/],
    ['a variable of unknown size', () => variable(graph, 'v', 'float32', [-1, 2]), 'internal', /all known/],
    [
      'a value of another shape',
      () => variable(graph, 'w', 'float32', [2, 2]).assign(f(graph, 2, 3)),
      'shape-mismatch',
      /"w.*\[2, 2\].*\[2, 3\]/,
    ],
    [
      'rows of another width',
      () => variable(graph, 'r', 'float32', [9, 2]).scatterAdd(constant(graph, [1], 'int32'), f(graph, 1, 3)),
      'shape-mismatch',
      /\[9, 2\].*\[1, 3\]/,
    ],
  ] as const)('%s', (_, run, code, message) => {
    const error = thrown(run)
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
  })

  it('and a loss through an op without a gradient is one too, not a silent zero', () => {
    const x = f(graph, 3)
    expect(thrown(() => gradients(prod(x), [x])).message).toMatch(/through Prod.*no gradient/)
    // What passes no gradient by its nature ends the way quietly.
    const hot = oneHot(argMax(reshape(x, [1, 3]), 1), 3, 'float32')
    expect(gradients(sum(hot), [x])).toEqual([null])
    expect(unique(cast(x, 'int32')).positions.shape).toEqual([3])
  })
})

it('every type that an op names is one of its attributes or a data type', () => {
  for (const [name, { inputs, outputs, attrs = {} }] of Object.entries(ops))
    for (const expression of [...Object.values(inputs), ...Object.values(outputs)])
      for (const part of expression.replace(/[[\]]/g, '').split('*'))
        expect(
          part in attrs || ['int32', 'int64', 'string', 'bool', 'resource'].includes(part),
          `${name}: ${part}`,
        ).toBe(true)
})
