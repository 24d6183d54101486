import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  combination,
  type Combination,
  type DocumentCommand,
  GraftError,
  tableUse,
  type TableUse,
} from '../contract'
import { applyEdit, isTable } from '../project/edits'
import { integer } from './arguments'
import { type Context, withProject } from './context'

interface UseOptions {
  table: string
  project?: number | null
  hidden?: number | null
  residual?: 'on' | 'off'
  learningRateScale?: number
  l2?: number
  unfreezeAtEpoch?: number | null
  dropout?: number
  maxNorm?: number | null
  combine?: Combination
}

/** `use`. */
export function addUseCommand(program: Command, context: Context): void {
  program
    .command('use')
    .description('show or set how the rows of a table enter the model and learn')
    .argument('<dir>', 'the project folder')
    .requiredOption('--table <t>', 'an attached table, or the vocabulary of one that starts at random')
    .option('--project <n>', 'a learned projection to this width, or none', orNone(integer(1)))
    .option('--hidden <n>', 'ReLU units within the projection, or none for a linear one', orNone(integer(1)))
    .addOption(
      new Option('--residual <switch>', 'a trained table, at first zero, added to the rows').choices([
        'on',
        'off',
      ]),
    )
    .option('--learning-rate-scale <x>', 'what the learning rate is multiplied by', number)
    .option('--l2 <x>', 'L2 on looked-up rows', number)
    .option(
      '--unfreeze-at-epoch <n>',
      'the epoch from which a frozen table trains, or none',
      orNone(integer(2)),
    )
    .option('--dropout <x>', 'share of the numbers of looked-up rows that training drops', number)
    .option('--max-norm <x>', 'rows that a step moved are scaled back to this norm, or none', orNone(number))
    .addOption(
      new Option('--combine <how>', 'what the columns of the table do with the rows of several').choices(
        combination.options,
      ),
    )
    .action((dir: string, options: UseOptions) => use(context, dir, options))
}

async function use(context: Context, dir: string, options: UseOptions): Promise<void> {
  const { table, combine } = options
  await withProject(context, dir, async (session, client) => {
    if (!isTable(session.document, table))
      throw new GraftError(
        'not-found',
        `There is no embedding table ${table}.`,
        'Name an attached table, or the vocabulary of a categorical column.',
        { table },
      )
    const changes = changesOf(options, session.document.uses[table])
    const columns = session.document.tables.find(({ id }) => id === table)?.columns ?? []
    const commands: DocumentCommand[] = [
      ...(Object.keys(changes).length > 0 ? [{ type: 'setUse' as const, table, changes }] : []),
      ...(combine
        ? columns.map((column) => ({ type: 'setCombination' as const, column, combination: combine }))
        : []),
    ]
    // All of them or none: what one of them would refuse is found before the first is made.
    commands.reduce(applyEdit, session.document)
    for (const command of commands) await client.project.execute({ command })
    const now = session.document.uses[table] ?? tableUse.parse({})
    const combinations = Object.fromEntries(
      columns.map((column) => [column, session.document.combinations[column] ?? 'concat']),
    )
    context.output.result({ table, use: now, combinations }, describeUse(table, now))
  })
}

function changesOf(options: UseOptions, before: TableUse | undefined): Partial<TableUse> {
  const { project, hidden, residual, learningRateScale, l2, unfreezeAtEpoch, dropout, maxNorm } = options
  const width = project === undefined ? (before?.projection?.width ?? null) : project
  if (hidden !== undefined && width === null)
    throw new GraftError(
      'usage',
      'Hidden units belong to a projection.',
      'Give its width, too (--project N).',
    )
  const units = hidden === undefined ? (before?.projection?.hidden ?? null) : hidden
  return {
    ...((project !== undefined || hidden !== undefined) && {
      projection: width === null ? null : { width, hidden: units },
    }),
    ...(residual !== undefined && { residual: residual === 'on' }),
    ...(learningRateScale !== undefined && { learningRateScale }),
    ...(l2 !== undefined && { l2 }),
    ...(unfreezeAtEpoch !== undefined && { unfreezeAtEpoch }),
    ...(dropout !== undefined && { dropout }),
    ...(maxNorm !== undefined && { maxNorm }),
  }
}

function describeUse(table: string, use: TableUse): string {
  const { projection, residual, learningRateScale, l2, unfreezeAtEpoch, dropout, maxNorm } = use
  const through = projection?.hidden ? ` through ${projection.hidden} units` : ''
  return [
    `Table ${table}`,
    `projection: ${projection ? `to ${projection.width}${through}` : 'none'}`,
    `residual: ${residual ? 'trained' : 'none'}`,
    `learning rate: × ${learningRateScale}`,
    `L2: ${l2}`,
    `unfrozen at epoch: ${unfreezeAtEpoch ?? 'never'}`,
    `dropout: ${dropout}`,
    `max norm: ${maxNorm ?? 'none'}`,
  ].join('\n')
}

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('Give a number of 0 or more.')
  return value
}

/** `none` takes a setting away. */
function orNone(parse: (text: string) => number): (text: string) => number | null {
  return (text) => (text === 'none' ? null : parse(text))
}
