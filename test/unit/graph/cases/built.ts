import { expect } from 'vitest'
import type { Graph } from '../../../../src-main/graph'
import { bitcast, constant, type Node, placeholder, type Tensor } from '../../../../src-main/graph'
import type { HostTensor } from '../../../../src-main/tensorflow'
import type { OpCase, Operand } from './case'

/** How much a graph knows of its inputs' sizes: all, nothing, or only which of them are equal; and single precision. */
export const modes = ['static', 'unknown', 'named', 'float32'] as const
export type Mode = (typeof modes)[number]

export interface Input {
  readonly operand: Extract<Operand, { kind: 'float' }>
  readonly placeholder: Tensor
  readonly tensor: Tensor
}

/** An op of a case within a graph, with placeholders for its floating-point operands. */
export interface Built {
  readonly mode: Mode
  readonly graph: Graph
  readonly node: Node
  readonly inputs: readonly Input[]
}

export function build(graph: Graph, opCase: OpCase, mode: Mode): Built {
  const inputs: Input[] = []
  const make = (operand: Operand): Tensor => {
    if (operand.kind === 'constant')
      return constant(graph, operand.values, operand.dtype, { shape: operand.shape })
    const shape = operand.shape.map((n) =>
      mode === 'unknown' ? -1 : mode === 'named' && n > 1 ? graph.dimension(`n${n}`) : n,
    )
    const single = mode === 'float32'
    const input = placeholder(
      graph,
      `${mode}/x`,
      single ? 'float32' : 'int32',
      single ? shape : [...shape, 2],
    )
    const tensor = single ? input : bitcast(input, 'float64')
    inputs.push({ operand, placeholder: input, tensor })
    return tensor
  }
  const operands = opCase.inputs.map((input) => ('kind' in input ? make(input) : input.map(make)))
  const node = graph.add(opCase.op, operands, opCase.attrs, { name: `${mode}/${opCase.op}` })
  return { mode, graph, node, inputs }
}

/** The name of a case among those of its op, for the test's title. */
export function title(cases: readonly OpCase[], opCase: OpCase): string {
  const shapes = opCase.inputs.map((input) => {
    const list = 'kind' in input ? [input] : input
    return list.map((operand) => `[${operand.shape.join(',')}]`).join('+')
  })
  const attrs = opCase.attrs ? ` ${JSON.stringify(opCase.attrs)}` : ''
  return `${opCase.op} ${shapes.join(' ')}${attrs} (${cases.indexOf(opCase)})`
}

/** Float64 cannot be fetched from tfjs-node: its bits can. */
export function fetchable(tensor: Tensor): Tensor {
  return tensor.dtype === 'float64' ? bitcast(tensor, 'int32') : tensor
}

interface Fed {
  readonly data: Int32Array | Float32Array
  readonly shape: readonly number[]
}

export function feed(input: Input, values = input.operand.values): Fed {
  const { shape } = input.operand
  if (input.placeholder.dtype === 'float32') return { data: Float32Array.from(values), shape }
  return { data: new Int32Array(Float64Array.from(values).buffer), shape: [...shape, 2] }
}

export function feeds(built: Built): Record<string, Fed> {
  return Object.fromEntries(built.inputs.map((input) => [input.placeholder.name, feed(input)]))
}

type Element = number | string

/** A fetched value's elements and its true shape, whether its bits were fetched or it. */
export function read(
  tensor: Tensor,
  host: HostTensor | undefined,
): { elements: readonly Element[]; shape: readonly number[] } {
  if (!host) throw new Error(`${tensor.name} was not fetched`)
  const { data, shape } = host
  if (tensor.node.op === 'Bitcast' && data instanceof Int32Array && tensor.node.input(0).dtype === 'float64')
    return { elements: Array.from(new Float64Array(Int32Array.from(data).buffer)), shape: shape.slice(0, -1) }
  return {
    elements: Array.from(data, (x: Element | bigint) => (typeof x === 'bigint' ? Number(x) : x)),
    shape,
  }
}

/** max|a − b| ≤ tolerance · max(1, max|b|); texts and what is not finite must be the same. */
export function expectClose(a: readonly Element[], b: readonly Element[], tolerance: number): void {
  expect(a.length).toBe(b.length)
  const finite = b.map((x) => (typeof x === 'number' && Number.isFinite(x) ? Math.abs(x) : 0))
  const bound = tolerance * Math.max(1, ...finite)
  a.forEach((x, i) => {
    const y = b[i]
    const comparable = typeof x === 'number' && typeof y === 'number' && Number.isFinite(x)
    if (!comparable) expect(x).toEqual(y)
    else if (!(Math.abs(x - y) <= bound))
      expect.fail(`element ${i}: ${x} against ${y}, more than ${bound} apart`)
  })
}

/** What inference says must be so; with known inputs it must say everything but what depends on values. */
export function expectShape(tensor: Tensor, actual: readonly number[], mode: Mode): void {
  const inferred = tensor.shape
  const dependsOnValues = ['Unique', 'Where', 'BroadcastGradientArgs'].includes(tensor.node.op)
  if (mode === 'static' && !dependsOnValues) return expect(inferred).toEqual(actual)
  if (!inferred) return
  expect(inferred.length).toBe(actual.length)
  inferred.forEach((wanted, i) => {
    const named = [2, 3, 4, 5, 6].find((n) => tensor.graph.dimension(`n${n}`) === wanted)
    if (wanted >= 0) expect(actual[i]).toBe(wanted)
    else if (wanted < -1) expect(actual[i]).toBe(named)
  })
}
