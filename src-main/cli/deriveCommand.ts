import { type Command } from 'commander'
import { derivedWish, type DerivedWish, GraftError } from '../contract'
import { type Context, runJob, withProject } from './context'
import { describeTables, tablesResult } from './tablesReport'

/** `derive`: columns learnt from the training part, added to and taken from a project of raw tables. */
export function addDeriveCommand(program: Command, context: Context): void {
  program
    .command('derive')
    .description('add target encodings and counts, learnt from the training part, and take them off')
    .argument('<dir>', 'the project folder')
    .argument(
      '[specs...]',
      'te:COLUMN[,COLUMN][:TARGET[:SMOOTHING[:FOLDS]]] (smoothing 20, 5 folds) or count:COLUMN[,COLUMN]',
    )
    .option('--drop <names...>', 'derived columns to take off')
    .action(async (dir: string, specs: string[], { drop = [] }: { drop?: string[] }) => {
      if (specs.length + drop.length === 0)
        throw new GraftError('usage', 'Nothing to derive.', 'Give te:COLUMN, count:COLUMN or --drop NAME.')
      const derive = specs.reduce<DerivedWish[]>((wishes, spec) => readDerived(spec, wishes), [])
      await withProject(context, dir, async (_session, client, services) => {
        const result = await runJob(services, context.output, () => client.tables.encode({ derive, drop }))
        const report = tablesResult(result)
        context.output.result(report, describeTables(report))
      })
    })
}

/**
 * Reads `te:COLUMN[,COLUMN][:TARGET[:SMOOTHING[:FOLDS]]]` or `count:COLUMN[,COLUMN]`; `\\:` and `\\,` are characters of a
 * name.
 * @throws GraftError `usage`
 */
export function readDerived(text: string, before: readonly DerivedWish[]): DerivedWish[] {
  const [kind, list = '', target, smoothing, folds, ...rest] = cut(text, ':')
  const columns = cut(list, ',').map(plain)
  const given =
    kind === 'te'
      ? {
          kind: 'targetEncoding',
          columns,
          target: target === undefined || target === '' ? null : plain(target),
          ...(smoothing === undefined ? {} : { smoothing: Number(smoothing) }),
          ...(folds === undefined ? {} : { folds: Number(folds) }),
        }
      : kind === 'count' && target === undefined
        ? { kind: 'count', columns }
        : null
  const parsed = derivedWish.safeParse(given)
  if (parsed.success && rest.length === 0) return [...before, parsed.data]
  throw new GraftError(
    'usage',
    `"${text}" is no derived column.`,
    'Write te:COLUMN[,COLUMN][:TARGET[:SMOOTHING[:FOLDS]]] or count:COLUMN[,COLUMN].',
  )
}

const cut = (text: string, mark: ':' | ','): string[] => text.split(mark === ':' ? /(?<!\\):/ : /(?<!\\),/)

const plain = (text: string): string => text.replace(/\\([:,])/g, '$1')
