import type { AttrValue } from '../definition'
import { dtypeBytes, dtypeNumbers, type TensorValue } from '../dtypes'
import { GraphError } from '../errors'
import type { Graph, Node, Tensor } from '../graph'
import { ops } from '../ops'
import type { Shape } from '../shape'
import type {
  AttrMessage,
  GraphMessage,
  NodeMessage,
  ShapeMessage,
  TensorInfoMessage,
  TensorMessage,
} from './messages'

/** GraphDef versions that TensorFlow 2.21 writes and 2.4 and later read. */
export const graphVersions = { producer: 1882, min_consumer: 0 }

const encoder = new TextEncoder()

export function shapeMessage(shape: Shape): ShapeMessage {
  // Sizes with a name are ours alone: to TensorFlow they are unknown.
  return shape ? { dim: shape.map((size) => ({ size: Math.max(size, -1) })) } : { unknown_rank: true }
}

function tensorMessage(value: TensorValue): TensorMessage {
  const { dtype, shape, data } = value
  const message: TensorMessage = { dtype: dtypeNumbers[dtype], tensor_shape: shapeMessage(shape) }
  if (isStrings(data)) return { ...message, string_val: data.map((text) => encoder.encode(text)) }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (bytes.length !== dtypeBytes[dtype] * data.length)
    throw new GraphError('internal', `A ${dtype} constant cannot be held by a ${data.constructor.name}.`)
  return { ...message, tensor_content: bytes }
}

function isStrings(data: TensorValue['data']): data is readonly string[] {
  return Array.isArray(data)
}

function attrMessage(attr: AttrValue): AttrMessage {
  switch (attr.kind) {
    case 'type':
      return { type: dtypeNumbers[attr.value] }
    case 'int':
      return { i: attr.value }
    case 'float':
      return { f: attr.value }
    case 'bool':
      return { b: attr.value }
    case 'string':
      return { s: encoder.encode(attr.value) }
    case 'shape':
      return { shape: shapeMessage(attr.value) }
    case 'tensor':
      return { tensor: tensorMessage(attr.value) }
    case 'ints':
      return { list: { i: [...attr.value] } }
    case 'types':
      return { list: { type: attr.value.map((type) => dtypeNumbers[type]) } }
    case 'strings':
      return { list: { s: attr.value.map((text) => encoder.encode(text)) } }
  }
}

function inputName(tensor: Tensor): string {
  return tensor.index === 0 ? tensor.node.name : tensor.name
}

function nodeMessage(node: Node): NodeMessage {
  const attr: Record<string, AttrMessage> = {}
  for (const [name, value] of node.attrs) if (!isOwnDefault(node, name)) attr[name] = attrMessage(value)
  // Control inputs must come last.
  const input = [...node.inputs.map(inputName), ...node.control.map((before) => `^${before.name}`)]
  return { name: node.name, op: node.op, input, attr }
}

/** Attributes that newer TensorFlow versions added are left out at their default, so that older ones still read the file. */
const newAttributes = new Set(['grad_a', 'grad_b', 'grad_x', 'grad_y'])

function isOwnDefault(node: Node, name: string): boolean {
  return newAttributes.has(name) && ops[node.op].attrs?.[name]?.fallback === node.attrs.get(name)?.value
}

/** The graph as TensorFlow's GraphDef. */
export function graphMessage(graph: Graph): GraphMessage {
  return { node: graph.nodes.map(nodeMessage), versions: graphVersions }
}

export function tensorInfo(tensor: Tensor): TensorInfoMessage {
  return { name: tensor.name, dtype: dtypeNumbers[tensor.dtype], tensor_shape: shapeMessage(tensor.shape) }
}
