import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Job } from '../../src-main/contract'
import { profilePart, profileRaw } from '../../src-main/dataset'
import { type Services } from '../../src-main/services/compose'
import { contentOf } from '../contentOf'
import { makeServices, waitForJob } from '../unit/services/support'
import { smallDisk } from './smallDisk'

let scratch: string
let services: Services
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-tables-faults-'))
  services = makeServices(join(scratch, 'home'))
})
afterEach(async () => {
  await services.bench.close()
  await rm(scratch, { recursive: true, force: true })
})

/** A CSV of users who like items; past a thousand rows most cells are values of their own, which compress badly. */
async function write(name: string, rows: number): Promise<string> {
  const lines = Array.from({ length: rows }, (_, i) => {
    const noise = createHash('md5').update(`${i}`).digest('hex')
    return `u${i % 50},${rows > 1000 ? noise : `i${i % 20}`},${(i * 7919) % 997},${i % 3 === 0 ? 1 : 0}`
  })
  const path = join(scratch, name)
  await writeFile(path, ['user_id,item_id,age,liked', ...lines, ''].join('\n'))
  return path
}

/** Takes the space of a disk but for so many bytes. */
async function fill(disk: string, left: number): Promise<void> {
  const { bavail, bsize } = await statfs(disk)
  await writeFile(join(disk, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - left)))
}

type Import = Parameters<Services['client']['tables']['import']>[0]

function request(path: string, changes: Partial<Import> = {}): Import {
  return {
    files: [{ part: null, path }],
    joins: [],
    options: { delimiter: null, quote: null, header: null },
    split: 'random:0.8,0.1,0.1',
    seed: 1,
    target: 'liked',
    ...changes,
  }
}

const importInto = (given: Import): Promise<Job> =>
  waitForJob(services, () => services.client.tables.import(given))

async function projectOn(path: string): Promise<void> {
  const made = await waitForJob(services, () => services.client.project.create({ path, sample: null }))
  expect(made.error).toBeNull()
}

describe('a disk that fills', () => {
  it('during an import of raw rows says so; rows, document and files are as before', async () => {
    const disk = await smallDisk(2048)
    const project = join(disk.path, 'p')
    await projectOn(project)
    expect((await importInto(request(await write('small.csv', 500)))).state).toBe('done')
    const [before, document] = [await contentOf(project), services.bench.requireSession().document]
    const failed = await importInto(request(await write('large.csv', 80_000)))
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'disk-full' } })
    expect(failed.error?.hint).toContain('Free some space')
    expect(await contentOf(project)).toEqual(before)
    expect(services.bench.requireSession().document).toBe(document)
  })

  it('while rows are encoded anew says so; a schema that was to change with them has not', async () => {
    const disk = await smallDisk(7168)
    const project = join(disk.path, 'p')
    await projectOn(project)
    const settings = request(await write('rows.csv', 60_000), { uses: { item_id: 'ignored' } })
    expect((await importInto(settings)).error).toBeNull()
    const [before, document] = [await contentOf(project), services.bench.requireSession().document]
    const command = {
      type: 'setColumns' as const,
      columns: ['item_id'],
      changes: { role: 'feature' as const, tags: ['categorical'] },
    }
    await fill(disk.path, 64 << 10)
    const failed = await waitForJob(services, () => services.client.tables.encode({ commands: [command] }))
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'disk-full' } })
    expect(await contentOf(project)).toEqual(before)
    expect(services.bench.requireSession().document).toBe(document)
    await rm(join(disk.path, 'filler'))
  })

  it('before a profile is kept does not keep it from being shown', async () => {
    const disk = await smallDisk(2048)
    const project = join(disk.path, 'p')
    await projectOn(project)
    await importInto(request(await write('small.csv', 500)))
    await fill(disk.path, 0)
    const before = await contentOf(project)
    const store = services.bench.requireSession().data
    expect(await profilePart(store, 'train')).toHaveLength((await store.columns('train')).length)
    expect(await profileRaw(store)).toHaveLength(4)
    expect(await contentOf(project)).toEqual(before)
    await rm(join(disk.path, 'filler'))
  })

  it('under a new project leaves no project', async () => {
    const disk = await smallDisk(512)
    const project = join(disk.path, 'projects', 'new')
    const failed = await importInto(request(await write('large.csv', 40_000), { newProject: project }))
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'disk-full' } })
    expect(await readdir(disk.path)).toEqual([])
    expect(services.bench.session).toBeNull()
  })
})

describe('a cancel at any moment', () => {
  /** Starts a job and cancels it after a while. */
  async function cancelled(after: number, start: () => Promise<{ job: string }>): Promise<Job> {
    let timer: NodeJS.Timeout | undefined
    const job = await waitForJob(services, async () => {
      const started = await start()
      timer = setTimeout(() => void services.client.jobs.cancel(started), after)
      return started
    })
    clearTimeout(timer)
    return job
  }

  it('of an import, a join, an encoding or a split leaves every byte as it was, or the work whole', async () => {
    const project = join(scratch, 'p')
    await projectOn(project)
    const path = await write('rows.csv', 30_000)
    const users = join(scratch, 'users.csv')
    await writeFile(
      users,
      `user_id,city\n${Array.from({ length: 50 }, (_, i) => `u${i},c${i % 7}`).join('\n')}\n`,
    )
    const joined = request(path, { joins: [{ path: users, on: 'user_id', key: 'user_id' }] })
    const took = Date.now()
    expect((await importInto(joined)).error).toBeNull()
    const whole = Date.now() - took
    const { client } = services
    const works = [
      () => client.tables.import(joined),
      () => client.tables.import(request(path, { seed: 3 })),
      () => client.tables.encode({ seed: 5 }),
      () => client.tables.encode({ split: 'group:user_id:0.7,0.2,0.1' }),
    ]
    const ends = new Set<string>()
    for (let turn = 0; turn < 24; turn++) {
      const before = await contentOf(project)
      const { document } = services.bench.requireSession()
      const start = works[turn % works.length] ?? (() => client.tables.encode({}))
      // The golden ratio's multiples are spread evenly, whatever their number.
      const { state } = await cancelled(whole * ((turn * 0.618) % 1), start)
      ends.add(state)
      if (state === 'cancelled') {
        expect(await contentOf(project)).toEqual(before)
        expect(services.bench.requireSession().document).toBe(document)
      } else {
        // It was done before the cancel came.
        expect(state).toBe('done')
      }
      expect((await readdir(project)).filter((name) => name.startsWith('.'))).toEqual([])
    }
    expect(ends).toContain('cancelled')
  })

  it('of a new project leaves none, and the project that was open open', async () => {
    await projectOn(join(scratch, 'open'))
    const path = await write('rows.csv', 30_000)
    const folder = join(scratch, 'projects')
    for (const after of [0, 15, 40, 90]) {
      const newProject = join(folder, `new-${after}`)
      const job = await cancelled(after, () => services.client.tables.import(request(path, { newProject })))
      if (job.state === 'done') continue
      expect(job.state).toBe('cancelled')
      expect((await readdir(folder).catch(() => [])).filter((name) => name.includes(`new-${after}`))).toEqual(
        [],
      )
      expect(services.bench.requireSession().path).toBe(join(scratch, 'open'))
    }
  })

  it('of a preview ends it and leaves no scratch files', async () => {
    const path = await write('rows.csv', 200_000)
    const temporary = async (): Promise<string[]> =>
      (await readdir(tmpdir())).filter((name) => name.startsWith('graft-preview-')).sort()
    const before = await temporary()
    const asked = services.client.tables.preview({
      files: [path],
      joins: [],
      options: {},
      target: null,
      asker: 'window',
    })
    const outcome = expect(asked).rejects.toMatchObject({ code: 'cancelled' })
    await services.client.tables.stopPreview({ asker: 'another' })
    await services.client.tables.stopPreview({ asker: 'window' })
    await outcome
    expect(await temporary()).toEqual(before)
  })
})

describe('a schema and the rows that it describes', () => {
  it('change together, or not at all', async () => {
    const project = join(scratch, 'p')
    await projectOn(project)
    await importInto(request(await write('rows.csv', 300)))
    const { bench, client } = services
    const first = await contentOf(project)
    const changes = { role: 'feature' as const, tags: ['categorical'] }
    const command = { type: 'setColumns' as const, columns: ['age'], changes }
    const refused = await waitForJob(services, () =>
      client.tables.encode({ commands: [command], split: 'time:nowhere:0.8,0.1,0.1' }),
    )
    expect(refused).toMatchObject({ state: 'failed', error: { code: 'unknown-column' } })
    expect(await contentOf(project)).toEqual(first)
    const done = await waitForJob(services, () => client.tables.encode({ commands: [command] }))
    expect(done.error).toBeNull()
    const column = bench.requireSession().document.schema.columns.find(({ name }) => name === 'age')
    expect(column).toMatchObject({ tags: ['categorical'], dtype: 'int32' })
    // A schema file does the same.
    const file = join(scratch, 'schema.json')
    await client.schema.export({ path: file, force: false })
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('"categorical"', '"continuous"'))
    const before = await contentOf(project)
    const failed = await waitForJob(services, () =>
      client.tables.encode({ schema: file, split: 'group:nobody:0.8,0.1,0.1' }),
    )
    expect(failed.state).toBe('failed')
    expect(await contentOf(project)).toEqual(before)
    const taken = await waitForJob(services, () => client.tables.encode({ schema: file }))
    expect(taken.error).toBeNull()
    expect(bench.requireSession().document.imported?.file).toBe('schema.json')
    const age = bench.requireSession().document.schema.columns.find(({ name }) => name === 'age')
    expect(age).toMatchObject({ tags: ['continuous'], dtype: 'float32' })
  })

  it('what the import told is told again after the project was opened anew', async () => {
    const project = join(scratch, 'p')
    await projectOn(project)
    const { result } = await importInto(request(await write('rows.csv', 300)))
    await services.client.project.close({})
    await services.client.project.open({ path: project })
    expect((await services.client.tables.report({})).report).toEqual(result)
  })
})
