import { type Command, Option } from 'commander'
import {
  type ColumnChange,
  type ColumnView,
  dtype,
  type Dtype,
  GraftError,
  role,
  type Role,
  type TablesInference,
  type WidthOverride,
  widthOverride,
} from '../contract'
import { effectiveSchema } from '../project/effectiveSchema'
import { schemaToObject } from '../schema'
import { list } from './arguments'
import { type Context, runJob, withProject } from './context'
import { formatCount, formatTable } from './format'

interface SchemaOptions {
  tags?: string[]
  dtype?: Dtype
  role?: Role
  width?: string
  apply: boolean
  force: boolean
}

const actions = ['show', 'infer', 'import', 'export', 'set', 'diff'] as const
type Action = (typeof actions)[number]

/** `schema DIR show|infer|import|export|set|diff`. */
export function addSchemaCommand(program: Command, context: Context): void {
  program
    .command('schema')
    .description('show, import, export and edit the schema, and tell what changed since it was imported')
    .argument('<dir>', 'the project folder')
    .argument('<action>', 'show, infer, import FILE, export FILE, set COLUMN, or diff')
    .argument('[name]', 'the file or column; a file is read and written as its name says: .pbtxt or .json')
    .option('--tags <a,b>', 'set: replace the tags', list)
    .addOption(new Option('--dtype <type>', 'set: the type').choices(dtype.options))
    .addOption(new Option('--role <role>', 'set: what the column is for').choices(role.options))
    .option('--width <width>', 'set: a number, or the rule merlin, schema or nvtabular')
    .option('--apply', 'infer: take each raw column for what the rules say, and encode anew', false)
    .option('--force', 'export: replace a file that exists', false)
    .action(async (dir: string, action: string, name: string | undefined, options: SchemaOptions) => {
      await actionOf(action)(context, dir, name, options)
    })
}

type Run = (context: Context, dir: string, name: string | undefined, options: SchemaOptions) => Promise<void>

function actionOf(text: string): Run {
  const found = actions.find((action) => action === text)
  if (!found)
    throw new GraftError('usage', `schema has no action "${text}".`, `It has ${actions.join(', ')}.`)
  return runs[found]
}

const runs: Record<Action, Run> = {
  show: async (context, dir) => {
    await withProject(context, dir, async (session) => {
      const schema = schemaToObject(effectiveSchema(session.document))
      context.output.result(schema, columnTable(session.snapshot().columns))
    })
  },

  infer: async (context, dir, _name, { apply }) => {
    await withProject(context, dir, async (_session, client, services) => {
      const inferred = await client.tables.infer({})
      if (apply) await runJob(services, context.output, () => client.tables.encode({ infer: true }))
      context.output.result({ ...inferred, applied: apply }, inferenceTable(inferred))
    })
  },

  import: async (context, dir, name) => {
    const path = context.path(required(name, 'import', 'a file'))
    await withProject(context, dir, async (session, client, services) => {
      // Rows that were imported raw are encoded by the new schema, or neither changes.
      if (session.document.source?.kind === 'tables')
        await runJob(services, context.output, () => client.tables.encode({ schema: path }))
      else await client.schema.import({ path })
      const { columns } = session.snapshot()
      const shown = columns.map(({ name, dtype, role, tags }) => ({ name, dtype, role, tags }))
      context.output.result({ columns: shown }, columnTable(columns))
    })
  },

  export: async (context, dir, name, { force }) => {
    const path = context.path(required(name, 'export', 'a file'))
    await withProject(context, dir, async (_session, client) => {
      await client.schema.export({ path, force })
      context.output.result({ path }, `Wrote ${path}`)
    })
  },

  diff: async (context, dir) => {
    await withProject(context, dir, async (_session, client) => {
      const { imported, columns } = await client.schema.diff({})
      const words =
        imported === null
          ? 'No imported schema is kept to compare with.'
          : columns.length === 0
            ? `Nothing changed since ${imported.file} was imported.`
            : diffTable(columns)
      context.output.result({ imported: imported?.file ?? null, columns }, words)
    })
  },

  set: async (context, dir, name, options) => {
    const column = required(name, 'set', 'a column')
    const { tags, dtype, role } = options
    const width = options.width === undefined ? undefined : parseWidth(options.width)
    if ([tags, dtype, role, width].every((change) => change === undefined))
      throw new GraftError('usage', 'Nothing to set.', 'Give --tags, --dtype, --role or --width.')
    await withProject(context, dir, async (session, client, services) => {
      const changes = { tags, dtype, role, width }
      const command = { type: 'setColumns' as const, columns: [column], changes }
      // What a column is for decides how it is encoded: both change, or neither.
      const encodes = session.document.source?.kind === 'tables' && (tags ?? dtype ?? role) !== undefined
      if (encodes) await runJob(services, context.output, () => client.tables.encode({ commands: [command] }))
      else await client.project.execute({ command })
      const { columns } = session.snapshot()
      const edited = columns.filter((candidate) => candidate.name === column)
      context.output.result(edited[0] ?? null, columnTable(edited))
    })
  },
}

/** What each raw column would be taken for, and why; a star where it is taken for something else now. */
function inferenceTable({ columns, warnings }: TablesInference): string {
  return [
    formatTable(
      [
        { title: '' },
        { title: 'column' },
        { title: 'type' },
        { title: 'role' },
        { title: 'tags' },
        { title: 'why' },
      ],
      columns.map(({ name, type, role, tags, reason, differs }) => [
        differs ? '*' : '',
        name,
        type.toLowerCase(),
        role,
        tags.join(', '),
        reason,
      ]),
    ),
    ...warnings.map((warning) => `Note: ${warning}`),
  ].join('\n')
}

/** A line for each field that changed: what it was, and what it is. */
function diffTable(columns: readonly ColumnChange[]): string {
  return formatTable(
    [{ title: 'column' }, { title: 'field' }, { title: 'was' }, { title: 'is' }],
    columns.flatMap(({ column, change, fields }) =>
      change === 'changed'
        ? fields.map(({ field, before, after }) => [column, field, inWords(before), inWords(after)])
        : [[column, change, '', '']],
    ),
  )
}

/** A value on one line: texts as they are, lists with commas, anything else as its JSON. */
function inWords(value: unknown): string {
  if (value === null) return '–'
  if (typeof value === 'string') return value
  return Array.isArray(value) ? value.map(inWords).join(', ') || '–' : JSON.stringify(value)
}

function required(name: string | undefined, action: Action, what: string): string {
  if (name !== undefined) return name
  throw new GraftError('usage', `schema ${action} needs ${what}.`, `Write schema DIR ${action} NAME.`)
}

function parseWidth(text: string): WidthOverride {
  const parsed = widthOverride.safeParse(/^\d+$/.test(text) ? Number(text) : text)
  if (parsed.success) return parsed.data
  throw new GraftError(
    'usage',
    `"${text}" is no width.`,
    'Give a number from 1 to 65536, or merlin, schema or nvtabular.',
  )
}

/** The grid of the Schema view in a terminal. */
export function columnTable(columns: readonly ColumnView[]): string {
  return formatTable(
    [
      { title: 'column' },
      { title: 'role' },
      { title: 'dtype' },
      { title: 'values', align: 'right' },
      { title: 'width', align: 'right' },
      { title: 'from' },
      { title: 'tags' },
    ],
    columns.map(({ name, role, dtype, isList, domain, width, tags }) => [
      name,
      role,
      isList ? `list of ${dtype}` : dtype,
      domain ? formatCount(domain.max) : '',
      width ? String(width.width) : '',
      width?.from ?? '',
      tags.join(', '),
    ]),
  )
}
