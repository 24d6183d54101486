import { type Command, Option } from 'commander'
import { type ColumnProfile, GraftError, part, type Part } from '../contract'
import { type Context, withProject } from './context'
import { formatCount, formatTable } from './format'

/** `profile`: statistics of the columns, computed once and stored. */
export function addProfileCommand(program: Command, context: Context): void {
  program
    .command('profile')
    .description('statistics of the columns: of raw tables as they were imported, else of the training part')
    .argument('<dir>', 'the project folder')
    .option('--column <c>', 'one column, with its histogram or most frequent values')
    .addOption(new Option('--part <part>', 'the encoded rows of a part').choices(part.options))
    .action(async (dir: string, { column, part }: { column?: string; part?: Part }) => {
      await withProject(context, dir, async (session, client) => {
        const columns = column === undefined ? null : [column]
        const isRaw = part === undefined && session.document.source?.kind === 'tables'
        const found = isRaw
          ? await client.tables.profile({ columns })
          : await client.dataset.profile({ part: part ?? 'train', columns })
        const of = isRaw ? 'raw' : (part ?? 'train')
        const [first] = found.columns
        if (column !== undefined && !first)
          throw new GraftError(
            'unknown-column',
            `The ${of} rows have no column ${column}.`,
            'profile DIR lists the columns.',
            { column },
          )
        if (column !== undefined && first) context.output.result({ of, ...first }, describeColumn(first))
        else context.output.result({ of, columns: found.columns }, describeColumns(found.columns))
      })
    })
}

const formatValue = (value: number | string | null): string =>
  value === null
    ? ''
    : typeof value === 'string'
      ? value.slice(0, 24)
      : Number.isInteger(value)
        ? String(value)
        : String(Number(value.toPrecision(5)))

function describeColumns(columns: readonly ColumnProfile[]): string {
  return formatTable(
    [
      { title: 'column' },
      { title: 'type' },
      { title: 'missing', align: 'right' },
      { title: 'distinct', align: 'right' },
      { title: 'min', align: 'right' },
      { title: 'median', align: 'right' },
      { title: 'mean', align: 'right' },
      { title: 'max', align: 'right' },
    ],
    columns.map(({ column, type, missing, distinct, min, max, mean, quantiles }) => [
      column,
      type.toLowerCase(),
      formatCount(missing),
      formatCount(distinct),
      formatValue(min),
      formatValue(quantiles?.p50 ?? null),
      formatValue(mean),
      formatValue(max),
    ]),
  )
}

function describeColumn(profile: ColumnProfile): string {
  const { histogram, top, quantiles, lengths } = profile
  const lines = [describeColumns([profile])]
  if (quantiles) {
    const { p5, p25, p50, p75, p95 } = quantiles
    lines.push(
      `5 % ${formatValue(p5)}, 25 % ${formatValue(p25)}, 50 % ${formatValue(p50)}, 75 % ${formatValue(p75)}, 95 % ${formatValue(p95)}`,
    )
  }
  if (lengths) lines.push(`${lengths.min} to ${lengths.max} items, ${formatValue(lengths.mean)} on average`)
  if (histogram) {
    const most = Math.max(1, ...histogram.counts)
    lines.push(
      '',
      ...histogram.counts.map((count, i) => {
        const from = formatValue(histogram.edges[i] ?? 0).padStart(12)
        return `${from}  ${'█'.repeat(Math.round((40 * count) / most)).padEnd(40)}  ${formatCount(count)}`
      }),
    )
  } else if (top)
    lines.push(
      '',
      formatTable(
        [{ title: 'value' }, { title: 'rows', align: 'right' }],
        top.map(({ value, count }) => [value.slice(0, 60), formatCount(count)]),
      ),
    )
  return lines.join('\n')
}
