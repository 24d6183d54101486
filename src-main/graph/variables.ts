import type { DType } from './dtypes'
import { GraphError } from './errors'
import type { Graph, Node, NodeOptions, Tensor } from './graph'
import { isKnown, mergeShape, type Shape, showShape } from './shape'

/** A value that stays in the session between runs. Its shape is fixed, and checked here: TensorFlow's kernels do not. */
export class Variable {
  constructor(
    readonly name: string,
    /** The resource: what kernels and gradients call it by. */
    readonly handle: Tensor,
    private readonly value: Tensor,
    readonly dtype: DType,
    readonly shape: readonly number[],
    readonly trainable: boolean,
  ) {}

  get graph(): Graph {
    return this.handle.graph
  }

  /** Its whole value; one node however often it is asked for. For rows of a large table use `gather`. */
  read(): Tensor {
    return this.value
  }

  /** Its value after other nodes have run: always a node of its own. */
  readAfter(control: readonly (Node | Tensor)[]): Tensor {
    return this.graph.op('ReadVariableOp', [this.handle], { dtype: this.dtype }, { control })
  }

  /** Rows of a table by index, without touching the others; the gradient stays sparse. */
  gather(indices: Tensor, options: NodeOptions = {}): Tensor {
    return this.graph.op('ResourceGather', [this.handle, indices], { dtype: this.dtype }, options)
  }

  /**
   * Replaces its value.
   * A fed value is copied first: fed tensors may share their memory with a JavaScript array, which the variable would then
   * hold on to, and which must not be freed by a TensorFlow thread.
   */
  assign(value: Tensor, options: NodeOptions = {}): Node {
    this.check(value.shape, 'a value')
    const own = isFed(value) ? this.graph.op('DeepCopy', [value]) : value
    return this.graph.add('AssignVariableOp', [this.handle, own], {}, options)
  }

  assignAdd(value: Tensor, options: NodeOptions = {}): Node {
    this.check(value.shape, 'an addend')
    return this.graph.add('AssignAddVariableOp', [this.handle, value], {}, options)
  }

  assignSub(value: Tensor, options: NodeOptions = {}): Node {
    this.check(value.shape, 'a subtrahend')
    return this.graph.add('AssignSubVariableOp', [this.handle, value], {}, options)
  }

  /** Adds rows [n, …] at indices [n]; a repeated index adds more than once. */
  scatterAdd(indices: Tensor, rows: Tensor, options: NodeOptions = {}): Node {
    return this.scatter('ResourceScatterAdd', indices, rows, options)
  }

  /** Subtracts rows [n, …] at indices [n]; a repeated index subtracts more than once. */
  scatterSub(indices: Tensor, rows: Tensor, options: NodeOptions = {}): Node {
    return this.scatter('ResourceScatterSub', indices, rows, options)
  }

  /** Replaces rows [n, …] at indices [n]; what a repeated index gets is open. */
  scatterUpdate(indices: Tensor, rows: Tensor, options: NodeOptions = {}): Node {
    return this.scatter('ResourceScatterUpdate', indices, rows, options)
  }

  private scatter(
    op: 'ResourceScatterAdd' | 'ResourceScatterSub' | 'ResourceScatterUpdate',
    indices: Tensor,
    rows: Tensor,
    options: NodeOptions,
  ): Node {
    if (indices.shape) this.check(rows.shape, 'rows', [...indices.shape, ...this.shape.slice(1)])
    return this.graph.add(op, [this.handle, indices, rows], {}, options)
  }

  private check(given: Shape, what: string, wanted: readonly number[] = this.shape): void {
    try {
      mergeShape(given, wanted, this.name)
    } catch {
      throw new GraphError(
        'shape-mismatch',
        `"${this.name}" has the shape ${showShape(this.shape)} and cannot take ${what} of ${showShape(given)}.`,
        `It must be ${showShape(wanted)}.`,
      )
    }
  }
}

/**
 * A variable of a fixed shape. It has no value before it is assigned one: give it an `init` of your own.
 * @param name unique in the graph; also the key in checkpoints. Empty shared names would collide, so it is that too.
 */
export function variable(
  graph: Graph,
  name: string,
  dtype: DType,
  shape: readonly number[],
  { trainable = true }: { trainable?: boolean } = {},
): Variable {
  if (!isKnown(shape))
    throw new GraphError('internal', `Variable "${name}" needs a shape whose sizes are all known.`)
  return graph.uncontrolled(() => {
    const handle = graph.op('VarHandleOp', [], { dtype, shape, shared_name: graph.freeName(name) }, { name })
    const value = graph.op('ReadVariableOp', [handle], { dtype }, { name: `${name}/Read/ReadVariableOp` })
    return new Variable(handle.node.name, handle, value, dtype, shape, trainable)
  })
}

/** Whether a tensor's memory may be that of a feed: only a kernel that computes something allocates anew. */
function isFed(tensor: Tensor): boolean {
  switch (tensor.node.op) {
    case 'Placeholder':
    case 'PlaceholderWithDefault':
      return true
    case 'Identity':
    case 'EnsureShape':
    case 'Reshape':
    case 'ExpandDims':
    case 'Squeeze':
    case 'StopGradient':
    case 'Bitcast':
    case 'Slice':
    case 'Split':
    case 'SplitV':
    case 'Unpack':
    case 'Cast':
    case 'ConcatV2':
      return tensor.node.inputs.some(isFed)
    default:
      return false
  }
}
