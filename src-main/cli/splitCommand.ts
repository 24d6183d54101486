import { type Command } from 'commander'
import { integer } from './arguments'
import { type Context, runJob, withProject } from './context'
import { describeTables, tablesResult } from './tablesReport'

/** `split`: the imported rows parted otherwise; what was learnt from the training part is learnt anew. */
export function addSplitCommand(program: Command, context: Context): void {
  program
    .command('split')
    .description('split the imported rows anew, and encode them by the new training part')
    .argument('<dir>', 'the project folder')
    .argument(
      '<spec>',
      'random:0.8,0.1,0.1, time:COLUMN:…, group:COLUMN:…, leave-last-out:USER[:TIME], column:NAME or none',
    )
    .option('--seed <n>', 'fixes the split', integer(0), 42)
    .action(async (dir: string, spec: string, { seed }: { seed: number }) => {
      await withProject(context, dir, async (_session, client, services) => {
        const split = spec === 'none' ? null : spec
        const result = await runJob(services, context.output, () => client.tables.encode({ split, seed }))
        const report = tablesResult(result)
        context.output.result(report, describeTables(report))
      })
    })
}
