import { nodeName, variable, type Graph, type Tensor, type Variable } from '../graph'
import { GraftError } from '../contract/errors'
import type { LayerView } from '../contract/views'
import type { ModelSpec, TableSpec } from './spec'

/** How a weight gets its first value. */
export type Initial =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'uniform'; readonly limit: number }
  | { readonly kind: 'truncatedNormal'; readonly deviation: number }
  /** Read from a file of the project, row by row, outside of the graph. */
  | { readonly kind: 'file' }

/** Glorot and Bengio (2010): U(−l, l), l = √(6 / (inputs + outputs)). */
export function glorotUniform(inputs: number, outputs: number): Initial {
  return { kind: 'uniform', limit: Math.sqrt(6 / (inputs + outputs)) }
}

export interface Weight {
  /** As `--initial-weights` and checkpoints name it: `emb/movieId`, `cross0/kernel`. */
  readonly name: string
  readonly variable: Variable
  readonly initial: Initial
  /** Whether training moves it from its first step on. A table can be locked and unlocked while it trains. */
  readonly trainable: boolean
  /** The table that it is, or null for a dense weight. */
  readonly table: TableSpec | null
}

/** A table's rows that a batch looks up. */
export interface Lookup {
  readonly weight: Weight
  readonly table: TableSpec
  /** Distinct ids of the batch: [u]. */
  readonly ids: Tensor
  /** Which of them each id of the batch is, all columns of the table one after the other: [n]. */
  readonly positions: Tensor
  /** Their rows: [u, width]. The gradient that the sparse update needs is the one of this tensor. */
  readonly rows: Tensor
}

export interface Layer {
  readonly id: string
  readonly kind: LayerView['kind']
  readonly title: string
  /** Ids of the layers that feed it. */
  readonly inputs: readonly string[]
  readonly output: Tensor
  readonly weights: readonly Weight[]
  readonly detail: string
}

/** What a forward pass that trains is given at every step, beside the rows. */
export interface TrainingInputs {
  /** float32 []: 1 where dropout is on, 0 where it is off. */
  readonly dropout: Tensor
  /** int32 []: the run's seed, and the number of the step. Random numbers of a step depend on nothing else. */
  readonly seed: Tensor
  readonly step: Tensor
}

/** Collects the weights and layers of a model while its graph is built. */
export class ModelBuilder {
  readonly weights: Weight[] = []
  readonly layers: Layer[] = []
  readonly lookups: Lookup[] = []
  private draws = 0

  /** @param training null for a model that only predicts */
  constructor(
    readonly graph: Graph,
    readonly spec: ModelSpec,
    readonly training: TrainingInputs | null = null,
  ) {}

  /** A dense weight that training moves. `name` is its name in checkpoints. */
  weight(name: string, shape: readonly number[], initial: Initial): Weight {
    return this.keep(name, shape, initial, true, null)
  }

  table(table: TableSpec, start: Initial = { kind: 'uniform', limit: 0.05 }): Weight {
    const initial: Initial = table.pretrained ? { kind: 'file' } : start
    return this.keep(`emb/${nodeName(table.name)}`, [table.rows, table.width], initial, !table.frozen, table)
  }

  /** A number for each place of the model that draws random numbers in a step, so that no two draw the same. */
  nextDraw(): number {
    return this.draws++
  }

  layer(layer: Layer): Layer {
    this.layers.push(layer)
    return layer
  }

  /** A builder of the same layers for other rows: it gives the weights that were made, and draws no layer once more. */
  again(): ModelBuilder {
    return new Repetition(this)
  }

  private keep(
    name: string,
    shape: readonly number[],
    initial: Initial,
    trainable: boolean,
    table: TableSpec | null,
  ): Weight {
    const weight: Weight = {
      name,
      variable: variable(this.graph, name, 'float32', shape, { trainable }),
      initial,
      trainable,
      table,
    }
    this.weights.push(weight)
    return weight
  }
}

class Repetition extends ModelBuilder {
  constructor(private readonly first: ModelBuilder) {
    super(first.graph, first.spec, first.training)
  }

  override weight(name: string): Weight {
    const found = this.first.weights.find((weight) => weight.name === name)
    if (!found) throw new GraftError('internal', `A layer was built again with another weight, ${name}.`)
    return found
  }

  override nextDraw(): number {
    return this.first.nextDraw()
  }
}
