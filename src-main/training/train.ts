import { mkdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { GraftError } from '../contract/errors'
import type { EpochResult, MetricValues } from '../contract/runs'
import { countParameters, type ModelSpec } from '../model'
import { writeFileAtomic } from '../project/files'
import { loadTensorFlow } from '../tensorflow/binding'
import { Batches, loadModelPart, RowStore, withDistinctIds } from './data'
import { BinaryMetrics } from './metrics'
import { findOptimizer } from './optimizers'
import type { TrainingPlan } from './plan'
import type { FromTrainer, TrainingOutcome } from './protocol'
import { Reporter } from './reporter'
import { replayColumns, replayRows, writeReplay } from './replay'
import { gatherTargets, MemoryRows, type RowWindow, type TrainingRows } from './rows'
import { RunFolder } from './runFolder'
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
}

/** Trains a run from its plan to its weights on disk. Runs in the trainer process, which it blocks for a step at a time. */
export async function train(plan: TrainingPlan, context: TrainerContext): Promise<TrainingOutcome> {
  const { training } = plan.document
  const folder = new RunFolder(plan.folder, plan.run)
  const reporter = new Reporter(plan.run, training.epochs, folder.file('metrics'), context.tell)
  try {
    reporter.phase({ phase: 'preparing' })
    const tensorflow = loadTensorFlow(plan.engine, trainingThreads(plan.model, cpus().length))
    context.tell({
      type: 'engine',
      engine: `TensorFlow ${tensorflow.version} · ${tensorflow.device.toUpperCase()}`,
      tensorflow: tensorflow.version,
    })
    const parts = await readParts(plan)
    const { spec, train } = parts
    const session = await StepSession.open(tensorflow, spec, training.optimizer)
    try {
      await prepareWeights(plan, spec, session)
      tellModel(spec, session, context)
      const proof = await TableProof.begin(session, session.step.model.weights, plan.folder)
      try {
        const loop = new TrainingLoop(plan, parts, session, reporter, context)
        const stoppedBecause = await loop.run()
        reporter.phase({ phase: 'saving', secondsLeft: null })
        await saveWeights(folder, plan, spec, train, session)
        return { stoppedBecause, tables: await proof.finish(), sessionShare: loop.sessionShare }
      } finally {
        await proof.close()
      }
    } finally {
      session.dispose()
    }
  } finally {
    reporter.close()
  }
}

interface Parts {
  /** The plan's model, with what the rows tell of it. */
  readonly spec: ModelSpec
  readonly train: RowStore
  readonly validation: RowStore | null
}

async function readParts({ model, target, parts }: TrainingPlan): Promise<Parts> {
  const train = await loadModelPart(model, target, parts.train)
  if (!train)
    throw new GraftError(
      'invalid-data',
      'The training part has no rows.',
      'Import data, or split it otherwise.',
    )
  const spec = withDistinctIds(model, train)
  const validation = await loadModelPart(model, target, parts.validation)
  return {
    spec,
    train: new RowStore(spec, target, train),
    validation: validation && new RowStore(spec, target, validation),
  }
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
  const model = { name: spec.architecture, parameters, trainableParameters, inputWidth }
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
  private readonly validation: Batches | null
  private readonly metrics = new BinaryMetrics()
  private readonly learningRate: number
  private globalStep = 0
  /** The rows in the session's memory. */
  private loaded: RowStore | null = null
  private readonly targets: Float32Array
  private trainingSeconds = 0
  private sessionSeconds = 0
  private lastTurn = performance.now()

  constructor(
    private readonly plan: TrainingPlan,
    parts: Parts,
    private readonly session: StepSession,
    private readonly reporter: Reporter,
    private readonly context: TrainerContext,
  ) {
    const { batchSize, optimizer, shuffle, seed } = plan.document.training
    this.train = new MemoryRows(parts.train, shuffle ? seed : null)
    this.targets = new Float32Array(Math.min(batchSize, this.train.rows))
    this.validation = parts.validation && new Batches(parts.validation, Math.max(batchSize, evaluationBatch))
    this.learningRate = findOptimizer(optimizer.name).settings.parse(optimizer.settings).learningRate
  }

  /** Time inside of TensorFlow's session over the wall time of training. */
  get sessionShare(): number {
    return this.trainingSeconds > 0 ? this.sessionSeconds / this.trainingSeconds : 0
  }

  async run(): Promise<TrainingOutcome['stoppedBecause']> {
    const { epochs } = this.plan.document.training
    for (let epoch = 1; epoch <= epochs; epoch++) {
      if (!(await this.epoch(epoch))) return 'stopped'
    }
    return 'completed'
  }

  /** One pass over the training rows, then the validation rows. Returns whether it went to its end. */
  private async epoch(epoch: number): Promise<boolean> {
    const { epochs, batchSize } = this.plan.document.training
    const stepsPerEpoch = Math.ceil(this.train.rows / batchSize)
    this.reporter.phase({ phase: 'training', epoch, step: 0, stepsPerEpoch })
    const start = performance.now()
    const insideBefore = this.session.secondsInside
    this.metrics.reset()
    let step = 0
    let whole = true
    for await (const window of this.train.epoch(epoch)) {
      this.load(window.store)
      for (let first = 0; whole && first < window.order.length; first += batchSize) {
        whole = !this.context.stopped()
        if (whole) this.step(epoch, step++, window, first, start)
        await this.listen()
      }
      if (!whole) break
    }
    const seconds = (performance.now() - start) / 1000
    this.trainingSeconds += seconds
    this.sessionSeconds += this.session.secondsInside - insideBefore
    const { rows } = this.metrics
    if (rows === 0) return false
    const train: MetricValues = this.metrics.result()
    const rowsPerSecond = rows / seconds
    this.reporter.phase({
      step,
      rowsPerSecond,
      secondsLeft: ((epochs - epoch) * this.train.rows) / rowsPerSecond,
    })
    const validation = whole ? await this.validate(epoch) : null
    const result: EpochResult = { epoch, seconds, rowsPerSecond, train, validation }
    this.context.tell({ type: 'epoch', epoch: result })
    this.context.tell({ type: 'log', line: epochLine(result) })
    // Stopped while it was validated: not all of the epoch was done either.
    return whole && (validation !== null || this.validation === null)
  }

  /** Rows that are in the session already stay there. */
  private load(store: RowStore): void {
    if (store === this.loaded) return
    this.session.load(store)
    this.loaded = store
  }

  private step(epoch: number, step: number, window: RowWindow, first: number, start: number): void {
    const order = window.order.subarray(first, first + this.plan.document.training.batchSize)
    const { loss, probabilities } = this.session.train(order, this.learningRate)
    this.globalStep++
    if (!Number.isFinite(loss))
      throw new GraftError(
        'non-finite',
        `The loss became ${loss} at step ${this.globalStep}.`,
        'Try a smaller learning rate, or look for very large values among the continuous columns.',
        { step: this.globalStep, epoch },
      )
    const { metrics } = this
    metrics.update(loss, probabilities, gatherTargets(window.store, order, this.targets), order.length)
    const { meanLoss, currentAuc: auc } = metrics
    this.reporter.step({ step: this.globalStep, epoch, loss, meanLoss, auc }, () => {
      const rowsPerSecond = (1000 * metrics.rows) / (performance.now() - start)
      const epochsLeft = this.plan.document.training.epochs - epoch
      const rowsLeft = this.train.rows - metrics.rows + epochsLeft * this.train.rows
      return { step: step + 1, rowsPerSecond, secondsLeft: rowsLeft / rowsPerSecond }
    })
  }

  private async validate(epoch: number): Promise<MetricValues | null> {
    const { validation } = this
    if (!validation) return null
    this.reporter.phase({ phase: 'validating', epoch })
    const metrics = new BinaryMetrics()
    for (let i = 0; i < validation.count; i++) {
      // Metrics of some of the rows would be taken for those of all.
      if (this.context.stopped()) return null
      const batch = validation.batch(i)
      const { loss, probabilities } = this.session.evaluate(batch)
      metrics.update(loss, probabilities, validation.targets(batch), batch.rows)
      await this.listen()
    }
    return metrics.result()
  }

  /** Lets messages in, every few steps. */
  private async listen(): Promise<void> {
    if (performance.now() - this.lastTurn < longestTurn) return
    await nextTurn()
    this.lastTurn = performance.now()
  }
}

function epochLine({ epoch, train, validation, rowsPerSecond }: EpochResult): string {
  const values = (metrics: MetricValues): string =>
    `loss ${metrics.loss.toFixed(6)}, AUC ${metrics.auc === null ? '–' : metrics.auc.toFixed(6)}`
  const held = validation ? `; validation ${values(validation)}` : ''
  return `epoch ${epoch}: ${values(train)}${held}; ${Math.round(rowsPerSecond)} rows/s`
}
