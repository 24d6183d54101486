import { addN, constant, reshape, shapeOf, split, sum } from './builders'
import { constantValue } from './constants'
import { isFloat } from './dtypes'
import { GraphError } from './errors'
import type { Graph, Node, Tensor } from './graph'
import { rules } from './rules'
import { joinSpans, pickColumns } from './rules/columns'
import type { Gradient, InputGradient, Pending, Span } from './rules/rule'
import { normalizeAxis, sameShape, showShape } from './shape'
import { SparseGradient } from './sparse'
import { Variable } from './variables'

export type { Gradient } from './rules/rule'

/**
 * The gradients of a scalar `loss` with respect to variables or tensors, in their order; null where the loss does not
 * depend on one. A table that was only looked up gets a sparse gradient.
 *
 * One walk from the loss back. Only what leads to a wanted gradient is built: an input that only frozen variables feed
 * costs nothing, and of a concatenation [frozen | trainable] only the trainable columns are computed.
 * @throws GraphError where the loss is no floating-point scalar, or depends on a wanted variable through an op without a
 * gradient.
 */
export function gradients(loss: Tensor, wanted: readonly (Variable | Tensor)[]): (Gradient | null)[] {
  if (!isFloat(loss.dtype) || loss.shape?.length !== 0)
    throw new GraphError(
      'internal',
      `A loss is a floating-point scalar, not ${loss.dtype} ${showShape(loss.shape)}.`,
    )
  const targets = wanted.map((one) => (one instanceof Variable ? one.handle : one))
  const { graph } = loss
  return graph.scope('gradients', () => {
    const walk = new Walk(graph, loss, new Set(targets))
    return targets.map((target) => walk.result(target))
  })
}

class Walk {
  /** Tensors whose gradient is wanted, or leads to one that is. */
  private readonly needed: ReadonlySet<Tensor>
  private readonly pending = new Map<Tensor, Pending[]>()

  constructor(graph: Graph, loss: Tensor, targets: ReadonlySet<Tensor>) {
    const nodes = ancestors(graph, loss)
    this.needed = neededTensors(nodes, targets)
    if (!this.needed.has(loss)) return
    const one = constant(graph, 1, loss.dtype, { name: 'one' })
    this.pending.set(loss, [{ all: () => one }])
    for (const node of [...nodes].reverse()) this.back(node)
  }

  /** The gradient of a wanted tensor: all its consumers have been walked. */
  result(target: Tensor): Gradient | null {
    const found = this.pending.get(target)
    return found ? total(found.map((part) => part.all())) : null
  }

  private back(node: Node): void {
    if (!node.inputs.some((input) => this.needed.has(input))) return
    if (!node.outputs.some((output) => this.pending.has(output))) return
    const row = rules[node.op]
    if (row === 'zero') return
    if (row === 'none')
      throw new GraphError(
        'internal',
        `The loss depends on a trained variable through ${node.op} ("${node.name}"), which has no gradient.`,
      )
    if (this.backThroughColumns(node)) return
    const sums = node.outputs.map((output) => this.sum(output, node))
    const through = sums.map((gradient) => gradient && asDense(gradient))
    const [first] = sums
    const inputs: readonly InputGradient[] =
      // A table that is read as a whole, only to look rows up, keeps its gradient sparse.
      node.op === 'ReadVariableOp' && first instanceof SparseGradient
        ? [() => first]
        : row.apply(node, through)
    node.inputs.forEach((input, i) => {
      const gradient = inputs[i]
      if (!gradient || !this.needed.has(input)) return
      const one: Pending = typeof gradient === 'function' ? { all: gradient } : gradient
      const stretched = row.broadcasts && !sameShape(input.shape, node.output(0).shape)
      this.push(input, stretched ? { all: () => unbroadcast(one.all(), input) } : one)
    })
  }

  private push(tensor: Tensor, gradient: Pending): void {
    const list = this.pending.get(tensor)
    if (list) list.push(gradient)
    else this.pending.set(tensor, [gradient])
  }

  /** All that came back to an output; built once, as this is where the thunks are called. */
  private sum(output: Tensor, node: Node): Gradient | null {
    const found = this.pending.get(output)
    if (!found) return null
    const gradient = total(found.map((part) => part.all()))
    this.pending.set(output, [{ all: () => gradient }])
    if (gradient instanceof SparseGradient && node.op !== 'ReadVariableOp') {
      const dense = gradient.dense()
      this.pending.set(output, [{ all: () => dense }])
      return dense
    }
    return gradient
  }

  /**
   * A concatenation of columns of which only some need a gradient: those columns alone are asked of every consumer, and
   * split again. Returns whether it did that.
   */
  private backThroughColumns(node: Node): boolean {
    if (node.op !== 'ConcatV2') return false
    const y = node.output(0)
    const parts = node.inputs.slice(0, -1)
    const axis = constantValue(node.input(parts.length))?.[0]
    if (y.shape?.length !== 2 || axis === undefined || normalizeAxis(axis, 2, node.name) !== 1) return false
    const widths = parts.map((part) => part.shape?.[1] ?? -1)
    if (widths.some((width) => width < 0) || parts.every((part) => this.needed.has(part))) return false
    const spans: Span[] = []
    let begin = 0
    parts.forEach((part, i) => {
      const end = begin + (widths[i] ?? 0)
      if (this.needed.has(part)) spans.push([begin, end])
      begin = end
    })
    const joined = joinSpans(spans)
    const pieces: Tensor[] = []
    const whole: Gradient[] = []
    for (const one of this.pending.get(y) ?? [])
      if (one.columns) pieces.push(one.columns(joined))
      else whole.push(one.all())
    // Columns of a sum, not a sum of columns: picking them costs more than adding.
    if (whole.length > 0) pieces.push(pickColumns(asDense(total(whole)), joined))
    const columns = split(
      addN(pieces),
      spans.map(([from, to]) => to - from),
      1,
    )
    parts
      .filter((part) => this.needed.has(part))
      .forEach((part, i) => {
        const column = columns[i]
        if (column) this.push(part, { all: () => column })
      })
    return true
  }
}

/** The nodes that the loss depends on by data, in order of creation. */
function ancestors(graph: Graph, loss: Tensor): readonly Node[] {
  const found = new Set<Node>()
  const open = [loss.node]
  for (let node = open.pop(); node; node = open.pop()) {
    if (found.has(node)) continue
    found.add(node)
    for (const input of node.inputs) open.push(input.node)
  }
  return graph.nodes.filter((node) => found.has(node))
}

/** From the wanted tensors on: every floating-point value that depends on one through ops that pass a gradient. */
function neededTensors(nodes: readonly Node[], targets: ReadonlySet<Tensor>): ReadonlySet<Tensor> {
  const needed = new Set(targets)
  for (const node of nodes) {
    if (rules[node.op] === 'zero' || !node.inputs.some((input) => needed.has(input))) continue
    for (const output of node.outputs) if (isFloat(output.dtype)) needed.add(output)
  }
  return needed
}

function asDense(gradient: Gradient): Tensor {
  return gradient instanceof SparseGradient ? gradient.dense() : gradient
}

/** The sum of what several consumers give: dense, or sparse where all of it is. */
function total(parts: readonly Gradient[]): Gradient {
  const sparse: SparseGradient[] = []
  const dense: Tensor[] = []
  for (const part of parts) {
    if (part instanceof SparseGradient) sparse.push(part)
    else dense.push(part)
  }
  if (dense.length === 0) return SparseGradient.sum(sparse)
  if (sparse.length > 0) dense.push(SparseGradient.sum(sparse).dense())
  return addN(dense)
}

/**
 * The gradient of a broadcast operand: summed over the axes along which it was stretched. The only place that does so.
 * Sizes that are the same by name need no look at run time; where it cannot be known, TensorFlow finds the axes itself.
 */
function unbroadcast(gradient: Gradient, operand: Tensor): Gradient {
  if (gradient instanceof SparseGradient) return gradient
  const from = gradient.shape
  const to = operand.shape
  const { graph } = operand
  if (from && to) {
    const missing = from.length - to.length
    const axes: number[] = []
    let certain = true
    from.forEach((size, i) => {
      const wanted = i < missing ? 1 : (to[i - missing] ?? -1)
      if (i < missing) axes.push(i)
      else if (wanted === 1 && size !== 1) axes.push(i)
      else if (wanted !== size || wanted === -1) certain = certain && wanted > 1
    })
    if (certain) {
      if (axes.length === 0) return gradient
      const summed = sum(gradient, axes, { keepDims: missing === 0 })
      return missing === 0 || axes.length === missing ? summed : reshape(summed, shapeOf(operand))
    }
  }
  const axes = graph.add('BroadcastGradientArgs', [shapeOf(operand), shapeOf(gradient)]).output(0)
  return reshape(graph.op('Sum', [gradient, axes], { keep_dims: false }), shapeOf(operand))
}
