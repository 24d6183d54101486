import { placeholder, runnable, type Graph, type Tensor } from '../graph'

/**
 * Rows kept inside of the session, so that a step is fed their numbers and not the rows themselves: a gather by
 * TensorFlow's threads in the place of one in JavaScript. How many there are is open; each load replaces all.
 */
export interface RowMemory {
  /** Feeds: int32 [rows, width] to be kept, and int32 [batch], the numbers of the rows that a step takes. */
  readonly rows: Tensor
  readonly order: Tensor
  /** Fetch it to keep what is fed as `rows`. */
  readonly load: Tensor
  /** The rows of a step, int32 [batch, width]. */
  readonly batch: Tensor
}

/** @param batch the size of a step, which may be a named one */
export function rowMemory(graph: Graph, width: number, batch: number): RowMemory {
  const shape = [-1, width]
  const rows = placeholder(graph, 'feed/memory', 'int32', shape)
  const order = placeholder(graph, 'feed/order', 'int32', [batch])
  // Not a `Variable`: those have fixed shapes. Without a gradient or a place in checkpoints, it needs nothing else of them.
  const handle = graph.op('VarHandleOp', [], { dtype: 'int32', shape, shared_name: 'rows' }, { name: 'rows' })
  // The fed memory is JavaScript's and may go; the variable needs its own.
  const assign = graph.add('AssignVariableOp', [handle, graph.op('DeepCopy', [rows])])
  const load = runnable(graph, 'run/load', [assign])
  return { rows, order, load, batch: graph.op('ResourceGather', [handle, order], { dtype: 'int32' }) }
}
