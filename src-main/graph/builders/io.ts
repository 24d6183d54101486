import type { DType } from '../dtypes'
import type { Graph, Node, NodeOptions, Tensor } from '../graph'

/** The bytes of a file, a string scalar. */
export function readFile(filename: Tensor, options: NodeOptions = {}): Tensor {
  return filename.graph.op('ReadFile', [filename], {}, options)
}

/** Bytes (string scalar) as little-endian numbers [n]. */
export function decodeRaw(bytes: Tensor, dtype: DType, options: NodeOptions = {}): Tensor {
  return bytes.graph.op('DecodeRaw', [bytes], { out_type: dtype }, options)
}

/** A lookup table with a name of its own; it must be initialised once before it is used. */
export function hashTable(graph: Graph, name: string, keys: DType, values: DType): Tensor {
  const shared = graph.freeName(name)
  return graph.op('HashTableV2', [], { key_dtype: keys, value_dtype: values, shared_name: shared }, { name })
}

/** Fills a table from a text file, one key a line, whose value is the line's number from 0. string → int64. */
export function initializeFromLines(table: Tensor, filename: Tensor, options: NodeOptions = {}): Node {
  const wholeLine = -2
  const lineNumber = -1
  return table.graph.add(
    'InitializeTableFromTextFileV2',
    [table, filename],
    { key_index: wholeLine, value_index: lineNumber },
    options,
  )
}

/** Fills a table from two vectors of one length. */
export function initializeFromTensors(
  table: Tensor,
  keys: Tensor,
  values: Tensor,
  options: NodeOptions = {},
): Node {
  return table.graph.add('LookupTableImportV2', [table, keys, values], {}, options)
}

/** The value of each key, or the default where there is none. */
export function lookup(table: Tensor, keys: Tensor, fallback: Tensor, options: NodeOptions = {}): Tensor {
  return table.graph.op('LookupTableFindV2', [table, keys, fallback], {}, options)
}
