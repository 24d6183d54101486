import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type AlignmentReport,
  alignmentReport,
  type AlignmentSettings,
  GraftError,
  type KeyRule,
  keyRule,
  type VectorQuality,
} from '../contract'
import { vectorReaders } from '../embeddings'
import { attachedTo, tablesAttachedTo } from '../project/edits'
import { findColumn } from '../schema'
import { integer, list } from './arguments'
import { type Context, runJob, withProject } from './context'
import { formatCount, formatMetric, formatShare } from './format'

interface AttachOptions {
  column: string
  file: string
  array?: string
  key?: string
  ids?: string
  keyRule: KeyRule[]
  normalize: AlignmentSettings['normalize']
  center: boolean
  pca?: number
  missing: AlignmentSettings['missing']
  unknown: AlignmentSettings['unknown']
  byPosition: boolean
  frozen?: boolean
  trainable?: boolean
  add: boolean
  dryRun: boolean
  extraRows?: 'on' | 'off'
  project?: number
}

/** `attach`, `detach`, `freeze`, `unfreeze`. */
export function addTableCommands(program: Command, context: Context): void {
  program
    .command('attach')
    .description('graft a file of vectors onto a column, in the place of its table')
    .argument('<dir>', 'the project folder')
    .requiredOption('--column <c>', 'the categorical column')
    .requiredOption('--file <f>', `the vectors: ${vectorReaders.map(({ format }) => format).join(', ')}`)
    .option('--key <name>', 'the field that holds the keys, or the array in a file that holds several')
    .option('--array <name>', 'the array in a file that holds several, where --key names its keys')
    .option(
      '--ids <sidecar>',
      'a file of keys, one for each row of vectors: .txt, .json, .csv, .tsv, .parquet, .npy',
    )
    .option('--by-position', 'row i belongs to id i, whatever keys there are', false)
    .option('--key-rule <rules>', 'what makes keys equal: trim, case, number, prefix', keyRules, [])
    .addOption(
      new Option('--normalize <how>', 'rows of length 1, or columns of mean 0 and deviation 1')
        .choices(['none', 'l2', 'standardize'])
        .default('none'),
    )
    .option('--center', 'subtract the mean of each column', false)
    .option('--pca <n>', 'reduce to the N leading principal axes', integer(1))
    .addOption(
      new Option('--missing <how>', 'what ids without a vector get')
        .choices(['mean', 'random', 'zero', 'unknown'])
        .default('mean'),
    )
    .addOption(
      new Option('--unknown <how>', 'what the unknown row gets where the file has none')
        .choices(['mean', 'random', 'zero'])
        .default('mean'),
    )
    .option('--frozen', 'training does not change the vectors (the default)')
    .option('--trainable', 'training changes the vectors')
    .option('--dry-run', 'say what would be found, and attach nothing', false)
    .option('--project <n>', 'a learned projection to this width', integer(1))
    .option('--add', "beside the column's tables, and not in their place", false)
    .addOption(
      new Option(
        '--extra-rows <switch>',
        'whether ids that occur only in the file get rows; on for frozen and projected tables unless said otherwise',
      ).choices(['on', 'off']),
    )
    .action((dir: string, options: AttachOptions) => attach(context, dir, options))

  program
    .command('detach')
    .description("take a column's attached table off: it gets a random one again")
    .argument('<dir>', 'the project folder')
    .requiredOption('--column <c>', 'the column')
    .option('--table <t>', 'one of several tables; all of them where it is left out')
    .action(async (dir: string, options: { column: string; table?: string }) => {
      const { column } = options
      await withProject(context, dir, async (session, client) => {
        const table = options.table ?? attachedTo(session.document, column)?.id ?? null
        await client.project.execute({ command: { type: 'detach', column, table: options.table ?? null } })
        context.output.result({ column, table }, `Detached table ${table ?? ''} from ${column}`)
      })
    })

  for (const [name, frozen] of [
    ['freeze', true],
    ['unfreeze', false],
  ] as const)
    program
      .command(name)
      .description(
        frozen ? "keep training from changing a column's vectors" : "let training change a column's vectors",
      )
      .argument('<dir>', 'the project folder')
      .requiredOption('--column <c>', 'the column')
      .option('--table <t>', 'one of several tables; all of them where it is left out')
      .action((dir: string, { column, table }: { column: string; table?: string }) =>
        setFrozen(context, dir, { column, table, frozen }),
      )
}

async function attach(context: Context, dir: string, options: AttachOptions): Promise<void> {
  const { column, byPosition, normalize, center, missing, unknown } = options
  if (options.frozen === true && options.trainable === true)
    throw new GraftError('usage', 'A table is frozen or trainable, not both.', 'Leave one of the two out.')
  await withProject(context, dir, async (_session, client, services) => {
    const ask = options.dryRun ? client.embeddings.preview : client.embeddings.attach
    const result = await runJob(services, context.output, () =>
      ask({
        column,
        path: context.path(options.file),
        array: options.array ?? null,
        frozen: options.trainable !== true,
        byPosition,
        key: options.key ?? null,
        ids: options.ids === undefined ? null : context.path(options.ids),
        add: options.add,
        extraRows: extraRowsOf(options),
        alignment: {
          keyRules: options.keyRule,
          normalize,
          center,
          pca: options.pca ?? null,
          missing,
          unknown,
        },
      }),
    )
    const parsed = alignmentReport.safeParse(result)
    if (!parsed.success) throw new GraftError('internal', parsed.error.message)
    const { project } = options
    if (project !== undefined && !options.dryRun) {
      const changes = { projection: { width: project, hidden: null } }
      await client.project.execute({ command: { type: 'setUse', table: parsed.data.table, changes } })
    }
    context.output.result(parsed.data, describeReport(parsed.data, options.dryRun))
  })
}

/** As the project decides, unless somebody said; a projected table gets them, trainable or not. */
function extraRowsOf({ extraRows, project }: AttachOptions): boolean | null {
  if (extraRows !== undefined) return extraRows === 'on'
  return project === undefined ? null : true
}

function keyRules(text: string): KeyRule[] {
  return list(text).map((name) => {
    const rule = keyRule.safeParse(name)
    if (!rule.success) throw new InvalidArgumentError(`Choose among ${keyRule.options.join(', ')}.`)
    return rule.data
  })
}

function describeReport(report: AlignmentReport, preview: boolean): string {
  const { table, column, rows, width, matchedIds, vocabularySize, matchedRowsShare, frozen, warnings } =
    report
  const extra = report.extraRows ?? 0
  return [
    `${preview ? 'Would attach' : 'Attached'} ${formatCount(rows)} × ${formatCount(width)} to ${column} as table ${table}, ${frozen ? 'frozen' : 'trainable'}`,
    `${formatCount(matchedIds)} of ${formatCount(vocabularySize)} ids have a vector: ${formatShare(matchedRowsShare)} of the training rows`,
    ...(extra > 0 ? [`${formatCount(extra)} rows are for ids that occur only in the file`] : []),
    ...(report.quality ? describeQuality(report.quality) : []),
    ...warnings.map((warning) => `Note: ${warning}`),
  ].join('\n')
}

function describeQuality({ norms, meanCosine, constantDimensions, nearDuplicates }: VectorQuality): string[] {
  const { rows, compared, example } = nearDuplicates
  const alike = example ? `, such as ${example.a} and ${example.b}` : ''
  return [
    `Norms ${formatMetric(norms.min)} to ${formatMetric(norms.max)}, mean ${formatMetric(norms.mean)}; mean cosine ${meanCosine === null ? 'none' : formatMetric(meanCosine)}`,
    `${formatCount(constantDimensions)} constant dimensions; ${formatCount(rows)} of ${formatCount(compared)} rows compared have a near duplicate${alike}`,
  ]
}

async function setFrozen(
  context: Context,
  dir: string,
  { column, table: named, frozen }: { column: string; table?: string; frozen: boolean },
): Promise<void> {
  await withProject(context, dir, async (session, client) => {
    const { document } = session
    findColumn(document.schema, column)
    const tables = tablesAttachedTo(document, column)
      .map(({ id }) => id)
      .filter((id) => named === undefined || id === named)
    const [table] = tables
    if (table === undefined)
      throw new GraftError(
        'invalid-setting',
        `Column ${column} has no attached table${named === undefined ? '' : ` ${named}`}.`,
        'Only pretrained tables can be frozen: attach vectors to the column first.',
        { column },
      )
    for (const id of tables)
      await client.project.execute({ command: { type: 'setFrozen', table: id, frozen } })
    context.output.result(
      { column, table, frozen, tables },
      `Table ${tables.join(', ')} of ${column} is ${frozen ? 'frozen' : 'trainable'}`,
    )
  })
}
