import { type Command } from 'commander'
import { GraftError } from '../contract'
import { type Context, runJob } from './context'
import { tellEncoded } from './importCommand'

/** `new`. */
export function addProjectCommands(program: Command, context: Context): void {
  program
    .command('new')
    .description('create a project folder: empty, with a sample, or from preprocessed data')
    .argument('<dir>', 'the folder to create')
    .option('--sample <name>', 'start from a sample, such as movielens-100k')
    .option('--from <folder>', 'start from a folder that NVTabular preprocessed, as it is')
    .action(async (dir: string, options: { sample?: string; from?: string }) => {
      const { sample, from } = options
      if (sample !== undefined && from !== undefined)
        throw new GraftError('usage', 'A project starts from a sample or from a folder.', 'Leave one out.')
      const services = context.services()
      try {
        const path = context.path(dir)
        if (from !== undefined) {
          const result = await runJob(services, context.output, () =>
            services.client.dataset.importMerlin({ path: context.path(from), newProject: path }),
          )
          tellEncoded(context, result)
          return
        }
        await runJob(services, context.output, () =>
          services.client.project.create({ path, sample: sample ?? null }),
        )
        context.output.result({ path }, `Created ${path}`)
      } finally {
        await services.bench.close()
      }
    })
}
