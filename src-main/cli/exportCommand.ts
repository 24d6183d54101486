import { basename, dirname } from 'node:path'
import { type Command, Option } from 'commander'
import { exportResult, type ExportResult, GraftError } from '../contract'
import { exportTargets } from '../export'
import { type Context, ensureEngine, runJob, withProject } from './context'
import { formatBytes, formatTable } from './format'

/** `export`: a model folder that Python and TensorFlow Serving load as it is. */
export function addExportCommand(program: Command, context: Context): void {
  program
    .command('export')
    .description('write a trained run as a model folder')
    .argument('<dir>', 'the project folder')
    .requiredOption('--run <run>', 'the run to export')
    .requiredOption('--out <folder>', 'the folder to write')
    .addOption(
      new Option('--format <name>', 'form of the model')
        .choices(exportTargets.map(({ name }) => name))
        .default('savedmodel'),
    )
    .option('--force', 'replace a folder that exists', false)
    .action(async (dir: string, options: { run: string; out: string; force: boolean }) => {
      const folder = context.path(options.out)
      await withProject(context, dir, async (_session, client, services) => {
        await ensureEngine(services, context.output)
        const result = await runJob(services, context.output, () =>
          client.export.write({ run: options.run, folder, force: options.force }),
        )
        const parsed = exportResult.safeParse(result)
        if (!parsed.success) throw new GraftError('internal', parsed.error.message)
        context.output.result(parsed.data, describeExport(parsed.data))
      })
    })
}

function describeExport({ path, files, check }: ExportResult): string {
  const listed = formatTable(
    [{ title: 'file' }, { title: 'size', align: 'right' }],
    files.map(({ name, bytes }) => [name, formatBytes(bytes)]),
  )
  return [
    listed,
    '',
    `Loaded again and replayed: largest difference over ${check.rows} rows is ${check.maxDifference.toExponential(1)}`,
    `Wrote ${basename(path)} in ${dirname(path)}`,
  ].join('\n')
}
