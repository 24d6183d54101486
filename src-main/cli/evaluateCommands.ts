import { type Command, Option } from 'commander'
import { evaluationResult, GraftError, part, type Part, predictionResult } from '../contract'
import { type Context, ensureEngine, runJob, withProject } from './context'
import { formatCount, formatMetric, formatShare } from './format'

/** `evaluate` and `predict`. */
export function addEvaluateCommands(program: Command, context: Context): void {
  program
    .command('evaluate')
    .description("a run's metrics on held-out or new rows")
    .argument('<dir>', 'the project folder')
    .requiredOption('--run <run>', 'the run')
    .addOption(new Option('--part <part>', 'a part of the data; validation by default').choices(part.options))
    .option('--data <files...>', 'raw files with the target in them')
    .action(async (dir: string, options: { run: string; part?: Part; data?: string[] }) => {
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
          client.evaluation.evaluate({ run: options.run, part: options.part ?? null, data }),
        )
        const parsed = evaluationResult.safeParse(result)
        if (!parsed.success) throw new GraftError('internal', parsed.error.message)
        const { rows, metrics, warnings } = parsed.data
        const lines = [
          `${formatCount(rows)} rows`,
          `loss          ${formatMetric(metrics.loss)}`,
          `AUC           ${formatMetric(metrics.auc)}`,
          `AUC per user  ${formatMetric(metrics.perUserAuc)}`,
          `accuracy      ${formatMetric(metrics.accuracy)}`,
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
        const { path, rows, unknown } = parsed.data
        const lines = [
          `Wrote ${formatCount(rows)} predictions to ${path}`,
          ...unknown.map(
            ({ column, share }) => `${column}: ${formatShare(share)} of the rows are unknown to the run`,
          ),
        ]
        context.output.result(parsed.data, lines.join('\n'))
      })
    })
}
