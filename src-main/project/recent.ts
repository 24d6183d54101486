import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type RecentProject, recentProject } from '../contract'
import { isFile, writeFileAtomic } from './files'
import { projectFiles } from './folders'

const stored = z.object({
  version: z.literal(1),
  projects: z.array(recentProject.omit({ exists: true })),
  /** The project that was open last; null after it was closed by hand. */
  last: z.string().nullable(),
})
type Stored = z.infer<typeof stored>
type Entry = Stored['projects'][number]

const longest = 20

async function isProject(path: string): Promise<boolean> {
  return isFile(join(path, projectFiles.document))
}

/** The projects that the person had open, newest first, in `recent.json` of the user's folder. */
export class RecentProjects {
  private readonly file: string
  private state: Promise<Stored>

  constructor(private readonly folder: string) {
    this.file = join(folder, 'recent.json')
    this.state = this.read()
  }

  async list(): Promise<RecentProject[]> {
    const { projects } = await this.state
    return Promise.all(projects.map(async (entry) => ({ ...entry, exists: await isProject(entry.path) })))
  }

  /** The project to open at the next start, where it is still there. */
  async last(): Promise<string | null> {
    const { last } = await this.state
    return last !== null && (await isProject(last)) ? last : null
  }

  /** Puts a project at the top and makes it the one to open next time. */
  async add(entry: Entry): Promise<void> {
    await this.change(({ projects }) => ({
      version: 1,
      projects: [entry, ...projects.filter(({ path }) => path !== entry.path)].slice(0, longest),
      last: entry.path,
    }))
  }

  /** Takes a project off the list; its folder stays. */
  async forget(path: string): Promise<void> {
    await this.change(({ projects, last }) => ({
      version: 1,
      projects: projects.filter((entry) => entry.path !== path),
      last: last === path ? null : last,
    }))
  }

  /** The next start opens no project. */
  async closed(): Promise<void> {
    await this.change((state) => ({ ...state, last: null }))
  }

  private async change(edit: (state: Stored) => Stored): Promise<void> {
    this.state = this.state.then(edit)
    const state = await this.state
    await mkdir(this.folder, { recursive: true })
    await writeFileAtomic(this.file, `${JSON.stringify(state, null, 2)}\n`)
  }

  /** A list that cannot be read is a convenience lost, and no reason not to start. */
  private async read(): Promise<Stored> {
    const empty: Stored = { version: 1, projects: [], last: null }
    try {
      return stored.catch(empty).parse(JSON.parse(await readFile(this.file, 'utf8')))
    } catch {
      return empty
    }
  }
}
