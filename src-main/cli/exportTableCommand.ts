import { type Command, Option } from 'commander'
import { GraftError, tableExport, type TableExport, tableFormat, type TableFormat } from '../contract'
import { tableWriters } from '../embeddings'
import { type Context, runJob, withProject } from './context'
import { formatBytes, formatCount, formatTable } from './format'

interface ExportTableOptions {
  column: string
  table?: string
  run?: string
  out: string
  format?: TableFormat
  force: boolean
}

/** `export-table`: a column's vectors with their keys, for other programs. */
export function addExportTableCommand(program: Command, context: Context): void {
  const endings = tableWriters.map(({ extensions }) => extensions[0] ?? '').join(', ')
  program
    .command('export-table')
    .description("write a column's table with its keys, as it is attached or as a run left it")
    .argument('<dir>', 'the project folder')
    .requiredOption('--column <c>', 'the column')
    .option('--table <t>', 'one of its tables, where it has several; the first by default')
    .requiredOption('--out <f>', `the file to write; its ending tells the format: ${endings}`)
    .option('--run <run>', 'the table that this run left')
    .addOption(new Option('--format <name>', 'the format, whatever the ending').choices(tableFormat.options))
    .option('--force', 'replace files that exist', false)
    .action(async (dir: string, { column, table, run, out, format, force }: ExportTableOptions) => {
      await withProject(context, dir, async (_session, client, services) => {
        const result = await runJob(services, context.output, () =>
          client.embeddings.exportTable({
            column,
            table: table ?? null,
            run: run ?? null,
            path: context.path(out),
            format: format ?? null,
            force,
          }),
        )
        const parsed = tableExport.safeParse(result)
        if (!parsed.success) throw new GraftError('internal', parsed.error.message)
        context.output.result(parsed.data, describeExport(parsed.data))
      })
    })
}

function describeExport({ format, rows, width, files }: TableExport): string {
  return [
    `Wrote ${formatCount(rows)} × ${formatCount(width)} with a key each as ${format}`,
    formatTable(
      [{ title: 'file' }, { title: 'size', align: 'right' }],
      files.map(({ path, bytes }) => [path, formatBytes(bytes)]),
    ),
  ].join('\n')
}
