import { type Command } from 'commander'
import { type ColumnView } from '../contract'
import { effectiveSchema } from '../project/effectiveSchema'
import { schemaToObject } from '../schema'
import { type Context, withProject } from './context'
import { formatCount, formatTable } from './format'

/** `schema DIR show`. */
export function addSchemaCommand(program: Command, context: Context): void {
  const { output } = context
  program
    .command('schema')
    .description('show, import, export and edit the schema')
    .argument('<dir>', 'the project folder')
    .argument('<action>', 'show')
    .action(async (dir: string) => {
      await withProject(context, dir, async (session) => {
        output.result(
          schemaToObject(effectiveSchema(session.document)),
          columnTable(session.snapshot().columns),
        )
      })
    })
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
