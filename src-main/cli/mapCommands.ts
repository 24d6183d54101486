import { type Command, Option } from 'commander'
import { extname } from 'node:path'
import {
  type Client,
  GraftError,
  type IdLabel,
  type MapMethod,
  mostLabels,
  type NeighborMetric,
  pointsAtOnce,
  rowOfPoint,
  type TableDrift,
  type TableMap,
  tableMap,
  type TableVersion,
} from '../contract'
import { exists, writeFileAtomic } from '../project/files'
import { type Services } from '../services/compose'
import { integer } from './arguments'
import { type Context, ensureEngine, runJob, withProject } from './context'
import { formatCount, formatMetric, formatShare, formatTable } from './format'

interface MapOptions {
  table: string
  run?: string
  before: boolean
  method: MapMethod
  metric: NeighborMetric
  neighbors: number
  out: string
  force: boolean
}

interface DriftOptions {
  run: string
  table?: string
  k: number
}

/** `map`, `drift`. */
export function addMapCommands(program: Command, context: Context): void {
  program
    .command('map')
    .description('lay the rows of a table out on a plane, and write id, title and place of each')
    .argument('<dir>', 'the project folder')
    .requiredOption('--table <t>', 'the table')
    .requiredOption('--out <f>', 'the file to write: .csv or .tsv')
    .addOption(new Option('--method <name>', 'how').choices(['pca', 'umap']).default('pca'))
    .addOption(
      new Option('--metric <name>', 'what near means to UMAP')
        .choices(['cosine', 'euclidean'])
        .default('cosine'),
    )
    .option('--neighbors <n>', "UMAP's number of neighbours", integer(2), 15)
    .option('--run <run>', 'the table that this run left')
    .option('--before', 'with --run: the table that the run began with', false)
    .option('--force', 'replace a file that exists', false)
    .action((dir: string, options: MapOptions) => map(context, dir, options))

  program
    .command('drift')
    .description('how far the rows of tables moved in a run, and which moved most')
    .argument('<dir>', 'the project folder')
    .requiredOption('--run <run>', 'the run')
    .option('--table <t>', 'one of its tables; all by default')
    .option('--k <n>', 'how many rows of each', integer(1), 10)
    .action((dir: string, options: DriftOptions) => drift(context, dir, options))
}

async function map(context: Context, dir: string, options: MapOptions): Promise<void> {
  const { table, run, before, method, metric, neighbors, force } = options
  const out = context.path(options.out)
  const delimiter = { '.csv': ',', '.tsv': '\t' }[extname(out).toLowerCase()]
  if (delimiter === undefined)
    throw new GraftError('usage', `${out} is neither .csv nor .tsv.`, 'Give the file one of these endings.')
  if (before && run === undefined)
    throw new GraftError('usage', 'Only a run has a table before and after.', 'Name the run (--run).')
  if (!force && (await exists(out)))
    throw new GraftError('already-exists', `${out} exists already.`, 'Choose another file, or give --force.')
  await withProject(context, dir, async (_session, client, services) => {
    if (before) await ensureEngine(services, context.output)
    const version: TableVersion = { table, run: run ?? null, moment: before ? 'before' : 'after' }
    const made = await makeMap(context, services, { ...version, method, metric, neighbors })
    await writeFileAtomic(out, await mapText(client, version, made, delimiter))
    context.output.result({ ...version, ...made, file: out }, describeMap(made, out))
  })
}

/** The map from the cache, or made now. */
async function makeMap(
  { output }: Context,
  services: Services,
  wish: Parameters<Client['embeddings']['map']>[0],
): Promise<TableMap> {
  const known = await services.client.embeddings.map(wish)
  const { job } = known
  if (job === null) return tableMap.parse(known.map)
  return tableMap.parse(await runJob(services, output, () => Promise.resolve({ job })))
}

/** A line for each point, below their names. */
async function mapText(
  client: Client,
  version: TableVersion,
  { id: map, rows, points }: TableMap,
  delimiter: string,
): Promise<string> {
  const quoted = (text: string): string => (/["\r\n\t,]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text)
  const lines = [['id', 'title', 'x', 'y'].join(delimiter)]
  for (let from = 0; from < points; from += pointsAtOnce) {
    const { points: packed } = await client.embeddings.mapPoints({ map, from, count: pointsAtOnce })
    const places = Buffer.from(packed, 'base64')
    const count = places.length / 8
    for (let at = 0; at < count; at += mostLabels) {
      const some = Array.from({ length: Math.min(mostLabels, count - at) }, (_, i) => at + i)
      const asked = some.map((point) => rowOfPoint(rows, from + point))
      const { labels } = await client.embeddings.labels({ ...version, rows: asked, color: null })
      some.forEach((point, i) => {
        const label = labels[i]
        const place = [places.readFloatLE(8 * point), places.readFloatLE(8 * point + 4)]
        lines.push([quoted(label?.id ?? ''), quoted(label?.title ?? ''), ...place].join(delimiter))
      })
    }
  }
  return `${lines.join('\n')}\n`
}

function describeMap({ method, points, fitted, shares }: TableMap, out: string): string {
  const [first = 0, second = 0] = shares ?? []
  const found = shares
    ? `its axes carry ${formatShare(first)} and ${formatShare(second)} of the variance`
    : `fitted on ${formatCount(fitted)} rows`
  return `Wrote ${formatCount(points)} points by ${method === 'pca' ? 'PCA' : 'UMAP'} to ${out}: ${found}`
}

async function drift(context: Context, dir: string, { run, table, k }: DriftOptions): Promise<void> {
  await withProject(context, dir, async (session, client, services) => {
    const record = await session.runs.record(run)
    const names = record.tables.map((result) => result.table).filter((name) => !name.endsWith('.residual'))
    if (table !== undefined && !names.includes(table))
      throw new GraftError(
        'not-found',
        `Run ${run} has no table ${table}.`,
        `Its tables are: ${names.join(', ')}.`,
      )
    await ensureEngine(services, context.output)
    const tables: (TableDrift & { table: string })[] = []
    for (const name of table === undefined ? names : [table]) {
      const [from, to] = (['before', 'after'] as const).map((moment) => ({ table: name, run, moment }))
      if (from && to) tables.push({ table: name, ...(await client.embeddings.drift({ from, to, k })) })
    }
    context.output.result({ run, tables }, tables.map(describeDrift).join('\n\n'))
  })
}

function describeDrift({ table, rows, moved, mean, max, top }: TableDrift & { table: string }): string {
  if (moved === 0) return `${table}: none of ${formatCount(rows)} rows moved`
  const nameOf = ({ id, title }: IdLabel): string => (title === null ? id : `${id} (${title})`)
  return [
    `${table}: ${formatCount(moved)} of ${formatCount(rows)} rows moved, ${formatMetric(mean)} on average, ${formatMetric(max)} at most`,
    formatTable(
      [{ title: 'id' }, { title: 'moved', align: 'right' }, { title: 'cosine', align: 'right' }],
      top.map((row) => [nameOf(row), formatMetric(row.distance), formatMetric(row.similarity)]),
    ),
  ].join('\n')
}
