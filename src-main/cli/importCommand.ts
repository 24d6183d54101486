import { type Command } from 'commander'
import { z } from 'zod'
import { GraftError } from '../contract'
import { dtypes, role } from '../schema'
import { integer } from './arguments'
import { type Context, runJob, withProject } from './context'
import { formatCount, formatTable } from './format'

interface ImportOptions {
  train?: string[]
  validation?: string[]
  test?: string[]
  split?: string
  seed: number
}

const importResult = z.object({
  rows: z.object({ train: z.int(), validation: z.int(), test: z.int() }),
  columns: z.array(z.object({ name: z.string(), dtype: z.enum(dtypes), role, tags: z.array(z.string()) })),
  warnings: z.array(z.string()),
})

/** `import`: Parquet files whose ids are encoded already, as the schema says. */
export function addImportCommand(program: Command, context: Context): void {
  program
    .command('import')
    .description('bring in Parquet files whose ids are encoded already')
    .argument('<dir>', 'the project folder')
    .argument('[files...]', 'files or patterns, all for training or split')
    .option('--train <files...>', 'files of the training part')
    .option('--validation <files...>', 'files of the validation part')
    .option('--test <files...>', 'files of the test part')
    .option('--split <spec>', 'random:0.8,0.1,0.1 for training, validation and test')
    .option('--seed <n>', 'fixes the split', integer(0), 42)
    .action(async (dir: string, files: string[], options: ImportOptions) => {
      const { train, validation, test } = filesOf(files, options, context.path)
      await withProject(context, dir, async (_session, client, services) => {
        const result = await runJob(services, context.output, () =>
          client.dataset.importEncoded({
            train,
            validation,
            test,
            split: options.split ?? null,
            seed: options.seed,
          }),
        )
        const parsed = importResult.safeParse(result)
        if (!parsed.success) throw new GraftError('internal', parsed.error.message)
        context.output.result(parsed.data, describeImport(parsed.data))
      })
    })
}

function filesOf(
  files: readonly string[],
  options: ImportOptions,
  path: (given: string) => string,
): { train: string[]; validation: string[]; test: string[] } {
  const named = [options.train, options.validation, options.test].some((list) => list !== undefined)
  if (files.length > 0 && named)
    throw new GraftError(
      'usage',
      'Files are given either for all parts together, or for each part.',
      'Write import DIR FILE… [--split …], or import DIR --train FILE… [--validation FILE…] [--test FILE…].',
    )
  const train = files.length > 0 ? files : (options.train ?? [])
  if (train.length === 0)
    throw new GraftError('usage', 'No file to import.', 'Name the files, or give --train.')
  return {
    train: train.map(path),
    validation: (options.validation ?? []).map(path),
    test: (options.test ?? []).map(path),
  }
}

function describeImport({ rows, columns, warnings }: z.infer<typeof importResult>): string {
  return [
    formatTable(
      [{ title: 'part' }, { title: 'rows', align: 'right' }],
      Object.entries(rows).map(([part, count]) => [part, formatCount(count)]),
    ),
    '',
    formatTable(
      [{ title: 'column' }, { title: 'dtype' }, { title: 'role' }, { title: 'tags' }],
      columns.map(({ name, dtype, role, tags }) => [name, dtype, role, tags.join(', ')]),
    ),
    ...warnings.map((warning) => `Note: ${warning}`),
  ].join('\n')
}
