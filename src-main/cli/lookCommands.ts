import { type Command, Option } from 'commander'
import { type IdView, type NeighborMetric } from '../contract'
import { attachedTo } from '../project/edits'
import { findColumn } from '../schema'
import { integer } from './arguments'
import { type Context, withProject } from './context'
import { formatCount, formatMetric, formatShare, formatTable } from './format'

interface LookOptions {
  column: string
  id: string
  run?: string
  k: number
  metric: NeighborMetric
}

/** `inspect`, `neighbors`. */
export function addLookCommands(program: Command, context: Context): void {
  program
    .command('inspect')
    .description(
      "what is known of a column's attached table, or of one id: its row, norm, neighbours and count",
    )
    .argument('<dir>', 'the project folder')
    .requiredOption('--column <c>', 'the column')
    .option('--id <x>', 'a raw value of the column')
    .option('--run <run>', 'look into the table that this run left')
    .option('--k <n>', 'how many neighbours', integer(1), 10)
    .addOption(metricOption())
    .action((dir: string, { id, ...options }: Omit<LookOptions, 'id'> & { id?: string }) =>
      id === undefined
        ? inspectTable(context, dir, options.column)
        : inspectId(context, dir, { ...options, id }),
    )

  program
    .command('neighbors')
    .description("the ids whose rows are nearest to an id's")
    .argument('<dir>', 'the project folder')
    .requiredOption('--column <c>', 'the column')
    .requiredOption('--id <x>', 'a raw value of the column')
    .option('--run <run>', 'look into the table that this run left')
    .option('--k <n>', 'how many neighbours', integer(1), 10)
    .addOption(metricOption())
    .action(async (dir: string, options: LookOptions) => {
      await withProject(context, dir, async (_session, client) => {
        const view = await client.embeddings.neighbors(asQuery(options))
        context.output.result(view, describeNeighbors(view))
      })
    })
}

const metricOption = (): Option =>
  new Option('--metric <name>', 'what near means').choices(['cosine', 'euclidean']).default('cosine')

const asQuery = ({ column, id, run, k, metric }: LookOptions) => ({ column, id, run: run ?? null, k, metric })

async function inspectId(context: Context, dir: string, options: LookOptions): Promise<void> {
  await withProject(context, dir, async (_session, client) => {
    const detail = await client.embeddings.inspectId(asQuery(options))
    const facts = `${detail.id} of ${detail.column} is row ${formatCount(detail.index)} of table ${detail.table}, norm ${formatMetric(detail.norm)}, in ${formatCount(detail.count)} training rows`
    context.output.result(detail, `${facts}\n${describeNeighbors(detail)}`)
  })
}

function describeNeighbors({ neighbors }: IdView): string {
  return formatTable(
    [
      { title: 'id' },
      { title: 'row', align: 'right' },
      { title: 'cosine', align: 'right' },
      { title: 'distance', align: 'right' },
    ],
    neighbors.map(({ id, index, similarity, distance }) => [
      id,
      formatCount(index),
      formatMetric(similarity),
      formatMetric(distance),
    ]),
  )
}

/** The report of a column's table with its statistics; of a table that starts at random, its shape. */
async function inspectTable(context: Context, dir: string, column: string): Promise<void> {
  await withProject(context, dir, async (session) => {
    findColumn(session.document.schema, column)
    const attached = attachedTo(session.document, column)
    const view = session.snapshot().tables.find(({ columns }) => columns.includes(column))
    const stored = attached ? await session.embeddings.read(attached.id) : null
    const facts = {
      column,
      table: view?.id ?? null,
      rows: view?.rows ?? null,
      width: view?.width ?? null,
      frozen: view?.frozen ?? false,
      attached: attached ?? null,
      report: stored?.report ?? null,
      norms: stored?.statistics.norms ?? null,
    }
    const lines = [
      `${column}: table ${facts.table ?? 'none'}, ${formatCount(facts.rows ?? 0)} × ${formatCount(facts.width ?? 0)}, ${facts.frozen ? 'frozen' : 'trainable'}`,
      ...(stored
        ? [
            `${formatCount(stored.report.matchedIds)} of ${formatCount(stored.report.vocabularySize)} ids have a vector: ${formatShare(stored.report.matchedRowsShare)} of the training rows`,
            `Norms ${formatMetric(stored.statistics.norms.min)} to ${formatMetric(stored.statistics.norms.max)}, mean ${formatMetric(stored.statistics.norms.mean)}`,
          ]
        : ['No vectors are attached: it starts at random and is learnt.']),
    ]
    context.output.result(facts, lines.join('\n'))
  })
}
