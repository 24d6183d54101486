import { Graph, nodeName, saver, type SavedModelContent } from '../graph'
import { buildModel, featurePlaceholders, type ModelSpec } from '../model'

/** The name of the signatures' one output: the probability of class 1. */
export const outputName = 'prediction'

/** The nodes by which a session fills the model with trained weights and writes them where loaders look for them. */
export interface ServingModel {
  readonly content: SavedModelContent
  /** Placeholders by column: ids int64 [batch], numbers float32 [batch]. */
  readonly feeds: ReadonlyMap<string, string>
  /** The probability [batch]. */
  readonly prediction: string
  readonly checkpoint: { readonly prefix: string; readonly save: string; readonly restore: string }
}

/**
 * The forward pass alone, as Python and TensorFlow Serving load it: signatures `predict` and `serving_default`, each
 * input under its column's name. Ids are int64, the type that Python's integers become.
 */
export function servingModel(spec: ModelSpec): ServingModel {
  const graph = new Graph()
  const features = featurePlaceholders(graph, spec, (column) => `feature/${nodeName(column)}`, 'int64')
  const model = buildModel(graph, spec, features)
  const variables = model.weights.map((weight) => weight.variable)
  const checkpoint = saver(graph, variables)
  const signature = { inputs: Object.fromEntries(features), outputs: { [outputName]: model.probability } }
  return {
    content: {
      graph,
      signatures: { predict: signature, serving_default: signature },
      saver: checkpoint,
      variables,
    },
    feeds: new Map([...features].map(([column, tensor]) => [column, tensor.name])),
    prediction: model.probability.name,
    checkpoint: {
      prefix: checkpoint.prefix.name,
      save: checkpoint.savedSignal.name,
      restore: checkpoint.restoredSignal.name,
    },
  }
}
