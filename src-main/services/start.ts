import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { projectFiles } from '../project/folders'
import { type Services } from './compose'

/** The sample that a first start shows. */
export const firstSample = 'movielens-100k'

/**
 * What is on the screen when nobody said what should be: the project that was open last, else the sample in the
 * person's own folder, made where it is not there yet.
 */
export async function openAtStart({ bench, client }: Services, path: string | null): Promise<void> {
  const project = path ?? (await bench.recent.last())
  if (project !== null) {
    await client.project.open({ path: project })
    return
  }
  if ((await bench.recent.list()).length > 0) return // closed by hand: the start view lists what there is
  const sample = join(bench.options.home, 'samples', firstSample)
  const there = await access(join(sample, projectFiles.document)).then(
    () => true,
    () => false,
  )
  if (there) await client.project.open({ path: sample })
  else await client.project.create({ path: sample, sample: firstSample })
}
