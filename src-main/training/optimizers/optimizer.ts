import type { z } from 'zod'
import type { Graph, Node, Tensor, Variable } from '../../graph'

/** What an optimizer may use while it writes its updates into the step's graph. */
export interface UpdateContext {
  readonly graph: Graph
  /** A scalar that is fed at every step, so that it can change in mid-run. */
  readonly learningRate: Tensor
  /** A variable of the weight's shape, kept from step to step and filled with `initial` at the start. */
  slot(weight: Variable, name: string, initial: number): Variable
  /** A scalar variable of the optimizer's own. */
  scalar(name: string, initial: number): Variable
}

/**
 * Rows of a table that a step moves.
 *
 * Slots are gathered, changed as one matrix, and written back as whole rows. TensorFlow's kernels that update rows in place
 * (`ResourceSparseApply…`, `ResourceScatterSub`) walk them one by one, each row waiting for its own memory. In a model that is
 * little but one table of 64 wide, a whole step with Adagrad's took 1.4 times as long at a hundred thousand rows, and 1.55 times at
 * ten million.
 */
export interface MovedRows {
  /** Distinct row indices, [u]. */
  readonly ids: Tensor
  /** The rows before the step, [u, width]. */
  readonly before: Tensor
  /** Summed by id: [u, width]. */
  readonly gradient: Tensor
  /** The table's own learning rate, a scalar. */
  readonly rate: Tensor
}

/** How one optimizer updates weights. Every method adds nodes to the graph and returns the one that ends the update. */
export interface Updates {
  /** @param gradient of the weight's shape */
  dense(weight: Variable, gradient: Tensor): Node
  /** Rows that were not looked up do not move, and their slots neither ("lazy"). */
  sparse(table: Variable, rows: MovedRows): Node
  /**
   * What ends a step, after the updates of the dense weights. Those of tables may come before or after it, for each table's
   * is run only while it is unlocked: what they read of the optimizer's scalars must be read before this changes it.
   */
  finish(updates: readonly Node[]): readonly Node[]
}

/** An optimizer. A new one is a file with such a constant, and one line in `optimizers/index.ts`. */
export interface Optimizer<Settings extends z.ZodType<LearningRate> = z.ZodType<LearningRate>> {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly settings: Settings
  /** Numbers kept for each trainable parameter. */
  slots(settings: unknown): number
  updates(context: UpdateContext, settings: unknown): Updates
}

export interface LearningRate {
  learningRate: number
}

/** Types an optimizer by its own settings, which are checked before it sees them. */
export function optimizer<Settings extends z.ZodType<LearningRate>>(facts: {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly settings: Settings
  readonly slots: (settings: z.output<Settings>) => number
  readonly updates: (context: UpdateContext, settings: z.output<Settings>) => Updates
}): Optimizer<Settings> {
  return {
    ...facts,
    slots: (settings) => facts.slots(facts.settings.parse(settings)),
    updates: (context, settings) => facts.updates(context, facts.settings.parse(settings)),
  }
}
