import { GraftError } from '../contract/errors'
import { type AttrValue, dtypeNumbers, type Node, type Tensor } from '../graph'
import type { NativeAttr, NativeTensor, TensorFlow } from './binding'
import { createTensor, type HostTensor, misfit, readTensor } from './tensors'

/**
 * The second executor: runs a graph's operations one at a time, from the fetched tensors back, with the very names and
 * attributes that the GraphDef gets. Tests hold the session's results against it; it is far too slow for anything else.
 *
 * State lives as long as the executor: variables made by one run are there in the next. Attributes that are lists of types
 * are not supported by the binding, so checkpoints (SaveV2, RestoreV2) are out of its reach.
 */
export class OpExecutor {
  private readonly handles = new Map<string, NativeTensor>()

  constructor(private readonly tensorflow: TensorFlow) {}

  /** Runs what `fetches` depend on, control inputs first, and gives their values. */
  run(fetches: readonly Tensor[], feeds: ReadonlyMap<Tensor, HostTensor> = new Map()): HostTensor[] {
    const { binding } = this.tensorflow
    const done = new Map<Node, readonly NativeTensor[]>()
    try {
      for (const fetch of fetches) this.node(fetch.node, feeds, done)
      return fetches.map((fetch) => readTensor(binding, output(done, fetch)))
    } finally {
      for (const [node, tensors] of done)
        if (!isHandle(node)) for (const tensor of tensors) binding.deleteTensor(tensor.id)
    }
  }

  /** Deletes the variables' handles, and with them the variables. */
  dispose(): void {
    for (const handle of this.handles.values()) this.tensorflow.binding.deleteTensor(handle.id)
    this.handles.clear()
  }

  private node(
    start: Node,
    feeds: ReadonlyMap<Tensor, HostTensor>,
    done: Map<Node, readonly NativeTensor[]>,
  ): void {
    // A stack of its own: graphs are deeper than the call stack should be.
    const open = [start]
    for (let node = open[open.length - 1]; node; node = open[open.length - 1]) {
      const before = [...node.control, ...node.inputs.map((input) => input.node)].filter(
        (one) => !done.has(one),
      )
      if (done.has(node)) open.pop()
      else if (before.length > 0 && !feeds.has(node.outputs[0] ?? node.input(0))) open.push(...before)
      else {
        done.set(node, this.execute(node, feeds, done))
        open.pop()
      }
    }
  }

  private execute(
    node: Node,
    feeds: ReadonlyMap<Tensor, HostTensor>,
    done: ReadonlyMap<Node, readonly NativeTensor[]>,
  ): readonly NativeTensor[] {
    const { binding } = this.tensorflow
    const [first] = node.outputs
    const fed = first && feeds.get(first)
    if (fed) return [this.create(fed)]
    if (node.op === 'NoOp') return []
    if (node.op === 'Placeholder') throw new GraftError('internal', `Nothing was fed as "${node.name}".`)
    const value = node.attrs.get('value')
    if (node.op === 'Const' && value?.kind === 'tensor') return [this.constant(value)]
    const kept = this.handles.get(node.name)
    if (kept) return [kept]
    // A default is all that is left of it where nothing was fed.
    const op = node.op === 'PlaceholderWithDefault' ? 'Identity' : node.op
    const attrs =
      op === 'Identity'
        ? [this.typeAttr('T', first)]
        : [...node.attrs].flatMap(([name, attr]) => this.attr(name, attr))
    const inputs = node.inputs.map((input) => output(done, input).id)
    const outputs = binding.executeOp(op, attrs, inputs, node.outputs.length)
    const [handle] = outputs
    if (isHandle(node) && handle) this.handles.set(node.name, handle)
    return outputs
  }

  private create(value: HostTensor): NativeTensor {
    const wrong = misfit(value.dtype, value.shape, value.data)
    if (wrong) throw new GraftError('internal', `A value ${wrong}.`)
    const id = createTensor(this.tensorflow.binding, value.dtype, value.shape, value.data)
    return { id, shape: [...value.shape], dtype: dtypeNumbers[value.dtype] }
  }

  /** The binding cannot make float64, so such a constant comes as pairs of int32 that are cast bit by bit. */
  private constant({ value }: Extract<AttrValue, { kind: 'tensor' }>): NativeTensor {
    const { dtype, shape, data } = value
    if (data instanceof Float64Array) {
      const bits = new Int32Array(
        Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).buffer,
      )
      const pairs = this.create({ dtype: 'int32', shape: [...shape, 2], data: bits })
      return this.bitcast(pairs, dtype)
    }
    if (data instanceof Int16Array || data instanceof Int8Array)
      throw new GraftError('internal', `A ${dtype} constant cannot be run by itself.`)
    return this.create({ dtype, shape, data })
  }

  private bitcast(pairs: NativeTensor, dtype: HostTensor['dtype']): NativeTensor {
    const { binding } = this.tensorflow
    const attrs = [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: dtypeNumbers.int32 },
      { name: 'type', type: binding.TF_ATTR_TYPE, value: dtypeNumbers[dtype] },
    ]
    const [result] = binding.executeOp('Bitcast', attrs, [pairs.id], 1)
    binding.deleteTensor(pairs.id)
    if (!result) throw new GraftError('internal', 'Bitcast gave nothing.')
    return result
  }

  private typeAttr(name: string, tensor: Tensor | undefined): NativeAttr {
    if (!tensor) throw new GraftError('internal', 'An op without an output has no type.')
    return { name, type: this.tensorflow.binding.TF_ATTR_TYPE, value: dtypeNumbers[tensor.dtype] }
  }

  private attr(name: string, attr: AttrValue): readonly NativeAttr[] {
    const { binding } = this.tensorflow
    switch (attr.kind) {
      case 'type':
        return [{ name, type: binding.TF_ATTR_TYPE, value: dtypeNumbers[attr.value] }]
      case 'int':
        return [{ name, type: binding.TF_ATTR_INT, value: attr.value }]
      case 'float':
        return [{ name, type: binding.TF_ATTR_FLOAT, value: attr.value }]
      case 'bool':
        return [{ name, type: binding.TF_ATTR_BOOL, value: attr.value }]
      case 'string':
        return [{ name, type: binding.TF_ATTR_STRING, value: attr.value }]
      case 'ints':
        return [{ name, type: binding.TF_ATTR_INT, value: [...attr.value] }]
      case 'shape':
        // An unknown rank is the default of every op that has one; unknown sizes have no names in TensorFlow.
        if (!attr.value) return []
        return [{ name, type: binding.TF_ATTR_SHAPE, value: attr.value.map((size) => Math.max(size, -1)) }]
      default:
        throw new GraftError(
          'internal',
          `Attribute "${name}" (${attr.kind}) cannot be given to a single operation.`,
        )
    }
  }
}

function isHandle(node: Node): boolean {
  return node.op === 'VarHandleOp' || node.op === 'HashTableV2'
}

function output(done: ReadonlyMap<Node, readonly NativeTensor[]>, tensor: Tensor): NativeTensor {
  const found = done.get(tensor.node)?.[tensor.index]
  if (!found) throw new GraftError('internal', `"${tensor.name}" was not run.`)
  return found
}
