import { type Command } from 'commander'
import { z } from 'zod'
import {
  type ColumnUse,
  columnUse,
  type DerivedWish,
  dtype,
  GraftError,
  type JoinSource,
  type Part,
  role,
} from '../contract'
import { integer } from './arguments'
import { readDerived } from './deriveCommand'
import { type Context, runJob, withProject } from './context'
import { formatCount, formatTable } from './format'
import { describeTables, tablesResult } from './tablesReport'

interface ImportOptions {
  train?: string[]
  validation?: string[]
  test?: string[]
  join: JoinSource[]
  target?: string
  derive: DerivedWish[]
  split?: string
  seed: number
  delimiter?: string
  quote?: string
  header: boolean
  use: Record<string, ColumnUse>
  encoded: boolean
  raw: boolean
}

const importResult = z.object({
  rows: z.object({ train: z.int(), validation: z.int(), test: z.int() }),
  columns: z.array(z.object({ name: z.string(), dtype, role, tags: z.array(z.string()) })),
  warnings: z.array(z.string()),
})

const trainPart: Part = 'train'

/** `import`: raw tables, or Parquet files whose ids are encoded already, as the schema says. */
export function addImportCommand(program: Command, context: Context): void {
  program
    .command('import')
    .description(
      'bring in tables: CSV, TSV, JSON lines, Parquet or Arrow, raw or encoded already, or a folder that NVTabular preprocessed',
    )
    .argument('<dir>', 'the project folder')
    .argument('[files...]', 'files, folders or patterns, all for training or split')
    .option('--train <files...>', 'files of the training part')
    .option('--validation <files...>', 'files of the validation part')
    .option('--test <files...>', 'files of the test part')
    .option(
      '--join <file:key>',
      'add the columns of a table by a key, or file:column=key (repeatable)',
      readJoin,
      [],
    )
    .option('--target <column>', 'what to predict: a column, or "column>number"')
    .option(
      '--derive <spec>',
      'te:COLUMN[,COLUMN][:TARGET[:SMOOTHING[:FOLDS]]], the mean target of a category, or count:COLUMN[,COLUMN] (repeatable)',
      readDerived,
      [],
    )
    .option(
      '--use <column=use>',
      'what a column is, in the place of the guess: categorical, continuous or ignored (repeatable)',
      readUse,
      {},
    )
    .option(
      '--split <spec>',
      'random:0.8,0.1,0.1, time:COLUMN:…, group:COLUMN:…, leave-last-out:USER[:TIME] or column:NAME',
    )
    .option('--seed <n>', 'fixes the split', integer(0), 42)
    .option('--delimiter <text>', 'what separates the cells of a text; found by itself otherwise', unescape)
    .option('--quote <character>', 'what quotes a cell', '"')
    .option('--no-header', 'the first line is a row')
    .option('--encoded', 'Parquet whose ids are encoded already, as the schema says', false)
    .option('--raw', 'Parquet as it came, whatever schema the project has', false)
    .action(async (dir: string, files: string[], options: ImportOptions) => {
      const parts = filesOf(files, options, context.path)
      await withProject(context, dir, async (session, client, services) => {
        const [only] = files
        const path = only === undefined || files.length > 1 ? null : context.path(only)
        if (!options.raw && path !== null && (await client.dataset.findMerlin({ path })).found) {
          refuseRawOptions(options)
          tellEncoded(
            context,
            await runJob(services, context.output, () =>
              client.dataset.importMerlin({ path, newProject: null }),
            ),
          )
          return
        }
        const { source, schema } = session.document
        const described = schema.columns.length > 0 && source?.kind !== 'tables'
        const { train, validation, test } = parts
        if (options.encoded || (!options.raw && described && isParquet([train, validation, test].flat()))) {
          refuseRawOptions(options)
          const split = options.split ?? null
          const result = await runJob(services, context.output, () =>
            client.dataset.importEncoded({ train, validation, test, split, seed: options.seed }),
          )
          tellEncoded(context, result)
          return
        }
        const result = await runJob(services, context.output, () =>
          client.tables.import({
            files: [
              ...train.map((path) => ({ part: files.length > 0 ? null : trainPart, path })),
              ...validation.map((path) => ({ part: 'validation' as const, path })),
              ...test.map((path) => ({ part: 'test' as const, path })),
            ],
            joins: options.join.map((join) => ({ ...join, path: context.path(join.path) })),
            options: {
              delimiter: options.delimiter ?? null,
              quote: options.quote ?? null,
              header: options.header ? null : false,
            },
            split: options.split ?? null,
            seed: options.seed,
            target: options.target ?? null,
            derived: options.derive,
            uses: options.use,
          }),
        )
        const report = tablesResult(result)
        context.output.result(report, describeTables(report))
      })
    })
}

/** Prints what an import of encoded rows told. */
export function tellEncoded({ output }: Context, result: unknown): void {
  const parsed = importResult.safeParse(result)
  if (!parsed.success) throw new GraftError('internal', parsed.error.message)
  output.result(parsed.data, describeImport(parsed.data))
}

/** `users.csv:user_id`, or `users.csv:user_id=id`. A path may hold colons. */
function readJoin(text: string, before: readonly JoinSource[]): JoinSource[] {
  const at = text.lastIndexOf(':')
  const [path, keys] = [text.slice(0, at), text.slice(at + 1)]
  const [on = '', key = on] = keys.split('=')
  if (at <= 0 || on === '' || key === '')
    throw new GraftError(
      'usage',
      `"${text}" is no join.`,
      'Write --join FILE:KEY, or FILE:COLUMN=KEY where the key is called otherwise in the file.',
    )
  return [...before, { path, on, key }]
}

/** `zip=categorical`. A column's name may hold equal signs. */
function readUse(text: string, before: Readonly<Record<string, ColumnUse>>): Record<string, ColumnUse> {
  const at = text.lastIndexOf('=')
  const use = columnUse.safeParse(text.slice(at + 1))
  if (at <= 0 || !use.success)
    throw new GraftError(
      'usage',
      `"${text}" does not say what a column is.`,
      `Write --use COLUMN=${columnUse.options.join('|')}.`,
    )
  return { ...before, [text.slice(0, at)]: use.data }
}

/** `\t` as people write a tab. */
function unescape(text: string): string {
  return text === '\\t' || text === 'tab' ? '\t' : text
}

function isParquet(paths: readonly string[]): boolean {
  return paths.every(
    (path) =>
      !/\.(csv|tsv|txt|data|json|jsonl|ndjson|feather|ftr|arrows?|ipc)(\.(gz|gzip|zst|zstd))?$/i.test(path),
  )
}

function refuseRawOptions({ join, target, derive, use }: ImportOptions): void {
  if (join.length + derive.length + Object.keys(use).length > 0 || target !== undefined)
    throw new GraftError(
      'usage',
      'Files that are encoded already are neither joined nor given a target, uses or derived columns: the schema describes them.',
      'Leave out --join, --target, --use and --derive, or add --raw.',
    )
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
  if (named && options.split !== undefined)
    throw new GraftError('usage', 'Files that are given for each part are not split.', 'Leave out --split.')
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
