import { nodeName, variable, type Graph, type Tensor, type Variable } from '../graph'
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

/** Collects the weights and layers of a model while its graph is built. */
export class ModelBuilder {
  readonly weights: Weight[] = []
  readonly layers: Layer[] = []
  readonly lookups: Lookup[] = []

  constructor(
    readonly graph: Graph,
    readonly spec: ModelSpec,
  ) {}

  /** A dense weight that training moves. `name` is its name in checkpoints. */
  weight(name: string, shape: readonly number[], initial: Initial): Weight {
    return this.keep(name, shape, initial, true, null)
  }

  table(table: TableSpec): Weight {
    const initial: Initial = table.pretrained ? { kind: 'file' } : { kind: 'uniform', limit: 0.05 }
    return this.keep(`emb/${nodeName(table.name)}`, [table.rows, table.width], initial, !table.frozen, table)
  }

  layer(layer: Layer): Layer {
    this.layers.push(layer)
    return layer
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
