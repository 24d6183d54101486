import { call, resolveAttributes, resolveOutputs, resolveTypes } from './resolve'
import type { AttrInput, AttrValue } from './definition'
import type { DType } from './dtypes'
import { GraphError } from './errors'
import { ops, type OpName } from './ops'
import type { Shape } from './shape'

/** One output of a node: a value that flows along the graph's edges. */
export class Tensor {
  constructor(
    readonly node: Node,
    readonly index: number,
    readonly dtype: DType,
    readonly shape: Shape,
  ) {}

  get graph(): Graph {
    return this.node.graph
  }

  /** `node:index`, as a session's feeds and fetches name it. */
  get name(): string {
    return `${this.node.name}:${this.index}`
  }

  /** The rank; throws where it is unknown. */
  get rank(): number {
    if (!this.shape) throw new GraphError('internal', `The rank of "${this.name}" is not known.`)
    return this.shape.length
  }
}

/** One operation of the graph, already checked against the op table. */
export class Node {
  readonly outputs: readonly Tensor[]

  constructor(
    readonly graph: Graph,
    readonly name: string,
    readonly op: OpName,
    /** Data inputs, lists flattened. */
    readonly inputs: readonly Tensor[],
    readonly attrs: ReadonlyMap<string, AttrValue>,
    readonly control: readonly Node[],
    outputs: readonly { dtype: DType; shape: Shape }[],
  ) {
    this.outputs = outputs.map(({ dtype, shape }, index) => new Tensor(this, index, dtype, shape))
  }

  /** Output `index`; throws where the op has none there. */
  output(index = 0): Tensor {
    const tensor = this.outputs[index]
    if (!tensor) throw new GraphError('internal', `"${this.name}" (${this.op}) has no output ${index}.`)
    return tensor
  }

  input(index: number): Tensor {
    const tensor = this.inputs[index]
    if (!tensor) throw new GraphError('internal', `"${this.name}" (${this.op}) has no input ${index}.`)
    return tensor
  }
}

export interface NodeOptions {
  /** A wish: made unique within the graph and put under the current scope. The op's name where it is left out. */
  readonly name?: string
  /** Nodes that must have run before this one. */
  readonly control?: readonly (Node | Tensor)[]
}

/** A TensorFlow graph under construction. Nodes are kept in the order of creation, which is a topological order. */
export class Graph {
  readonly nodes: Node[] = []
  private readonly byName = new Map<string, Node>()
  private readonly names = new Set<string>()
  private readonly nameCounts = new Map<string, number>()
  private readonly dimensions: string[] = []
  private scopes: string[] = []
  private controls: Node[] = []

  /**
   * Adds one operation.
   * @param inputs in the op's order; an input that is a list takes an array.
   * @param attrs TensorFlow's names; type and length attributes follow from the inputs where they can.
   * @throws GraphError for an unknown or missing attribute, types that disagree, or shapes that cannot fit.
   */
  add(
    op: OpName,
    inputs: readonly (Tensor | readonly Tensor[])[],
    attrs: Readonly<Record<string, AttrInput | undefined>> = {},
    options: NodeOptions = {},
  ): Node {
    const definition = ops[op]
    const name = this.freeName(options.name ?? op)
    this.names.add(name.toLowerCase())
    const what = `${op} "${name}"`
    for (const input of inputs.flat())
      if (input.graph !== this)
        throw new GraphError('internal', `${what}: input "${input.name}" is of another graph.`)
    const types = resolveTypes(what, definition, inputs)
    const values = resolveAttributes(what, definition, types, attrs)
    const flat = inputs.flat()
    const dtypes = resolveOutputs(what, definition, values)
    const shapes = definition.shape(call(what, flat, values))
    if (shapes.length !== dtypes.length)
      throw new GraphError('internal', `${what}: ${shapes.length} shapes for ${dtypes.length} outputs.`)
    const outputs = dtypes.map((dtype, i) => ({ dtype, shape: shapes[i] ?? null }))
    const control = [
      ...this.controls,
      ...(options.control ?? []).map((x) => (x instanceof Tensor ? x.node : x)),
    ]
    const node = new Node(this, name, op, flat, values, [...new Set(control)], outputs)
    this.nodes.push(node)
    this.byName.set(name, node)
    return node
  }

  /** Adds one operation with exactly one output and returns that. */
  op(
    op: OpName,
    inputs: readonly (Tensor | readonly Tensor[])[],
    attrs: Readonly<Record<string, AttrInput | undefined>> = {},
    options: NodeOptions = {},
  ): Tensor {
    return this.add(op, inputs, attrs, options).output(0)
  }

  /** Everything that `build` adds is named `scope/…`. */
  scope<R>(scope: string, build: () => R): R {
    const before = this.scopes
    this.scopes = [...before, ...checkName(scope).split('/')]
    try {
      return build()
    } finally {
      this.scopes = before
    }
  }

  /** Everything that `build` adds runs after `control`. */
  after<R>(control: readonly (Node | Tensor)[], build: () => R): R {
    const before = this.controls
    this.controls = [...before, ...control.map((x) => (x instanceof Tensor ? x.node : x))]
    try {
      return build()
    } finally {
      this.controls = before
    }
  }

  /** Adds what `build` adds outside of any scope's controls: for nodes that are shared beyond the place that first asks. */
  uncontrolled<R>(build: () => R): R {
    const before = this.controls
    this.controls = []
    try {
      return build()
    } finally {
      this.controls = before
    }
  }

  /**
   * A size that is not known while building but the same wherever it appears, such as the batch: the number to write into
   * shapes. The same name gives the same number.
   */
  dimension(name: string): number {
    let index = this.dimensions.indexOf(name)
    if (index < 0) index = this.dimensions.push(name) - 1
    return -2 - index
  }

  node(name: string): Node {
    const node = this.byName.get(name)
    if (!node) throw new GraphError('internal', `The graph has no node "${name}".`)
    return node
  }

  /** The tensor of a name as `Tensor.name` gives it (`:0` may be left out). */
  tensor(name: string): Tensor {
    const at = name.lastIndexOf(':')
    return at < 0
      ? this.node(name).output(0)
      : this.node(name.slice(0, at)).output(Number(name.slice(at + 1)))
  }

  /** The name that the next node of this wish gets. Names differ in more than case: some tools keep them as file names. */
  freeName(wish: string): string {
    const base = [...this.scopes, checkName(wish)].join('/')
    let name = base
    let count = this.nameCounts.get(base) ?? 0
    while (this.names.has(name.toLowerCase())) name = `${base}_${++count}`
    this.nameCounts.set(base, count)
    return name
  }
}

/** TensorFlow's rule for node names; a comma would also break tfjs-node's lists of names. */
function checkName(name: string): string {
  if (!/^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/.test(name))
    throw new GraphError(
      'internal',
      `"${name}" cannot name a node.`,
      'Use nodeName() to make a valid name of any text.',
    )
  return name
}

/**
 * A valid part of a node's name made of any text, such as a column's name; different texts give different names. What may
 * not stand in a name becomes `.x<code point>.`, and so does a point that would read like the start of that.
 */
export function nodeName(text: string): string {
  return text.replace(
    /[^A-Za-z0-9_.-]|\.(?=x)|^[_-]/gu,
    (character) => `.x${(character.codePointAt(0) ?? 0).toString(16)}.`,
  )
}
