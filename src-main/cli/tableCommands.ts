import { type Command } from 'commander'
import { type AlignmentReport, alignmentReport, GraftError } from '../contract'
import { attachedTo } from '../project/edits'
import { findColumn } from '../schema'
import { type Context, runJob, withProject } from './context'
import { formatCount, formatShare } from './format'

interface AttachOptions {
  column: string
  file: string
  key?: string
  byPosition: boolean
  frozen?: boolean
  trainable?: boolean
}

/** `attach`, `detach`, `freeze`, `unfreeze`. */
export function addTableCommands(program: Command, context: Context): void {
  program
    .command('attach')
    .description('graft a file of vectors onto a column, in the place of its table')
    .argument('<dir>', 'the project folder')
    .requiredOption('--column <c>', 'the categorical column')
    .requiredOption('--file <f>', 'the vectors: .npy or .npz')
    .option('--key <name>', 'the array in a file that holds several')
    .option('--by-position', 'row i belongs to id i', false)
    .option('--frozen', 'training does not change the vectors (the default)')
    .option('--trainable', 'training changes the vectors')
    .action((dir: string, options: AttachOptions) => attach(context, dir, options))

  program
    .command('detach')
    .description("take a column's attached table off: it gets a random one again")
    .argument('<dir>', 'the project folder')
    .requiredOption('--column <c>', 'the column')
    .action(async (dir: string, { column }: { column: string }) => {
      await withProject(context, dir, async (session, client) => {
        const table = attachedTo(session.document, column)?.id ?? null
        await client.project.execute({ command: { type: 'detach', column } })
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
      .action((dir: string, { column }: { column: string }) => setFrozen(context, dir, column, frozen))
}

async function attach(context: Context, dir: string, options: AttachOptions): Promise<void> {
  const { column, key, byPosition } = options
  if (options.frozen === true && options.trainable === true)
    throw new GraftError('usage', 'A table is frozen or trainable, not both.', 'Leave one of the two out.')
  await withProject(context, dir, async (_session, client, services) => {
    const result = await runJob(services, context.output, () =>
      client.embeddings.attach({
        column,
        path: context.path(options.file),
        array: key ?? null,
        frozen: options.trainable !== true,
        byPosition,
      }),
    )
    const parsed = alignmentReport.safeParse(result)
    if (!parsed.success) throw new GraftError('internal', parsed.error.message)
    context.output.result(parsed.data, describeReport(parsed.data))
  })
}

function describeReport(report: AlignmentReport): string {
  const { table, column, rows, width, matchedIds, vocabularySize, matchedRowsShare, frozen, warnings } =
    report
  return [
    `Attached ${formatCount(rows)} × ${formatCount(width)} to ${column} as table ${table}, ${frozen ? 'frozen' : 'trainable'}`,
    `${formatCount(matchedIds)} of ${formatCount(vocabularySize)} ids have a vector: ${formatShare(matchedRowsShare)} of the training rows`,
    ...warnings.map((warning) => `Note: ${warning}`),
  ].join('\n')
}

async function setFrozen(context: Context, dir: string, column: string, frozen: boolean): Promise<void> {
  await withProject(context, dir, async (session, client) => {
    const { document } = session
    findColumn(document.schema, column)
    const table = attachedTo(document, column)?.id
    if (table === undefined)
      throw new GraftError(
        'invalid-setting',
        `Column ${column} has no attached table.`,
        'Only pretrained tables can be frozen: attach vectors to the column first.',
        { column },
      )
    await client.project.execute({ command: { type: 'setFrozen', table, frozen } })
    context.output.result(
      { column, table, frozen },
      `Table ${table} of ${column} is ${frozen ? 'frozen' : 'trainable'}`,
    )
  })
}
