import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where things are inside of a project folder. */
export const projectFiles = {
  document: 'graft.json',
  schema: 'schema.pbtxt',
  /** Schemas as they were imported, to tell what has changed since. */
  schemas: 'schemas',
  lock: '.graft.lock',
  dataset: 'dataset',
  embeddings: 'embeddings',
  runs: 'runs',
  exports: 'exports',
  /** What can be computed again: maps of tables, first values of learnt ones. */
  cache: 'cache',
} as const

/** What `userFolder` needs of the process; a parameter for tests. */
export interface Surroundings {
  readonly platform: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}

const here = (): Surroundings => ({ platform: process.platform, env: process.env, home: homedir() })

/**
 * The folder of everything that belongs to the person and to no project: recent projects, the window's place, the
 * sample. `GRAFT_HOME`, else what the platform sets aside for it.
 */
export function userFolder({ platform, env, home }: Surroundings = here()): string {
  if (env['GRAFT_HOME']) return env['GRAFT_HOME']
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Graft')
  if (platform === 'win32') return join(env['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'Graft')
  return join(env['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'graft')
}

/** Where new projects go unless somebody says otherwise: a folder that people find again. */
export function projectsFolder(surroundings: Surroundings = here()): string {
  if (surroundings.env['GRAFT_HOME']) return join(surroundings.env['GRAFT_HOME'], 'projects')
  return join(surroundings.home, 'Documents', 'Graft')
}

/** `parent/name`, or the first of `parent/name-2`, `-3`, … that is free. */
export async function freePath(parent: string, name: string): Promise<string> {
  for (let suffix = 1; ; suffix += 1) {
    const path = join(parent, suffix === 1 ? name : `${name}-${suffix}`)
    try {
      await access(path)
    } catch {
      return path
    }
  }
}
