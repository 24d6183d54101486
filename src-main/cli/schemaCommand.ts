import { type Command, Option } from 'commander'
import { z } from 'zod'
import {
  type ColumnChange,
  type ColumnEncoding,
  columnEncoding,
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
  encoding?: string
  apply: boolean
  force: boolean
}

const actions = ['show', 'infer', 'import', 'export', 'set', 'encode', 'diff'] as const
type Action = (typeof actions)[number]

/** `schema DIR show|infer|import|export|set|encode|diff`. */
export function addSchemaCommand(program: Command, context: Context): void {
  program
    .command('schema')
    .description('show, import, export and edit the schema, and tell what changed since it was imported')
    .argument('<dir>', 'the project folder')
    .argument('<action>', 'show, infer, import FILE, export FILE, set COLUMN, encode, or diff')
    .argument('[name]', 'the file or column; a file is read and written as its name says: .pbtxt or .json')
    .option('--tags <a,b>', 'set: replace the tags', list)
    .addOption(new Option('--dtype <type>', 'set: the type').choices(dtype.options))
    .addOption(new Option('--role <role>', 'set: what the column is for').choices(role.options))
    .option('--width <width>', 'set: a number, or the rule merlin, schema or nvtabular')
    .option(
      '--encoding <json>',
      'set: how raw values become numbers, such as {"minCount": 5}; what is left out stays as it is',
    )
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

  encode: async (context, dir) => {
    await withProject(context, dir, async (session, client, services) => {
      const report = await runJob(services, context.output, () => client.tables.encode({}))
      context.output.result(report, columnTable(session.snapshot().columns))
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
    const wish = options.encoding === undefined ? undefined : parseWish(options.encoding)
    const width = options.width === undefined ? undefined : parseWidth(options.width)
    if ([tags, dtype, role, width, wish].every((change) => change === undefined))
      throw new GraftError('usage', 'Nothing to set.', 'Give --tags, --dtype, --role, --width or --encoding.')
    await withProject(context, dir, async (session, client, services) => {
      const changes = { tags, dtype, role, width }
      const command = { type: 'setColumns' as const, columns: [column], changes }
      // What a column is for decides how it is encoded: both change, or neither.
      const encodes =
        wish !== undefined ||
        (session.document.source?.kind === 'tables' && (tags ?? dtype ?? role) !== undefined)
      if (encodes) {
        const edited = [tags, dtype, role, width].some((change) => change !== undefined)
        const present = session.snapshot().columns.find((candidate) => candidate.name === column)
        const encoding = wish && { [column]: encodingOf(column, wish, present?.encoding ?? null) }
        const commands = edited ? [command] : []
        await runJob(services, context.output, () => client.tables.encode({ commands, encoding }))
      } else await client.project.execute({ command })
      const { columns } = session.snapshot()
      const edited = columns.filter((candidate) => candidate.name === column)
      context.output.result(edited[0] ?? null, columnTable(edited))
    })
  },
}

/** Settings as they were written; which there are depends on the column's kind. */
function parseWish(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
  } catch {
    throw new GraftError(
      'usage',
      `--encoding is no JSON object: ${text}`,
      'Write it as {"minCount": 5} or {"kind": "list", "separator": "|"}.',
    )
  }
}

/** The wish over the settings that the column has; over the usual ones where it is to be of another kind. */
function encodingOf(
  column: string,
  wish: Record<string, unknown>,
  present: ColumnEncoding | null,
): ColumnEncoding {
  const kind = wish['kind'] ?? present?.kind
  if (kind === undefined)
    throw new GraftError(
      'invalid-setting',
      `Column ${column} is not encoded, so --encoding has to say its kind.`,
      `Kinds are ${columnEncoding.options.map((option) => option.shape.kind.value).join(', ')}.`,
      { column },
    )
  const option = columnEncoding.options.find(({ shape }) => shape.kind.value === kind)
  const known = new Set(Object.keys(option?.shape ?? {}))
  const unknown = option && Object.keys(wish).find((name) => !known.has(name))
  const parsed = columnEncoding.safeParse({ ...(present?.kind === kind && present), ...wish, kind })
  const [issue] = parsed.success ? [] : parsed.error.issues
  const wrong =
    unknown === undefined ? issue && `${issue.path.join('.')}: ${issue.message}` : `no setting ${unknown}`
  if (parsed.success && unknown === undefined) return parsed.data
  throw new GraftError(
    'invalid-setting',
    `The encoding of ${column} does not fit (${wrong}).`,
    option
      ? `Settings of ${String(kind)}: ${[...known].join(', ')}.`
      : `Kinds are ${columnEncoding.options.map((one) => one.shape.kind.value).join(', ')}.`,
    { column },
  )
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
