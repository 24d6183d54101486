import { constant, Graph, nodeName, placeholder } from '../graph'
import type { TableSpec } from '../model'
import { GraphSession } from '../tensorflow/session'
import type { TensorFlow } from '../tensorflow/binding'

/** Bytes of a slice: as much as one block of an embedding file. */
const sliceBytes = 1 << 20

/**
 * Streams a table's rows out of a TensorFlow checkpoint, top to bottom. RestoreV2 reads a slice of a tensor, so a table
 * of gigabytes is never held whole.
 * @param weights prefix of the checkpoint
 * @returns blocks [count, width]
 */
export async function* checkpointRows(
  tensorflow: TensorFlow,
  weights: string,
  table: TableSpec,
): AsyncGenerator<Float32Array> {
  const { rows, width } = table
  const graph = new Graph()
  const prefix = placeholder(graph, 'prefix', 'string', [])
  const slice = placeholder(graph, 'slice', 'string', [1])
  const name = constant(graph, [`emb/${nodeName(table.name)}`], 'string')
  const restored = graph.add('RestoreV2', [prefix, name, slice], { dtypes: ['float32'] }).output(0)
  const session = await GraphSession.open(tensorflow, graph)
  try {
    const call = session.prepare([prefix.name, slice.name], [restored.name])
    const blockRows = Math.max(1, Math.floor(sliceBytes / (4 * width)))
    for (let first = 0; first < rows; first += blockRows) {
      const count = Math.min(blockRows, rows - first)
      // The full shape, then start,length for each axis; `-` is all of it.
      const [block] = call.run([[weights], [`${rows} ${width} ${first},${count}:-`]])
      if (!(block?.data instanceof Float32Array)) throw new Error('the checkpoint gave no float32 rows')
      yield block.data
    }
  } finally {
    session.dispose()
  }
}
