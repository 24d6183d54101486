import { Graph, placeholder, type Tensor } from '../graph'
import type { LayerView, ModelSummary } from '../contract/views'
import { findArchitecture } from './architectures'
import { ModelBuilder, type Layer, type Lookup, type TrainingInputs, type Weight } from './builder'
import { inputBlock, type Features } from './inputs'
import { head, output } from './outputs'
import { rowLayout } from './rowLayout'
import { shardInput } from './shards'
import { taskOfModel, type ModelSpec } from './spec'

/** A model's graph: its forward pass, and what training and export need to know of it. */
export interface BuiltModel {
  readonly logits: Tensor // [batch]
  /** Of class 1; of a regression the number itself. */
  readonly probability: Tensor // [batch]
  readonly weights: readonly Weight[]
  readonly lookups: readonly Lookup[]
  readonly layers: readonly Layer[]
  readonly inputWidth: number
}

/**
 * Builds the forward pass.
 * @param features the batch's columns: ids int32 or int64 [batch], numbers float32 [batch], vectors, lists
 * @param training what a step is given beside the rows; without it there is no dropout in the graph
 * @param shards stretches of the batch that are computed side by side
 * @throws GraftError `invalid-setting`, ZodError for settings that do not fit the architecture
 */
export function buildModel(
  graph: Graph,
  spec: ModelSpec,
  features: Features,
  training: TrainingInputs | null = null,
  shards = 1,
): BuiltModel {
  const builder = new ModelBuilder(graph, spec, training)
  const block = inputBlock(builder, features)
  const architecture = findArchitecture(spec.architecture)
  const heads = shardInput(block, shards).map((shard, i) => {
    const own = i === 0 ? builder : builder.again()
    return head(own, architecture.build(own, shard, spec.settings))
  })
  const { logits, probability } = output(heads, block.vector.shape?.[0] ?? -1, taskOfModel(spec))
  const { weights, lookups, layers } = builder
  return { logits, probability, weights, lookups, layers, inputWidth: block.width }
}

/** Placeholders for every column as training packs its rows, for building a model only to look at it. */
export function featurePlaceholders(
  graph: Graph,
  spec: ModelSpec,
  nameOf: (column: string) => string,
): Map<string, Tensor> {
  const batch = graph.dimension('batch')
  const fields = rowLayout(spec).fields.filter(({ column }) => column !== null)
  return new Map(
    fields.map(({ name, type, holds, length }) => [
      name,
      placeholder(graph, nameOf(name), type, holds === 'one' ? [batch] : [batch, length]),
    ]),
  )
}

export function countParameters(weights: readonly Weight[]): number {
  return weights.reduce((sum, { variable }) => sum + variable.shape.reduce((a, b) => a * b, 1), 0)
}

/**
 * The layers and parameter counts of a model, drawn from its graph; no TensorFlow is needed.
 * @param slots numbers that the optimizer keeps for each trainable parameter
 */
export function summarize(spec: ModelSpec, slots = 0): ModelSummary {
  const graph = new Graph()
  let next = 0
  const model = buildModel(
    graph,
    spec,
    featurePlaceholders(graph, spec, () => `column${next++}`),
  )
  const parameters = countParameters(model.weights)
  const trainable = countParameters(model.weights.filter((weight) => weight.trainable))
  return {
    name: spec.architecture,
    inputWidth: model.inputWidth,
    parameters,
    trainableParameters: trainable,
    bytes: 4 * (parameters + slots * trainable),
    layers: model.layers.map(layerView),
  }
}

function layerView(layer: Layer): LayerView {
  return {
    id: layer.id,
    kind: layer.kind,
    title: layer.title,
    inputs: [...layer.inputs],
    shape: (layer.output.shape ?? []).map((size) => (size < 0 ? null : size)),
    parameters: countParameters(layer.weights),
    trainableParameters: countParameters(layer.weights.filter((weight) => weight.trainable)),
    detail: layer.detail,
  }
}
