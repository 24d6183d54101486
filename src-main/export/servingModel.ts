import { Graph, nodeName, placeholder, saver, type SavedModelContent, type Tensor } from '../graph'
import { buildModel, offsetsName, valuesName, type ModelSpec } from '../model'

/** The name of the signatures' one output: the probability of class 1. */
export const outputName = 'prediction'

/** The nodes by which a session fills the model with trained weights and writes them where loaders look for them. */
export interface ServingModel {
  readonly content: SavedModelContent
  /** Placeholders by input: ids int64 [batch], numbers float32 [batch], vectors float32 [batch, width], two of a list. */
  readonly feeds: ReadonlyMap<string, string>
  /** The probability [batch]. */
  readonly prediction: string
  readonly checkpoint: { readonly prefix: string; readonly save: string; readonly restore: string }
}

/**
 * What the signatures take. A list comes as Merlin gives it: `<column>__values`, the items of all rows end to end, and
 * `<column>__offsets` [batch + 1], where each row begins and the last one ends.
 */
function servingInputs(graph: Graph, spec: ModelSpec): Map<string, Tensor> {
  const batch = graph.dimension('batch')
  const inputs = new Map<string, Tensor>()
  const add = (name: string, dtype: 'int64' | 'float32', shape: readonly number[]): void => {
    if (!inputs.has(name)) inputs.set(name, placeholder(graph, `feature/${nodeName(name)}`, dtype, shape))
  }
  const addList = (column: string, dtype: 'int64' | 'float32'): void => {
    add(valuesName(column), dtype, [-1])
    add(offsetsName(column), 'int64', [-1])
  }
  for (const input of spec.inputs) {
    const { column } = input
    if (input.kind === 'continuous') add(column, 'float32', [batch])
    else if (input.kind === 'vector') add(column, 'float32', [batch, input.width])
    else if (!input.list) add(column, 'int64', [batch])
    else {
      addList(column, 'int64')
      // Several lists may be weighed by one column.
      if (input.list.weights !== null) addList(input.list.weights, 'float32')
    }
  }
  return inputs
}

/**
 * The forward pass alone, as Python and TensorFlow Serving load it: signatures `predict` and `serving_default`, each
 * input under its column's name. Ids are int64, the type that Python's integers become.
 */
export function servingModel(spec: ModelSpec): ServingModel {
  const graph = new Graph()
  const features = servingInputs(graph, spec)
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
    feeds: new Map([...features].map(([name, tensor]) => [name, tensor.name])),
    prediction: model.probability.name,
    checkpoint: {
      prefix: checkpoint.prefix.name,
      save: checkpoint.savedSignal.name,
      restore: checkpoint.restoredSignal.name,
    },
  }
}
