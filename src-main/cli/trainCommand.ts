import { type Command, Option } from 'commander'
import {
  GraftError,
  type MetricValues,
  type RunProgress,
  scoreOf,
  scores,
  type Task,
  type TrainOverrides,
  type TrainResult,
} from '../contract'
import { type Services } from '../services/compose'
import { type ProjectSession } from '../services/session'
import { integer, positiveNumber, setting, type Setting } from './arguments'
import { type Context, ensureEngine, withProject } from './context'
import { formatBar, formatCount, formatMetric, formatSeconds, formatTable } from './format'
import { type Output } from './output'

interface TrainOptions {
  model?: string
  target?: string
  epochs?: number
  batchSize?: number
  optimizer?: string
  learningRate?: number
  seed?: number
  shuffle: boolean
  initialWeights?: string
  set?: Setting[]
}

/** `train`: one run; its options override the project for this run alone. */
export function addTrainCommand(program: Command, context: Context): void {
  program
    .command('train')
    .description('train one model; options override the project for this run alone')
    .argument('<dir>', 'the project folder')
    .option('--model <name>', 'architecture: dcn, mlp')
    .option('--target <column>', 'the column to predict')
    .option('--epochs <n>', 'passes over the training part', integer(1))
    .option('--batch-size <n>', 'rows a step', integer(1))
    .option('--optimizer <name>', 'adagrad, adam, sgd')
    .option('--learning-rate <x>', 'step size', positiveNumber)
    .option('--seed <n>', 'fixes weights and row order', integer(0))
    .option('--no-shuffle', 'keep the order of the files')
    .option('--initial-weights <file>', 'start from the arrays of an .npz')
    .addOption(new Option('--set <path=value>', 'set a field of graft.json (repeatable)').argParser(setting))
    .action(async (dir: string, options: TrainOptions) => {
      const overrides = overridesOf(options, context)
      await withProject(context, dir, async (session, _client, services) => {
        await ensureEngine(services, context.output)
        const result = await trainOnce(services, session, overrides, context.output)
        context.output.result(result, describeResult(result))
      })
    })
}

function overridesOf(options: TrainOptions, context: Context): TrainOverrides {
  const { shuffle, initialWeights, ...others } = options
  return {
    ...others,
    // Only --no-shuffle says something: without it the project decides.
    ...(shuffle ? {} : { shuffle }),
    ...(initialWeights === undefined ? {} : { initialWeights: context.path(initialWeights) }),
  }
}

/** Starts a run, draws its progress and waits for its end. The first Ctrl-C stops it and keeps what it learnt. */
async function trainOnce(
  { bench, client }: Services,
  session: ProjectSession,
  overrides: TrainOverrides,
  output: Output,
): Promise<TrainResult> {
  let loss: number | null = null
  let epochs = 0
  const unsubscribe = bench.bus.subscribe(({ name, data }) => {
    if (name === 'run.steps') loss = data.steps[data.steps.length - 1]?.meanLoss ?? loss
    if (name === 'run.progress') {
      epochs = data.epochs
      output.live(progressLine(data, loss, output.width))
    }
    if (name === 'run.epoch') {
      const { epoch, seconds, rowsPerSecond, train, validation } = data.epoch
      const metrics = [
        `loss ${formatMetric(train.loss)}`,
        score(train),
        ...(validation ? [`validation loss ${formatMetric(validation.loss)}`, score(validation)] : []),
      ]
      output.say(
        `epoch ${epoch}/${Math.max(epochs, epoch)}  ${metrics.join('  ')}  ${formatCount(rowsPerSecond)} rows/s  ${seconds.toFixed(1)} s`,
      )
    }
  })
  const { run } = await client.training.start({ overrides })
  output.say(`Run ${run}`)
  const interrupt = (): void => {
    output.say('Stopping after this step; what was learnt is kept. Ctrl-C again ends at once.')
    // It may have ended by itself in the meantime.
    client.training.stop({ run }).catch(() => undefined)
  }
  process.once('SIGINT', interrupt)
  try {
    const record = await session.runs.wait(run)
    if (record.error) {
      const { code, message, hint, details } = record.error
      throw new GraftError(code, message, hint, { ...details, run })
    }
    return await session.runs.result(run)
  } finally {
    process.off('SIGINT', interrupt)
    unsubscribe()
  }
}

function progressLine(progress: RunProgress, loss: number | null, width: number): string {
  const { phase, epoch, epochs, step, stepsPerEpoch, rowsPerSecond, secondsLeft } = progress
  if (phase === 'preparing') return 'Preparing…'
  if (phase === 'saving') return 'Saving weights…'
  const parts = [
    `epoch ${epoch}/${epochs}`,
    phase === 'validating' ? 'validation' : '',
    formatBar(stepsPerEpoch > 0 ? step / stepsPerEpoch : 0, Math.max(10, Math.min(30, width - 70))),
    `${formatCount(step)}/${formatCount(stepsPerEpoch)}`,
    rowsPerSecond === null ? '' : `${formatCount(rowsPerSecond)} rows/s`,
    secondsLeft === null ? '' : `${formatSeconds(secondsLeft)} left`,
    loss === null ? '' : `loss ${formatMetric(loss)}`,
  ]
  return parts.filter((part) => part !== '').join('  ')
}

/** An epoch's metric beside the loss, with its name: of a regression there is no AUC. */
function score(values: MetricValues): string {
  const task = taskOfMetrics(values)
  return `${scores[task].title} ${formatMetric(scoreOf(task, values))}`
}

function taskOfMetrics(values: MetricValues | undefined): Task {
  return values && 'rmse' in values ? 'regression' : 'binary'
}

/** What a person wants to see at the end: metrics by epoch, and which tables moved. */
function describeResult(result: TrainResult): string {
  const { model, target, engine, epochs, tables, path, stoppedBecause, sessionShare } = result
  const task = taskOfMetrics(epochs[0]?.train)
  const validated = epochs.some(({ validation }) => validation !== null)
  const right = 'right' as const
  const metrics = formatTable(
    [
      { title: 'epoch', align: right },
      { title: 'loss', align: right },
      { title: scores[task].title, align: right },
      ...(validated
        ? [
            { title: 'val. loss', align: right },
            { title: `val. ${scores[task].title}`, align: right },
          ]
        : []),
      { title: 'rows/s', align: right },
      { title: 'seconds', align: right },
    ],
    epochs.map(({ epoch, seconds, rowsPerSecond, train, validation }) => [
      String(epoch),
      formatMetric(train.loss),
      formatMetric(scoreOf(task, train)),
      ...(validated ? [formatMetric(validation?.loss), formatMetric(scoreOf(task, validation))] : []),
      formatCount(rowsPerSecond),
      seconds.toFixed(2),
    ]),
  )
  const moved = formatTable(
    [
      { title: 'table' },
      { title: 'rows', align: right },
      { title: 'width', align: right },
      { title: 'frozen' },
      { title: 'changed' },
      { title: 'mean row movement', align: right },
    ],
    tables.map(({ table, rows, width, frozen, changed, meanRowMovement }) => [
      table,
      formatCount(rows),
      String(width),
      frozen ? 'yes' : 'no',
      changed ? 'yes' : 'no',
      meanRowMovement.toFixed(6),
    ]),
  )
  return [
    '',
    `${model.name} on ${target}: ${formatCount(model.parameters)} parameters, ${formatCount(model.trainableParameters)} trainable, input width ${formatCount(model.inputWidth)}`,
    `${engine}; ${(100 * sessionShare).toFixed(1)} % of the time inside TensorFlow`,
    '',
    metrics,
    '',
    moved,
    '',
    `${stoppedBecause === 'completed' ? 'Completed' : 'Stopped; what was learnt is kept'}: ${path}`,
  ].join('\n')
}
