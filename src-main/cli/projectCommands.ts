import { type Command } from 'commander'
import { type Context, runJob } from './context'

/** `new`. */
export function addProjectCommands(program: Command, context: Context): void {
  program
    .command('new')
    .description('create a project folder, empty or with a sample')
    .argument('<dir>', 'the folder to create')
    .option('--sample <name>', 'start from a sample, such as movielens-100k')
    .action(async (dir: string, options: { sample?: string }) => {
      const services = context.services()
      try {
        const path = context.path(dir)
        await runJob(services, context.output, () =>
          services.client.project.create({ path, sample: options.sample ?? null }),
        )
        context.output.result({ path }, `Created ${path}`)
      } finally {
        await services.bench.close()
      }
    })
}
