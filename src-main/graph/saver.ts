import { constant, identity, noOp, placeholderWithDefault } from './builders'
import type { Graph, Node, Tensor } from './graph'
import type { Variable } from './variables'

/** The nodes that write and read checkpoints, as a SavedModel's SaverDef names them. */
export interface Saver {
  /** Feed the prefix here: `<dir>/variables/variables` inside a SavedModel. */
  readonly prefix: Tensor
  /** Fetching it writes the checkpoint. */
  readonly saved: Tensor
  /** Runs once everything is restored. */
  readonly restored: Node
  /** A number to fetch, so that a session that cannot be given targets runs `restored`. */
  readonly restoredSignal: Tensor
  /** A number to fetch instead of `saved`: a fetched string's memory is not safe in tfjs-node. */
  readonly savedSignal: Tensor
}

/**
 * Nodes that save `variables` under their names and restore them. One writer and one file: with the prefix inside a
 * SavedModel's `variables/` no merging is needed.
 */
export function saver(graph: Graph, variables: readonly Variable[]): Saver {
  return graph.scope('save', () => {
    const model = placeholderWithDefault(constant(graph, 'model', 'string', { name: 'filename' }), [], {
      name: 'Const',
    })
    const names = constant(
      graph,
      variables.map((variable) => variable.name),
      'string',
    )
    const slices = constant(
      graph,
      variables.map(() => ''),
      'string',
    )
    const save = graph.add('SaveV2', [model, names, slices, variables.map((variable) => variable.read())])
    const saved = identity(model, { name: 'control_dependency', control: [save] })
    const restore = graph.add('RestoreV2', [model, names, slices], {
      dtypes: variables.map((variable) => variable.dtype),
    })
    const assigned = variables.map((variable, i) => variable.assign(identity(restore.output(i))))
    const restored = noOp(graph, { name: 'restore_all', control: assigned })
    const one = constant(graph, 1, 'int32')
    return {
      prefix: model,
      saved,
      restored,
      restoredSignal: identity(one, { name: 'restore_signal', control: [restored] }),
      savedSignal: identity(one, { name: 'save_signal', control: [save] }),
    }
  })
}
