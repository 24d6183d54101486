import { type Command, Option } from 'commander'
import {
  evaluationResult,
  type EvaluationSlice,
  GraftError,
  part,
  type Part,
  predictionResult,
  type Task,
} from '../contract'
import { describeWrongTypes } from '../services/evaluations'
import { type Context, ensureEngine, runJob, withProject } from './context'
import { formatCount, formatMetric, formatShare, formatTable } from './format'

interface EvaluateOptions {
  run: string
  part?: Part
  data?: string[]
  slice?: string[]
}

/** `evaluate` and `predict`. */
export function addEvaluateCommands(program: Command, context: Context): void {
  program
    .command('evaluate')
    .description("a run's metrics on held-out or new rows")
    .argument('<dir>', 'the project folder')
    .requiredOption('--run <run>', 'the run')
    .addOption(new Option('--part <part>', 'a part of the data; validation by default').choices(part.options))
    .option('--data <files...>', 'raw files with the target in them')
    .option('--slice <columns...>', 'metrics for the most frequent values of these columns, too')
    .action(async (dir: string, options: EvaluateOptions) => {
      if (options.part !== undefined && options.data !== undefined)
        throw new GraftError(
          'usage',
          'Rows come from a part or from files, not from both.',
          'Leave out --part or --data.',
        )
      await withProject(context, dir, async (_session, client, services) => {
        await ensureEngine(services, context.output)
        const data = (options.data ?? []).map(context.path)
        const result = await runJob(services, context.output, () =>
          client.evaluation.evaluate({
            run: options.run,
            part: options.part ?? null,
            data,
            slices: options.slice ?? [],
          }),
        )
        const parsed = evaluationResult.safeParse(result)
        if (!parsed.success) throw new GraftError('internal', parsed.error.message)
        const { rows, task, metrics, slices, warnings } = parsed.data
        const ofClasses = [
          `AUC           ${formatMetric(metrics.auc)}`,
          `AUC per user  ${formatMetric(metrics.perUserAuc)}`,
          `log loss      ${formatMetric(metrics.logLoss)}`,
          `accuracy      ${formatMetric(metrics.accuracy)}`,
        ]
        const lines = [
          `${formatCount(rows)} rows`,
          `loss          ${formatMetric(metrics.loss)}`,
          ...(task === 'binary' ? ofClasses : []),
          `RMSE          ${formatMetric(metrics.rmse)}`,
          ...(task === 'regression' ? [`MAE           ${formatMetric(metrics.mae)}`] : []),
          ...(slices.length > 0 ? ['', sliceTable(slices, task)] : []),
          ...warnings.map((warning) => `Note: ${warning}`),
        ]
        context.output.result(parsed.data, lines.join('\n'))
      })
    })

  program
    .command('predict')
    .description("raw rows with a run's prediction for each")
    .argument('<dir>', 'the project folder')
    .requiredOption('--run <run>', 'the run')
    .requiredOption('--data <files...>', 'raw rows, as they were imported; the target may be missing')
    .requiredOption('--out <file>', 'the file to write: .csv, .tsv or .parquet')
    .option('--force', 'replace a file that exists', false)
    .action(async (dir: string, options: { run: string; data: string[]; out: string; force: boolean }) => {
      await withProject(context, dir, async (_session, client, services) => {
        await ensureEngine(services, context.output)
        const result = await runJob(services, context.output, () =>
          client.evaluation.predict({
            run: options.run,
            data: options.data.map(context.path),
            out: context.path(options.out),
            force: options.force,
          }),
        )
        const parsed = predictionResult.safeParse(result)
        if (!parsed.success) throw new GraftError('internal', parsed.error.message)
        const { path, rows, unknown, wrongTypes } = parsed.data
        const lines = [
          `Wrote ${formatCount(rows)} predictions to ${path}`,
          ...unknown.map(
            ({ column, share }) => `${column}: ${formatShare(share)} of the rows are unknown to the run`,
          ),
          ...wrongTypes.map((found) => `Note: ${describeWrongTypes(found)}`),
        ]
        context.output.result(parsed.data, lines.join('\n'))
      })
    })
}

function sliceTable(slices: readonly EvaluationSlice[], task: Task): string {
  const right = 'right' as const
  return formatTable(
    [
      { title: 'slice' },
      { title: 'rows', align: right },
      ...(task === 'binary' ? ['AUC', 'log loss', 'accuracy'] : ['RMSE', 'MAE']).map((title) => ({
        title,
        align: right,
      })),
      { title: 'mean target', align: right },
      { title: 'mean prediction', align: right },
    ],
    slices.map(({ column, by, value, rows, metrics }) => [
      by === 'seen' ? `${column} ${value} in training` : `${column} = ${value}`,
      formatCount(rows),
      ...(task === 'binary'
        ? [metrics.auc, metrics.logLoss, metrics.accuracy]
        : [metrics.rmse, metrics.mae]
      ).map(formatMetric),
      formatMetric(metrics.targetRate),
      formatMetric(metrics.meanPrediction),
    ]),
  )
}
