import type { DType, TensorData, TensorValue } from '../dtypes'
import { GraphError } from '../errors'
import type { Graph, Node, NodeOptions, Tensor } from '../graph'
import { elements, isKnown, type Shape } from '../shape'

/** Numbers of any nesting are flattened by the caller; a scalar is a plain number. */
export type ConstantInput = number | string | boolean | readonly number[] | readonly string[] | TensorData

function pack(values: readonly number[], dtype: DType): TensorData {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values)
    case 'float64':
      return Float64Array.from(values)
    case 'int32':
      return Int32Array.from(values)
    case 'int64':
      return BigInt64Array.from(values, BigInt)
    case 'uint8':
    case 'bool':
      return Uint8Array.from(values)
    case 'int16':
      return Int16Array.from(values)
    case 'int8':
      return Int8Array.from(values)
    default:
      throw new GraphError('internal', `A constant of ${dtype} must be given as bytes.`)
  }
}

function isNumbers(value: readonly number[] | readonly string[]): value is readonly number[] {
  return value.every((item: number | string) => typeof item === 'number')
}

function isStrings(value: readonly number[] | readonly string[]): value is readonly string[] {
  return value.every((item: number | string) => typeof item === 'string')
}

function isPlainList(value: ConstantInput): value is readonly number[] | readonly string[] {
  return Array.isArray(value)
}

/**
 * A constant. A number or text is a scalar, a list a vector, unless `shape` says otherwise.
 * @throws GraphError where the elements do not fill the shape.
 */
export function constant(
  graph: Graph,
  value: ConstantInput,
  dtype: DType,
  options: NodeOptions & { shape?: readonly number[] } = {},
): Tensor {
  const { shape: wanted, ...rest } = options
  let data: TensorData
  let shape: readonly number[] = []
  if (typeof value === 'number' || typeof value === 'boolean') data = pack([Number(value)], dtype)
  else if (typeof value === 'string') data = [value]
  else {
    shape = [value.length]
    if (!isPlainList(value)) data = value
    else if (dtype === 'string' && isStrings(value)) data = value
    else if (isNumbers(value)) data = pack(value, dtype)
    else throw new GraphError('internal', `A constant of ${dtype} cannot hold text.`)
  }
  shape = wanted ?? shape
  if (elements(shape) !== data.length)
    throw new GraphError(
      'internal',
      `A constant of shape [${shape.join(', ')}] cannot hold ${data.length} elements.`,
    )
  const tensor: TensorValue = { dtype, shape, data }
  return graph.uncontrolled(() => graph.op('Const', [], { value: tensor, dtype }, { name: 'Const', ...rest }))
}

/** Something that every run must be given. */
export function placeholder(graph: Graph, name: string, dtype: DType, shape: Shape): Tensor {
  return graph.op('Placeholder', [], { dtype, shape }, { name })
}

/** Something that a run may be given. */
export function placeholderWithDefault(
  value: Tensor,
  shape: Shape = value.shape,
  options: NodeOptions = {},
): Tensor {
  return value.graph.op('PlaceholderWithDefault', [value], { shape }, options)
}

export function identity(x: Tensor, options: NodeOptions = {}): Tensor {
  return x.graph.op('Identity', [x], {}, options)
}

/** Passes its input on, and tells the graph what is known of its shape; another shape at run time is an error. */
export function ensureShape(x: Tensor, shape: readonly number[], options: NodeOptions = {}): Tensor {
  return x.graph.op('EnsureShape', [x], { shape }, options)
}

/** Passes its input on and stops the gradient. */
export function stopGradient(x: Tensor, options: NodeOptions = {}): Tensor {
  return x.graph.op('StopGradient', [x], {}, options)
}

/** Does nothing, after `control`. */
export function noOp(graph: Graph, options: NodeOptions = {}): Node {
  return graph.add('NoOp', [], {}, options)
}

/**
 * A scalar 1 that is there once `control` has run. tfjs-node cannot run a node that has no output: it fetches this instead.
 */
export function runnable(graph: Graph, name: string, control: readonly (Node | Tensor)[]): Tensor {
  return identity(constant(graph, 1, 'int32', { name: `${name}/one` }), { name, control })
}

export function cast(x: Tensor, dtype: DType, options: NodeOptions = {}): Tensor {
  return x.dtype === dtype ? x : x.graph.op('Cast', [x], { DstT: dtype }, options)
}

/** The same bits as another type: float64 and int64 pass through tfjs-node, which knows neither, as pairs of int32. */
export function bitcast(x: Tensor, dtype: DType, options: NodeOptions = {}): Tensor {
  return x.graph.op('Bitcast', [x], { type: dtype }, options)
}

/** The shape as an int32 vector: a constant where all sizes are known. */
export function shapeOf(x: Tensor, options: NodeOptions = {}): Tensor {
  return isKnown(x.shape)
    ? constant(x.graph, x.shape, 'int32', options)
    : x.graph.op('Shape', [x], {}, options)
}

/** The number of elements, an int32 scalar. */
export function size(x: Tensor, options: NodeOptions = {}): Tensor {
  return x.graph.op('Size', [x], {}, options)
}

/** The size of one axis, an int32 scalar. */
export function sizeOf(x: Tensor, axis: number): Tensor {
  const known = x.shape?.[axis < 0 ? x.shape.length + axis : axis]
  if (known !== undefined && known >= 0) return constant(x.graph, known, 'int32')
  if (x.shape?.length === 1) return size(x)
  // As many rows as were looked up.
  const indices = axis === 0 && x.node.op === 'ResourceGather' ? x.node.input(1) : null
  if (indices?.shape?.length === 1) return size(indices)
  const at = axis < 0 ? x.rank + axis : axis
  return reshape(slice(x.graph.op('Shape', [x]), [at], [1]), [])
}

const int32 = (graph: Graph, value: number | readonly number[]): Tensor => constant(graph, value, 'int32')
const indexTensor = (graph: Graph, value: Tensor | readonly number[]): Tensor =>
  'node' in value ? value : int32(graph, value)

/** One size may be −1: what is left. */
export function reshape(x: Tensor, shape: Tensor | readonly number[], options: NodeOptions = {}): Tensor {
  return x.graph.op('Reshape', [x, indexTensor(x.graph, shape)], {}, options)
}

export function expandDims(x: Tensor, axis: number, options: NodeOptions = {}): Tensor {
  return x.graph.op('ExpandDims', [x, int32(x.graph, axis)], {}, options)
}

export function squeeze(x: Tensor, axes: readonly number[], options: NodeOptions = {}): Tensor {
  return x.graph.op('Squeeze', [x], { squeeze_dims: axes }, options)
}

export function transpose(x: Tensor, order: readonly number[], options: NodeOptions = {}): Tensor {
  return x.graph.op('Transpose', [x, int32(x.graph, order)], {}, options)
}

export function broadcastTo(x: Tensor, shape: Tensor | readonly number[], options: NodeOptions = {}): Tensor {
  return x.graph.op('BroadcastTo', [x, indexTensor(x.graph, shape)], {}, options)
}

export function zerosLike(x: Tensor, options: NodeOptions = {}): Tensor {
  return x.graph.op('ZerosLike', [x], {}, options)
}

export function onesLike(x: Tensor, options: NodeOptions = {}): Tensor {
  return x.graph.op('OnesLike', [x], {}, options)
}

/**
 * A tensor of one value. A variable's first value must not come from a constant shape: it would keep a second reference
 * to the memory, and the first sparse update copy the whole table. Feed the shape there, or draw random numbers.
 */
export function fill(shape: Tensor, value: Tensor, options: NodeOptions = {}): Tensor {
  return shape.graph.op('Fill', [shape, value], {}, options)
}

/** start, start + delta, … below limit. */
export function range(start: Tensor, limit: Tensor, delta: Tensor, options: NodeOptions = {}): Tensor {
  return start.graph.op('Range', [start, limit, delta], {}, options)
}

/** Joins along an axis; a single part passes through. */
export function concat(parts: readonly Tensor[], axis: number, options: NodeOptions = {}): Tensor {
  const [first] = parts
  if (!first) throw new GraphError('internal', 'Nothing to concatenate.')
  if (parts.length === 1) return first
  return first.graph.op('ConcatV2', [parts, int32(first.graph, axis)], {}, options)
}

/** Stacks along a new axis. */
export function stack(parts: readonly Tensor[], axis = 0, options: NodeOptions = {}): Tensor {
  const [first] = parts
  if (!first) throw new GraphError('internal', 'Nothing to stack.')
  return first.graph.op('Pack', [parts], { axis }, options)
}

export function unstack(x: Tensor, axis = 0, options: NodeOptions = {}): readonly Tensor[] {
  const count = x.shape?.[axis < 0 ? x.rank + axis : axis]
  if (count === undefined || count < 0)
    throw new GraphError('internal', 'Only an axis of known size can be unstacked.')
  return x.graph.add('Unpack', [x], { num: count, axis }, options).outputs
}

/** Parts of the given sizes (numbers, or int32 scalars) along an axis; its gradient is a concatenation. */
export function split(
  x: Tensor,
  sizes: readonly number[] | readonly Tensor[],
  axis: number,
  options: NodeOptions = {},
): readonly Tensor[] {
  if (sizes.length === 1) return [x]
  const { graph } = x
  const numbers = sizes.filter((one) => typeof one === 'number')
  const tensors = sizes.filter((one) => typeof one !== 'number')
  const lengths = tensors.length > 0 ? stack(tensors) : int32(graph, numbers)
  return graph.add('SplitV', [x, lengths, int32(graph, axis)], { num_split: sizes.length }, options).outputs
}

/** Parts of a vector as long as these others, one after the other. */
export function splitLike(
  x: Tensor,
  others: readonly Tensor[],
  options: NodeOptions = {},
): readonly Tensor[] {
  if (others.length === 1) return [x]
  return split(
    x,
    others.map((other) => size(other)),
    0,
    options,
  )
}

/** A box of the input; a size of −1 takes what is left of the axis. */
export function slice(
  x: Tensor,
  begin: Tensor | readonly number[],
  sizes: Tensor | readonly number[],
  options: NodeOptions = {},
): Tensor {
  return x.graph.op('Slice', [x, indexTensor(x.graph, begin), indexTensor(x.graph, sizes)], {}, options)
}

/** Zeros around the input: [before, after] for each axis. */
export function pad(
  x: Tensor,
  paddings: readonly (readonly [number, number])[],
  options: NodeOptions = {},
): Tensor {
  const flat = constant(x.graph, paddings.flat(), 'int32', { shape: [paddings.length, 2] })
  return x.graph.op('Pad', [x, flat], {}, options)
}

export function tile(x: Tensor, multiples: Tensor | readonly number[], options: NodeOptions = {}): Tensor {
  return x.graph.op('Tile', [x, indexTensor(x.graph, multiples)], {}, options)
}

/** Entries of `params` along an axis. */
export function gather(params: Tensor, indices: Tensor, axis = 0, options: NodeOptions = {}): Tensor {
  return params.graph.op('GatherV2', [params, indices, int32(params.graph, axis)], {}, options)
}

/** Where a vector of truth values [n] is true: int32 positions [t], ascending. */
export function positionsOf(condition: Tensor, options: NodeOptions = {}): Tensor {
  return cast(reshape(condition.graph.op('Where', [condition], {}, options), [-1]), 'int32')
}

/** The distinct values [u] in the order of first appearance, and for each element which of them it is [n]. */
export function unique(x: Tensor, options: NodeOptions = {}): { values: Tensor; positions: Tensor } {
  const node = x.graph.add('Unique', [x], {}, options)
  return { values: node.output(0), positions: node.output(1) }
}

/** Rows of zeros with a one at the index; an index out of range gives zeros. */
export function oneHot(indices: Tensor, depth: number, dtype: DType, options: NodeOptions = {}): Tensor {
  const { graph } = indices
  const inputs = [indices, int32(graph, depth), constant(graph, 1, dtype), constant(graph, 0, dtype)]
  return graph.op('OneHot', inputs, {}, options)
}
