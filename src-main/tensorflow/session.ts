import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GraftError } from '../contract/errors'
import {
  type DType,
  type Graph,
  type SavedModelContent,
  type Shape,
  showShape,
  writeSavedModel,
} from '../graph'
import type { TensorFlow } from './binding'
import { feedSpecs, feedSpecsOfFile } from './feeds'
import { createTensor, type HostData, type HostTensor, misfit, readTensor } from './tensors'

/** What may be fed under a name. */
export interface FeedSpec {
  readonly dtype: DType
  /** Sizes below −1 are names: all of one run's feeds must agree on them. */
  readonly shape: Shape
}

/** A value to feed. Without a shape, the one that the placeholder leaves for this many elements. */
export type Feed = HostData | { readonly data: HostData; readonly shape: readonly number[] }

/**
 * A session on a graph: variables keep their values from run to run. Everything runs on the calling thread, which is blocked
 * while TensorFlow works.
 */
export class GraphSession {
  /** Seconds spent inside TensorFlow's session so far. */
  secondsInside = 0
  runs = 0
  private disposed = false

  private constructor(
    private readonly tensorflow: TensorFlow,
    private readonly id: number,
    private readonly specs: ReadonlyMap<string, FeedSpec>,
    private readonly nodes: ReadonlySet<string>,
  ) {}

  /**
   * A session on a SavedModel folder; its main op has run. Variables are restored if it has a `variables` folder.
   * @throws GraftError `invalid-file` where TensorFlow refuses the folder.
   */
  static async load(tensorflow: TensorFlow, folder: string): Promise<GraphSession> {
    const { specs, nodes } = feedSpecsOfFile(await readFile(join(folder, 'saved_model.pb')), folder)
    return new GraphSession(tensorflow, loadModel(tensorflow, folder), specs, nodes)
  }

  /** A session on a graph in memory: it passes through a temporary folder, as tfjs-node loads nothing but SavedModels. */
  static async open(
    tensorflow: TensorFlow,
    graph: Graph,
    content: Omit<SavedModelContent, 'graph' | 'signatures'> = {},
  ): Promise<GraphSession> {
    const parent = await mkdtemp(join(tmpdir(), 'graft-graph-'))
    try {
      const folder = join(parent, 'model')
      await writeSavedModel(folder, { ...content, graph, signatures: {} })
      const nodes = new Set(graph.nodes.map((node) => node.name))
      return new GraphSession(tensorflow, loadModel(tensorflow, folder), feedSpecs(graph), nodes)
    } finally {
      await rm(parent, { recursive: true, force: true })
    }
  }

  /**
   * A call that is made many times: names are checked once. Names are those of `Tensor.name`; `:0` may be left out.
   */
  prepare(feeds: readonly string[], fetches: readonly string[]): PreparedCall {
    const specs = feeds.map((name) => {
      const spec = this.specs.get(withIndex(name))
      if (!spec) throw new GraftError('internal', `"${name}" is no placeholder of the graph.`)
      return { name: withIndex(name), ...spec }
    })
    for (const name of fetches)
      if (!this.nodes.has(withIndex(name).replace(/:\d+$/, '')))
        throw new GraftError('internal', `The graph has no "${name}" to fetch.`)
    return new PreparedCall(this, specs, fetches.map(withIndex))
  }

  /**
   * Runs the graph once.
   * @param feeds by placeholder.
   * @param fetches names of tensors; a node runs with everything that it depends on.
   * @returns the fetched tensors, in order.
   * @throws GraftError before anything runs where feeds do not fit; `engine-failed` with TensorFlow's words where it fails.
   */
  run(feeds: Readonly<Record<string, Feed>>, fetches: readonly string[]): HostTensor[] {
    return this.prepare(Object.keys(feeds), fetches).run(Object.values(feeds))
  }

  /** Runs prepared and checked tensors; the caller owns them. */
  execute(inputs: number[], inputNames: string, outputNames: string): HostTensor[] {
    if (this.disposed) throw new GraftError('internal', 'The session has been closed.')
    const { binding } = this.tensorflow
    const start = performance.now()
    const outputs = runNative(() => binding.runSavedModel(this.id, inputs, inputNames, outputNames))
    this.secondsInside += (performance.now() - start) / 1000
    this.runs++
    try {
      return outputs.map((output) => readTensor(binding, output))
    } finally {
      for (const output of outputs) binding.deleteTensor(output.id)
    }
  }

  /** Makes a native tensor of a checked feed. */
  tensor(dtype: DType, shape: readonly number[], data: HostData): number {
    return createTensor(this.tensorflow.binding, dtype, shape, data)
  }

  delete(tensor: number): void {
    this.tensorflow.binding.deleteTensor(tensor)
  }

  /** Frees the session and its variables. */
  dispose(): void {
    if (this.disposed) return
    this.disposed = true
    this.tensorflow.binding.deleteSavedModel(this.id)
  }
}

/** Names and checks of a run that are the same every time. */
export class PreparedCall {
  private readonly inputNames: string
  private readonly outputNames: string

  constructor(
    private readonly session: GraphSession,
    private readonly feeds: readonly (FeedSpec & { readonly name: string })[],
    fetches: readonly string[],
  ) {
    this.inputNames = feeds.map((feed) => feed.name).join(',')
    this.outputNames = fetches.join(',')
  }

  /** Runs with values in the order of the prepared names. */
  run(values: readonly Feed[]): HostTensor[] {
    const checked = this.check(values)
    const tensors: number[] = []
    try {
      for (const { dtype, shape, data } of checked) tensors.push(this.session.tensor(dtype, shape, data))
      return this.session.execute(tensors, this.inputNames, this.outputNames)
    } finally {
      for (const tensor of tensors) this.session.delete(tensor)
    }
  }

  /** A run that fails leaks its inputs natively, so nothing may fail that can be seen before. */
  private check(values: readonly Feed[]): HostTensor[] {
    const { feeds } = this
    if (values.length !== feeds.length)
      throw new GraftError('internal', `The call takes ${feeds.length} values, not ${values.length}.`)
    const named = new Map<number, { size: number; name: string }>()
    return feeds.map((feed, i) => {
      const value = values[i]
      if (value === undefined) throw new GraftError('internal', `Nothing was fed as "${feed.name}".`)
      const data = isBare(value) ? value : value.data
      const shape = isBare(value) ? openShape(feed, data.length, named) : value.shape
      const wrong = misfit(feed.dtype, shape, data) ?? mismatch(feed, shape, named)
      if (wrong) throw new GraftError('shape-mismatch', `What was fed as "${feed.name}" ${wrong}.`)
      return { dtype: feed.dtype, shape, data }
    })
  }
}

function isBare(value: Feed): value is HostData {
  return ArrayBuffer.isView(value) || Array.isArray(value)
}

/** The shape of a feed that came without one: at most one size is open, and takes what the others leave. */
function openShape(
  feed: FeedSpec & { name: string },
  length: number,
  named: ReadonlyMap<number, { size: number }>,
): readonly number[] {
  const { shape } = feed
  if (!shape) throw new GraftError('internal', `"${feed.name}" must be fed with its shape.`)
  if (shape.length === 1 && (shape[0] ?? 0) < 0) return [length]
  const sizes = shape.map((size) => (size < 0 ? (named.get(size)?.size ?? -1) : size))
  const open = sizes.filter((size) => size < 0).length
  if (open > 1)
    throw new GraftError('internal', `"${feed.name}" ${showShape(shape)} must be fed with its shape.`)
  const rest = sizes.reduce((product, size) => (size < 0 ? product : product * size), 1)
  return sizes.map((size) => (size < 0 ? length / Math.max(1, rest) : size))
}

/** How a shape contradicts the placeholder's or another feed's; null where it does not. */
function mismatch(
  feed: FeedSpec & { name: string },
  shape: readonly number[],
  named: Map<number, { size: number; name: string }>,
): string | null {
  const wanted = feed.shape
  if (!wanted) return null
  if (wanted.length !== shape.length) return `has the shape ${showShape(shape)}, not ${showShape(wanted)}`
  for (const [i, size] of shape.entries()) {
    const want = wanted[i] ?? -1
    if (want >= 0 && want !== size) return `has the shape ${showShape(shape)}, not ${showShape(wanted)}`
    if (want >= -1) continue
    const before = named.get(want)
    if (!before) named.set(want, { size, name: feed.name })
    else if (before.size !== size)
      return `has ${size} along axis ${i} where "${before.name}" has ${before.size}`
  }
  return null
}

function withIndex(name: string): string {
  return /:\d+$/.test(name) ? name : `${name}:0`
}

function loadModel(tensorflow: TensorFlow, folder: string): number {
  try {
    return tensorflow.binding.loadSavedModel(folder, 'serve')
  } catch (error) {
    throw new GraftError('invalid-file', `TensorFlow cannot load ${folder}: ${messageOf(error)}`)
  }
}

function runNative<R>(run: () => R): R {
  try {
    return run()
  } catch (error) {
    const message = messageOf(error).replace(/^Session fail to run with error:\s*/, '')
    const memory = /OOM|out of memory|RESOURCE_EXHAUSTED/i.test(message)
    throw new GraftError(
      memory ? 'out-of-memory' : 'engine-failed',
      `TensorFlow failed: ${message}`,
      memory ? 'Choose a smaller batch or narrower tables, or close other programs.' : '',
    )
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
