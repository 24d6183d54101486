import { GraftError } from '../contract/errors'
import { decodeSavedModel, dtypeOf, type Graph, type Shape } from '../graph'
import type { FeedSpec } from './session'

const feedable = ['Placeholder', 'PlaceholderWithDefault']

/** The placeholders of a graph, sizes with names included. */
export function feedSpecs(graph: Graph): Map<string, FeedSpec> {
  return new Map(
    graph.nodes
      .filter((node) => feedable.includes(node.op))
      .map((node) => [`${node.name}:0`, { dtype: node.output(0).dtype, shape: node.output(0).shape }]),
  )
}

type Plain = Record<string, unknown>

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function plain(value: unknown): Plain {
  return isPlain(value) ? value : {}
}

function list(value: unknown): Plain[] {
  return Array.isArray(value) ? value.filter(isPlain) : []
}

/** The placeholders and all node names of a saved_model.pb. */
export function feedSpecsOfFile(
  bytes: Uint8Array,
  folder: string,
): { specs: Map<string, FeedSpec>; nodes: Set<string> } {
  let file: Plain
  try {
    file = decodeSavedModel(bytes)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new GraftError('invalid-file', `${folder}/saved_model.pb cannot be read: ${reason}`)
  }
  const specs = new Map<string, FeedSpec>()
  const nodes = new Set<string>()
  for (const meta of list(file.meta_graphs))
    for (const node of list(plain(meta.graph_def).node)) {
      const name = String(node.name)
      nodes.add(name)
      if (!feedable.includes(String(node.op))) continue
      const attrs = plain(node.attr)
      const dtype = dtypeOf(Number(plain(attrs.dtype).type))
      specs.set(`${name}:0`, { dtype, shape: shapeOf(plain(plain(attrs.shape).shape)) })
    }
  return { specs, nodes }
}

/** A TensorShapeProto; a size of 0 and a rank of 0 are not written out. */
function shapeOf(message: Plain): Shape {
  if (message.unknown_rank === true) return null
  return list(message.dim).map((dim) => (typeof dim.size === 'number' ? dim.size : 0))
}
