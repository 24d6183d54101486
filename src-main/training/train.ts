import { mkdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { GraftError } from '../contract/errors'
import type { Task } from '../contract/document'
import type { EpochResult, MetricValues } from '../contract/runs'
import { countParameters, storedTables, taskOfModel, type ModelSpec } from '../model'
import { writeFileAtomic } from '../project/files'
import { loadTensorFlow } from '../tensorflow/binding'
import { Batches, type RowStore } from './data'
import { Locks, type LockContext } from './locks'
import { streamingMetrics, type StreamingMetrics } from './metrics'
import type { TrainingPlan } from './plan'
import type { FromTrainer, TrainingOutcome } from './protocol'
import { Reporter } from './reporter'
import { replayColumns, replayRows, writeReplay } from './replay'
import { openRows, type OpenedRows } from './openRows'
import { gatherTargets, type RowWindow, type TrainingRows } from './rows'
import { RunFolder } from './runFolder'
import { scoreText } from './sentence'
import { StepSession } from './stepSession'
import { TableProof } from './tableProof'
import { trainingThreads } from './threads'
import { loadInitialWeights, loadTableFile } from './weights'

/** How long training may keep the process to itself: messages are heard in between. */
const longestTurn = 30 // ms
/** Rows at a time where nothing is trained: fewer, larger calls. */
const evaluationBatch = 8192

export interface TrainerContext {
  readonly tell: (message: FromTrainer) => void
  /** Whether somebody asked to stop; looked at between steps. */
  readonly stopped: () => boolean
  /** Locks to be turned before the next step. */
  readonly takeLocks: LockContext['takeLocks']
}

/** Trains a run from its plan to its weights on disk. Runs in the trainer process, which it blocks for a step at a time. */
export async function train(plan: TrainingPlan, context: TrainerContext): Promise<TrainingOutcome> {
  const { training } = plan.document
  const folder = new RunFolder(plan.folder, plan.run)
  const reporter = new Reporter(plan.run, training.epochs, folder.file('metrics'), context.tell)
  try {
    reporter.phase({ phase: 'preparing' })
    const { threads, shards } = trainingThreads(plan.model, cpus().length)
    const tensorflow = loadTensorFlow(plan.engine, threads)
    context.tell({
      type: 'engine',
      engine: `TensorFlow ${tensorflow.version} · ${tensorflow.device.toUpperCase()}`,
      tensorflow: tensorflow.version,
    })
    const parts = await openParts(plan)
    const { spec, sample } = parts.train
    tellRows(parts, context)
    // A GPU takes the batch as a whole.
    const stretches = tensorflow.device === 'cpu' ? shards : 1
    const session = await StepSession.open(tensorflow, spec, training.optimizer, stretches)
    try {
      await prepareWeights(plan, spec, session)
      tellModel(spec, session, context)
      const proof = await TableProof.begin(session, session.step.model.weights, plan.folder)
      try {
        const loop = new TrainingLoop(plan, parts, session, proof, reporter, context)
        const stoppedBecause = await loop.run()
        reporter.phase({ phase: 'saving', secondsLeft: null })
        await saveWeights(folder, plan, spec, sample, session)
        return { stoppedBecause, tables: await proof.finish(), sessionShare: loop.sessionShare }
      } finally {
        await proof.close()
      }
    } finally {
      session.dispose()
      await closeParts(parts)
    }
  } finally {
    reporter.close()
  }
}

interface Parts {
  readonly train: OpenedRows
  readonly validation: TrainingRows | null
}

async function openParts({ model, target, parts, document }: TrainingPlan): Promise<Parts> {
  const { training } = document
  const { shuffle, stepsPerEpoch, batchSize, epochs } = training
  const seed = shuffle ? training.seed : null
  const epochRows = stepsPerEpoch === null ? undefined : stepsPerEpoch * batchSize
  const train = await openRows(model, target, parts.train, training, { seed, epochRows, epochs })
  if (!train)
    throw new GraftError(
      'invalid-data',
      'The training part has no rows.',
      'Import data, or split it otherwise.',
    )
  try {
    const validation = await openRows(train.spec, target, parts.validation, training, { seed: null })
    return { train, validation: validation?.rows ?? null }
  } catch (error) {
    await train.rows.close()
    throw error
  }
}

async function closeParts({ train, validation }: Parts): Promise<void> {
  await train.rows.close()
  await validation?.close()
}

function tellRows({ train }: Parts, context: TrainerContext): void {
  if (train.rows.streamed)
    context.tell({
      type: 'log',
      line: `${train.rows.rows.toLocaleString('en')} rows are read from disk while they are trained on, in shuffled windows`,
    })
}

async function prepareWeights(plan: TrainingPlan, spec: ModelSpec, session: StepSession): Promise<void> {
  session.initialize(plan.document.training.seed)
  const { weights } = session.step.model
  for (const source of plan.tableFiles) {
    const weight = weights.find((candidate) => candidate.table?.name === source.table)
    if (weight) await loadTableFile(session, weight, source)
  }
  if (plan.initialWeights) await loadInitialWeights(session, spec, weights, plan.initialWeights.path)
}

function tellModel(spec: ModelSpec, session: StepSession, context: TrainerContext): void {
  const { weights, inputWidth } = session.step.model
  const parameters = countParameters(weights)
  const trainableParameters = countParameters(weights.filter((weight) => weight.trainable))
  const tables = storedTables(spec).map(({ name, columns, frozen }) => ({ table: name, columns, frozen }))
  const model = { name: spec.architecture, parameters, trainableParameters, inputWidth, tables }
  context.tell({ type: 'model', model })
  context.tell({
    type: 'log',
    line: `${spec.architecture}: ${inputWidth} inputs, ${parameters} parameters, ${trainableParameters} of them trainable`,
  })
}

/** Everything that evaluation and export need later: the checkpoint, the model, and rows that it has answered. */
async function saveWeights(
  folder: RunFolder,
  plan: TrainingPlan,
  spec: ModelSpec,
  store: RowStore,
  session: StepSession,
): Promise<void> {
  const prefix = folder.file('weights')
  await mkdir(dirname(prefix), { recursive: true })
  session.save(prefix)
  await writeFileAtomic(folder.file('model'), `${JSON.stringify(spec, null, 2)}\n`)
  const packer = new Batches(store, replayRows)
  const batch = packer.batch(0)
  const columns = replayColumns(packer, batch)
  const { probabilities } = session.evaluate(batch)
  await writeReplay(plan.folder, { columns, predictions: Array.from(probabilities) })
}

class TrainingLoop {
  private readonly train: TrainingRows
  private readonly validation: TrainingRows | null
  /** Steps of an epoch, and rows of these. */
  private readonly steps: number
  private readonly epochRows: number
  private readonly metrics: StreamingMetrics
  private readonly locks: Locks
  private globalStep = 0
  private readonly targets: Float32Array
  private trainingSeconds = 0
  private sessionSeconds = 0
  private lastTurn = performance.now()

  constructor(
    private readonly plan: TrainingPlan,
    parts: Parts,
    private readonly session: StepSession,
    private readonly proof: TableProof,
    private readonly reporter: Reporter,
    private readonly context: TrainerContext,
  ) {
    const { batchSize, stepsPerEpoch } = plan.document.training
    this.locks = new Locks(parts.train.spec, session, proof, context)
    this.train = parts.train.rows
    this.metrics = streamingMetrics(taskOfModel(plan.model))
    this.validation = parts.validation
    const all = Math.ceil(this.train.rows / batchSize)
    this.steps = Math.min(all, stepsPerEpoch ?? all)
    this.epochRows = Math.min(this.train.rows, this.steps * batchSize)
    this.targets = new Float32Array(Math.min(batchSize, this.train.rows))
  }

  /** Time inside of TensorFlow's session over the wall time of training. */
  get sessionShare(): number {
    return this.trainingSeconds > 0 ? this.sessionSeconds / this.trainingSeconds : 0
  }

  async run(): Promise<TrainingOutcome['stoppedBecause']> {
    const { epochs } = this.plan.document.training
    // The first window of a part on disk is loaded as a part in memory is: before the first epoch.
    await this.train.ready()
    for (let epoch = 1; epoch <= epochs; epoch++) {
      if (!(await this.epoch(epoch))) return 'stopped'
    }
    return 'completed'
  }

  /** One pass over the training rows, then the validation rows. Returns whether it went to its end. */
  private async epoch(epoch: number): Promise<boolean> {
    const { epochs, batchSize } = this.plan.document.training
    this.reporter.phase({ phase: 'training', epoch, step: 0, stepsPerEpoch: this.steps })
    await this.locks.beginEpoch(epoch, this.globalStep)
    const start = performance.now()
    const insideBefore = this.session.secondsInside
    this.metrics.reset()
    let step = 0
    let whole = true
    for await (const window of this.train.epoch(epoch)) {
      window.load(this.session)
      for (let first = 0; first < window.order.length && step < this.steps; first += batchSize) {
        whole = !this.context.stopped()
        if (!whole) break
        await this.locks.follow(epoch, this.globalStep)
        this.step(epoch, step++, window, first, start)
        await this.listen()
      }
      if (!whole || step === this.steps) break
    }
    const seconds = (performance.now() - start) / 1000
    this.trainingSeconds += seconds
    this.sessionSeconds += this.session.secondsInside - insideBefore
    const { rows } = this.metrics
    if (rows === 0) return false
    this.proof.endEpoch()
    const train: MetricValues = this.metrics.result()
    const rowsPerSecond = rows / seconds
    this.reporter.phase({
      step,
      rowsPerSecond,
      secondsLeft: ((epochs - epoch) * this.epochRows) / rowsPerSecond,
    })
    const validation = whole ? await this.validate(epoch) : null
    const result: EpochResult = { epoch, seconds, rowsPerSecond, train, validation }
    this.context.tell({ type: 'epoch', epoch: result })
    this.context.tell({ type: 'log', line: epochLine(taskOfModel(this.plan.model), result) })
    // Stopped while it was validated: not all of the epoch was done either.
    return whole && (validation !== null || this.validation === null)
  }

  private step(epoch: number, step: number, window: RowWindow, first: number, start: number): void {
    const order = window.order.subarray(first, first + this.plan.document.training.batchSize)
    const { loss, probabilities } = this.session.train(order)
    this.globalStep++
    if (!Number.isFinite(loss))
      throw new GraftError(
        'non-finite',
        `The loss became ${loss} at step ${this.globalStep}.`,
        'Try a smaller learning rate, or look for very large values among the continuous columns.',
        { step: this.globalStep, epoch },
      )
    const { metrics } = this
    // Looked up by themselves: in the loop of the metrics the lookups would cost several times as much.
    const targets = gatherTargets(window.store, order, this.targets)
    metrics.update(loss, probabilities, targets, order.length)
    const { meanLoss, current } = metrics
    this.reporter.step({ step: this.globalStep, epoch, loss, meanLoss, ...current }, () => {
      const rowsPerSecond = (1000 * metrics.rows) / (performance.now() - start)
      const epochsLeft = this.plan.document.training.epochs - epoch
      const rowsLeft = (1 + epochsLeft) * this.epochRows - metrics.rows
      return { step: step + 1, rowsPerSecond, secondsLeft: rowsLeft / rowsPerSecond }
    })
  }

  private async validate(epoch: number): Promise<MetricValues | null> {
    const { validation } = this
    if (!validation) return null
    this.reporter.phase({ phase: 'validating', epoch })
    const metrics = streamingMetrics(taskOfModel(this.plan.model))
    const batchSize = Math.max(this.plan.document.training.batchSize, evaluationBatch)
    for await (const { store } of validation.epoch(1)) {
      const batches = new Batches(store, batchSize)
      for (let i = 0; i < batches.count; i++) {
        // Metrics of some of the rows would be taken for those of all.
        if (this.context.stopped()) return null
        const batch = batches.batch(i)
        const { loss, probabilities } = this.session.evaluate(batch)
        metrics.update(loss, probabilities, batches.targets(batch), batch.rows)
        await this.listen()
      }
    }
    return metrics.result()
  }

  /** Lets messages in, every few steps; and what reads the next rows, at every step. */
  private async listen(): Promise<void> {
    if (this.train.reading) await nextTurn()
    else if (performance.now() - this.lastTurn < longestTurn) return
    await nextTurn()
    this.lastTurn = performance.now()
  }
}

function epochLine(task: Task, { epoch, train, validation, rowsPerSecond }: EpochResult): string {
  const values = (metrics: MetricValues): string =>
    `loss ${metrics.loss.toFixed(6)}, ${scoreText(task, metrics, 6)}`
  const held = validation ? `; validation ${values(validation)}` : ''
  return `epoch ${epoch}: ${values(train)}${held}; ${Math.round(rowsPerSecond)} rows/s`
}
