import { placeholder, runnable, type Graph, type Tensor } from '../graph'

/**
 * Rows kept inside of the session, so that a step is fed their numbers and not the rows themselves: a gather by
 * TensorFlow's threads in the place of one in JavaScript. How many there are is open: a load makes room for as many as it is
 * fed, and others are then put in their places.
 */
export interface RowMemory {
  /** Feeds: int32 [rows, width] to be kept, and int32 [batch], the numbers of the rows that a step takes. */
  readonly rows: Tensor
  readonly order: Tensor
  /** Feed: int32 [n], the numbers under which n rows are kept. */
  readonly places: Tensor
  /** Fetch it to keep what is fed as `rows`, and nothing else. */
  readonly load: Tensor
  /** Fetch it to keep what is fed as `rows` under the numbers that are fed as `places`. */
  readonly put: Tensor
  /** The rows of a step, int32 [batch, width]. */
  readonly batch: Tensor
}

/** @param batch the size of a step, which may be a named one */
export function rowMemory(graph: Graph, width: number, batch: number): RowMemory {
  const shape = [-1, width]
  const rows = placeholder(graph, 'feed/memory', 'int32', shape)
  const places = placeholder(graph, 'feed/places', 'int32', [-1])
  const order = placeholder(graph, 'feed/order', 'int32', [batch])
  // Not a `Variable`: those have fixed shapes. Without a gradient or a place in checkpoints, it needs nothing else of them.
  const handle = graph.op('VarHandleOp', [], { dtype: 'int32', shape, shared_name: 'rows' }, { name: 'rows' })
  // The fed memory is JavaScript's and may go; the variable needs its own.
  const assign = graph.add('AssignVariableOp', [handle, graph.op('DeepCopy', [rows])])
  const load = runnable(graph, 'run/load', [assign])
  const put = runnable(graph, 'run/put', [graph.add('ResourceScatterUpdate', [handle, places, rows])])
  return {
    rows,
    order,
    places,
    load,
    put,
    batch: graph.op('ResourceGather', [handle, order], { dtype: 'int32' }),
  }
}
