import { GraftError } from '../contract/errors'
import type { TensorFlow } from '../tensorflow/binding'
import { GraphSession, type Feed, type PreparedCall } from '../tensorflow/session'
import type { HostTensor } from '../tensorflow/tensors'
import type { PackedBatch } from './data'
import { buildStepGraph, type StepGraph, type WeightAccess } from './stepGraph'
import type { TableTraining } from './updates'
import type { ModelSpec } from '../model'

/** Rows of a table that are read or written at a time: pieces of about 16 MB. */
const pieceBytes = 16 * 2 ** 20

/** Rows that are kept at a time: little enough that their memory is used again for the next. */
const loadedBytes = 4 * 2 ** 20

export interface StepResult {
  /** Mean over the batch, before the step. */
  readonly loss: number
  /** Probabilities, [batch]. */
  readonly probabilities: Float32Array
}

/** A session on the step's graph, with its calls prepared. */
export class StepSession {
  private trainCall: PreparedCall
  private readonly evaluateCall: PreparedCall
  /** Tables that do not move, by name. */
  private readonly locked: Set<string>
  /** Tables whose slots have their first values. */
  private readonly filled: Set<string>
  /** The learning rate, if it was changed since the start. */
  private rate: Float32Array | null = null
  /** Learning rates of tables that were changed since the start. */
  private readonly scales = new Map<string, number>()
  /** Rows that the session has room for. */
  private room = 0
  private readonly seed = new Int32Array(1)
  private readonly steps = new Int32Array(1)

  private constructor(
    readonly step: StepGraph,
    private readonly session: GraphSession,
  ) {
    const { feeds, fetches, tables } = step
    this.locked = new Set([...tables].flatMap(([name, { weight }]) => (weight.trainable ? [] : [name])))
    this.filled = new Set([...tables.keys()].filter((name) => !this.locked.has(name)))
    this.trainCall = this.prepareTraining()
    this.evaluateCall = session.prepare([feeds.rows], [fetches.loss, fetches.probability])
  }

  /** @param shards stretches of the batch that are computed side by side */
  static async open(
    tensorflow: TensorFlow,
    spec: ModelSpec,
    optimizer: { name: string; settings: unknown },
    shards = 1,
  ): Promise<StepSession> {
    const step = buildStepGraph(spec, optimizer, shards)
    return new StepSession(step, await GraphSession.open(tensorflow, step.graph))
  }

  get secondsInside(): number {
    return this.session.secondsInside
  }

  /** Gives every weight and slot its first value. */
  initialize(seed: number): void {
    this.seed[0] = seed
    this.steps[0] = 0
    this.session.run({ [this.step.feeds.seed]: Int32Array.of(seed) }, [this.step.fetches.init])
  }

  /**
   * Keeps rows in the session, in the place of those that it had: what `train` takes its batches from. Where there is room
   * they go there piece by piece: memory that is as large as all of them would be taken anew, and cleared, every time.
   */
  load(rows: PackedBatch): void {
    const { feeds, fetches, layout } = this.step
    if (rows.rows > this.room) {
      this.session.run({ [feeds.memory]: this.data(rows) }, [fetches.load])
      this.room = rows.rows
      return
    }
    const most = Math.max(1, Math.floor(loadedBytes / (4 * layout.width)))
    for (let first = 0; first < rows.rows; first += most) {
      const count = Math.min(most, rows.rows - first)
      const words = rows.words.subarray(first * layout.width, (first + count) * layout.width)
      const places = Int32Array.from({ length: count }, (_, i) => first + i)
      const memory = { data: words, shape: [count, layout.width] }
      this.session.run({ [feeds.memory]: memory, [feeds.places]: places }, [fetches.put])
    }
  }

  /**
   * One whole training step.
   * @param order numbers of loaded rows, [batch]
   */
  train(order: Int32Array): StepResult {
    this.steps[0] = (this.steps[0] ?? 0) + 1
    const rate = this.rate ? [this.rate] : []
    const dropout = this.step.feeds.dropout ? [Float32Array.of(1), this.seed, this.steps] : []
    const scales = [...this.scales.values()].map((scale) => Float32Array.of(scale))
    const result = floats(this.trainCall.run([order, ...rate, ...dropout, ...scales])[0]) // [1 + batch]
    return { loss: result[0] ?? Number.NaN, probabilities: result.subarray(1) }
  }

  /** Whether a table is locked now; one that the loss does not depend on never moves. */
  isFrozen(table: string): boolean {
    return this.locked.has(table) || !this.step.tables.has(table)
  }

  /** Locks or unlocks a table from the next step on. @throws GraftError `internal` for a table that the model does not train */
  setFrozen(name: string, frozen: boolean): void {
    const table = this.table(name)
    if (frozen) this.locked.add(name)
    else {
      if (table.fillSlots !== null && !this.filled.has(name)) this.session.run({}, [table.fillSlots])
      this.filled.add(name)
      this.locked.delete(name)
    }
    this.trainCall = this.prepareTraining()
  }

  /** Sets the learning rate of the whole model from the next step on. */
  setLearningRate(rate: number): void {
    this.rate = Float32Array.of(rate)
    this.trainCall = this.prepareTraining()
  }

  /** Multiplies the learning rate of a table by another number from the next step on. */
  setLearningRateScale(name: string, scale: number): void {
    this.table(name)
    this.scales.set(name, scale)
    this.trainCall = this.prepareTraining()
  }

  private table(name: string): TableTraining {
    const found = this.step.tables.get(name)
    if (!found) throw new GraftError('internal', `The model trains no table ${name}.`)
    return found
  }

  /** The call of a step: one fetch while the locks are as they were at the start, else one more for each unlocked table. */
  private prepareTraining(): PreparedCall {
    const { feeds, fetches, tables } = this.step
    const { dropout } = feeds
    const inputs = [
      feeds.order,
      ...(this.rate ? [feeds.learningRate] : []),
      ...(dropout ? [dropout.on, dropout.seed, dropout.step] : []),
      ...[...this.scales.keys()].map((name) => this.table(name).scale),
    ]
    const asAtStart = [...tables].every(([name, { weight }]) => weight.trainable !== this.locked.has(name))
    const open = [...tables].flatMap(([name, { update }]) => (this.locked.has(name) ? [] : [update]))
    return this.session.prepare(inputs, asAtStart ? [fetches.train] : [fetches.trainDense, ...open])
  }

  /** Loss and probabilities; nothing moves. */
  evaluate(batch: PackedBatch): StepResult {
    const [loss, probability] = this.evaluateCall.run([this.data(batch)])
    return { loss: floats(loss)[0] ?? Number.NaN, probabilities: floats(probability) }
  }

  private data({ rows, words }: PackedBatch): Feed {
    return { data: words, shape: [rows, this.step.layout.width] }
  }

  /** Writes every weight under `prefix`; the folder must be there. @throws GraftError `disk-full` */
  save(prefix: string): void {
    try {
      this.session.run({ [this.step.feeds.checkpoint]: [prefix] }, [this.step.fetches.save])
    } catch (error) {
      // TensorFlow writes the file itself, and its own code for this is that of exhausted memory.
      const full = error instanceof Error && /no space left on device|disk quota/i.test(error.message)
      if (!full) throw error
      const hint = 'Free some space on that disk, or move the project to another one. The metrics are kept.'
      throw new GraftError(
        'disk-full',
        `The weights could not be written to ${prefix}: the disk is full.`,
        hint,
      )
    }
  }

  restore(prefix: string): void {
    this.session.run({ [this.step.feeds.checkpoint]: [prefix] }, [this.step.fetches.restore])
  }

  access(name: string): WeightAccess {
    const found = this.step.access.get(name)
    if (!found) throw new GraftError('internal', `The model has no weight ${name}.`)
    return found
  }

  /** Sets a dense weight, or consecutive rows of a table from `first` on. */
  write(name: string, values: Float32Array, first = 0): void {
    const access = this.access(name)
    const { shape } = access.weight.variable
    if (access.first === null) {
      this.session.run({ [access.value]: { data: values, shape } }, [access.write])
      return
    }
    const width = shape[1] ?? 1
    this.session.run(
      {
        [access.value]: { data: values, shape: [values.length / width, width] },
        [access.first]: Int32Array.of(first),
      },
      [access.write],
    )
  }

  /** Rows of a table: [count, width]. */
  readRows(name: string, first: number, count: number): Float32Array {
    const access = this.access(name)
    if (access.first === null || access.count === null)
      throw new GraftError('internal', `${name} is no table.`)
    const feeds = { [access.first]: Int32Array.of(first), [access.count]: Int32Array.of(count) }
    return floats(this.session.run(feeds, [access.read])[0])
  }

  /** A weight in pieces: whole rows of a table, or a dense weight as one. */
  *read(name: string): Generator<Float32Array> {
    const access = this.access(name)
    const [rows = 1, width = 1] = access.weight.variable.shape
    if (access.first === null) {
      yield floats(this.session.run({}, [access.read])[0])
      return
    }
    const piece = Math.max(1, Math.floor(pieceBytes / (4 * width)))
    for (let first = 0; first < rows; first += piece)
      yield this.readRows(name, first, Math.min(piece, rows - first))
  }

  dispose(): void {
    this.session.dispose()
  }
}

function floats(tensor: HostTensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data
  throw new GraftError('internal', 'A fetched tensor is not float32.')
}
