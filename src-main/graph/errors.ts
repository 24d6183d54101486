/** The codes of the application's closed list that a graph can fail with. */
export type GraphErrorCode =
  'internal' | 'shape-mismatch' | 'invalid-setting' | 'invalid-file' | 'already-exists'

/**
 * A graph that TensorFlow would refuse, or worse, accept and compute something else with. `graph/` imports no sibling,
 * so the error carries the fields of the application's error without its class.
 */
export class GraphError extends Error {
  override readonly name = 'GraphError'
  readonly code: GraphErrorCode
  readonly hint: string

  constructor(code: GraphErrorCode, message: string, hint = '') {
    super(message)
    this.code = code
    this.hint = hint
  }
}
