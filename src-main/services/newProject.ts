import { rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { emptyDocument } from '../project/document'
import { makeFolder, stagingPath, syncFolder } from '../project/files'
import { Project, requireEmptyFolder } from '../project/project'
import { type ProjectSession } from './session'
import { type Workbench } from './workbench'

/**
 * Makes a project folder: `build` fills one beside `path`, which is then renamed, so that there is all of it or nothing.
 * @throws GraftError `already-exists` where `path` holds something
 */
export async function stageProject<T>(path: string, build: (staging: string) => Promise<T>): Promise<T> {
  await requireEmptyFolder(path)
  const made = await makeFolder(dirname(path))
  const staging = stagingPath(path)
  try {
    const built = await build(staging)
    // An empty folder of that name may be there; Windows renames over none.
    await rmdir(path).catch(() => undefined)
    await rename(staging, path)
    await syncFolder(dirname(path))
    return built
  } catch (error) {
    await rm(made ?? staging, { recursive: true, force: true })
    throw error
  }
}

/** Makes a project of what `fill` brings into an empty one, and opens it. What fails leaves no project behind. */
export async function createFilled<T>(
  bench: Workbench,
  path: string,
  fill: (session: ProjectSession) => Promise<T>,
): Promise<T> {
  const filled = await stageProject(path, async (staging) => {
    await (await Project.create(staging, emptyDocument(basename(path)))).close()
    const session = await bench.openUnseen(staging)
    try {
      return await fill(session)
    } finally {
      await session.close()
    }
  })
  await bench.open(path)
  return filled
}
