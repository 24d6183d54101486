import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyDocument, parseDocument, printDocument } from '../../../src-main/project/document'
import { freePath, projectsFolder, userFolder } from '../../../src-main/project/folders'
import { withLock } from '../../../src-main/project/lock'
import { Project } from '../../../src-main/project/project'
import { RecentProjects } from '../../../src-main/project/recent'
import { readSchema } from '../../../src-main/schema'
import { effectiveSchema } from '../../../src-main/project/effectiveSchema'
import { sampleDocument } from './support'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-project-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const deadProcess = (): number => spawnSync(process.execPath, ['-e', '']).pid

describe('the document on disk', () => {
  it('is read as it was written', () => {
    const document = sampleDocument()
    expect(parseDocument(printDocument(document), 'graft.json')).toEqual(document)
  })

  it.each([
    ['{', 'not valid JSON'],
    ['[]', '"format"'],
    ['{"format":"other"}', '"format"'],
    ['{"format":"graft-project","version":"1"}', 'version'],
    [JSON.stringify({ ...emptyDocument('x'), training: { epochs: 0 } }), 'training.epochs'],
    [JSON.stringify({ ...emptyDocument('x'), tables: [{}] }), 'tables.0'],
  ])('%s is refused, naming the field', (text, field) => {
    expect(() => parseDocument(text, '/p/graft.json')).toThrow(
      expect.objectContaining({ code: 'invalid-file' }),
    )
    expect(() => parseDocument(text, '/p/graft.json')).toThrow(field)
    expect(() => parseDocument(text, '/p/graft.json')).toThrow('/p/graft.json')
  })

  it('of a newer Graft is told from a broken one', () => {
    const text = JSON.stringify({ ...emptyDocument('x'), version: 99 })
    expect(() => parseDocument(text, 'graft.json')).toThrow(
      expect.objectContaining({ code: 'unsupported-file' }),
    )
  })
})

describe('a project folder', () => {
  it('keeps graft.json and schema.pbtxt in step after every edit', async () => {
    const project = await Project.create(join(folder, 'p'), sampleDocument())
    project.execute({ type: 'setColumns', columns: ['userId'], changes: { tags: ['categorical', 'own'] } })
    await project.flush()
    const text = await readFile(join(project.path, 'graft.json'), 'utf8')
    expect(parseDocument(text, 'graft.json')).toEqual(project.document)
    const schema = readSchema('s.pbtxt', await readFile(join(project.path, 'schema.pbtxt'), 'utf8'))
    expect(schema.columns.find(({ name }) => name === 'userId')?.tags).toEqual(['categorical', 'own'])
    expect(schema.columns.map(({ embedding }) => embedding)).toEqual(
      effectiveSchema(project.document).columns.map(({ embedding }) => embedding),
    )
    await project.close()
    expect((await readdir(project.path)).sort()).toEqual(['graft.json', 'schema.pbtxt'])
  })

  it('saves by itself a moment after an edit', async () => {
    const project = await Project.create(join(folder, 'p'), emptyDocument('p'))
    project.execute({ type: 'rename', name: 'renamed' })
    await expect
      .poll(
        async () =>
          parseDocument(await readFile(join(project.path, 'graft.json'), 'utf8'), 'graft.json').name,
      )
      .toBe('renamed')
    await project.close()
  })

  it('is not made over something that is there', async () => {
    await mkdir(join(folder, 'p'))
    await writeFile(join(folder, 'p', 'mine.txt'), 'mine')
    await expect(Project.create(join(folder, 'p'), emptyDocument('p'))).rejects.toMatchObject({
      code: 'already-exists',
    })
    await expect(Project.create(join(folder, 'p', 'mine.txt'), emptyDocument('p'))).rejects.toMatchObject({
      code: 'already-exists',
    })
    expect(await readdir(join(folder, 'p'))).toEqual(['mine.txt'])
  })

  it('takes in what another process wrote, and makes its own edits again on top', async () => {
    const path = join(folder, 'p')
    const ours = await Project.create(path, sampleDocument())
    const theirs = await Project.open(path)
    ours.execute({ type: 'setFrozen', table: 'movieId', frozen: false })
    theirs.execute({ type: 'rename', name: 'theirs' })
    await theirs.flush()
    await ours.flush()
    const saved = parseDocument(await readFile(join(path, 'graft.json'), 'utf8'), 'graft.json')
    expect(saved.name).toBe('theirs')
    expect(saved.tables[0]?.frozen).toBe(false)
    expect(ours.document).toEqual(saved)
    // What they wrote can be undone here like any other edit.
    ours.undo()
    expect(ours.document.name).toBe('sample')
    await ours.close()
    await theirs.close()
  })

  it('notices by itself what another process wrote', async () => {
    const path = join(folder, 'p')
    const ours = await Project.create(path, sampleDocument())
    ours.watch()
    const theirs = await Project.open(path)
    theirs.execute({ type: 'rename', name: 'theirs' })
    await theirs.close()
    await expect.poll(() => ours.document.name, { timeout: 5_000 }).toBe('theirs')
    await ours.close()
  })

  it('loses no edit when many have it open and edit at once', async () => {
    const path = join(folder, 'p')
    await (await Project.create(path, sampleDocument())).close()
    const columns = sampleDocument().schema.columns.map(({ name }) => name)
    const projects = await Promise.all(columns.map(() => Project.open(path)))
    await Promise.all(
      projects.map(async (project, index) => {
        project.execute({
          type: 'setColumns',
          columns: [columns[index] ?? ''],
          changes: { width: 40 + index },
        })
        await project.close()
      }),
    )
    const saved = parseDocument(await readFile(join(path, 'graft.json'), 'utf8'), 'graft.json')
    expect(saved.widths).toEqual(Object.fromEntries(columns.map((name, index) => [name, 40 + index])))
  })
})

describe('the lock', () => {
  it('lets one in at a time', async () => {
    const path = join(folder, 'lock')
    let inside = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 8 }, () =>
        withLock(path, async () => {
          inside += 1
          most = Math.max(most, inside)
          await new Promise((resolve) => setTimeout(resolve, 5))
          inside -= 1
        }),
      ),
    )
    expect(most).toBe(1)
    expect(await readdir(folder)).toEqual([])
  })

  it('is given back when the work fails', async () => {
    const path = join(folder, 'lock')
    await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await withLock(path, async () => 1)).toBe(1)
  })

  it.each([
    ['of a process that died', () => JSON.stringify({ pid: deadProcess(), host: hostname(), token: 'x' })],
    ['that was cut off while it was written', () => '{"pid"'],
    ['of another machine, long silent', () => JSON.stringify({ pid: 1, host: 'elsewhere', token: 'x' })],
  ])('%s is taken over', async (_what, content) => {
    const path = join(folder, 'lock')
    await writeFile(path, content())
    const minuteAgo = new Date(Date.now() - 60_000)
    await utimes(path, minuteAgo, minuteAgo)
    expect(await withLock(path, async () => 'in')).toBe('in')
    expect(await readdir(folder)).toEqual([])
  })

  it('of a process that lives is waited for, and then reported', async () => {
    const path = join(folder, 'lock')
    await writeFile(path, JSON.stringify({ pid: process.pid, host: hostname(), token: 'x' }))
    await expect(withLock(path, async () => 'in', 200)).rejects.toMatchObject({ code: 'busy' })
  })
})

describe('folders of the person', () => {
  it('are where GRAFT_HOME says, else where the platform keeps them', () => {
    const env = { GRAFT_HOME: '/g' }
    expect(userFolder({ platform: 'linux', env, home: '/h' })).toBe('/g')
    expect(projectsFolder({ platform: 'linux', env, home: '/h' })).toBe(join('/g', 'projects'))
    expect(userFolder({ platform: 'linux', env: {}, home: '/h' })).toBe(
      join('/h', '.local', 'share', 'graft'),
    )
    expect(userFolder({ platform: 'darwin', env: {}, home: '/h' })).toContain('Application Support')
    expect(userFolder({ platform: 'win32', env: { APPDATA: 'C:\\A' }, home: '/h' })).toContain('C:\\A')
  })

  it('gives a new project a name that is free', async () => {
    expect(await freePath(folder, 'a')).toBe(join(folder, 'a'))
    await mkdir(join(folder, 'a'))
    expect(await freePath(folder, 'a')).toBe(join(folder, 'a-2'))
  })

  it('keeps recent projects, newest first, and which was open last', async () => {
    const entry = (name: string) => ({
      path: join(folder, name),
      name,
      openedAt: new Date().toISOString(),
      rows: 1,
      auc: null,
      rmse: null,
    })
    await (await Project.create(join(folder, 'a'), emptyDocument('a'))).close()
    const recent = new RecentProjects(folder)
    await recent.add(entry('a'))
    await recent.add(entry('b'))
    await recent.add(entry('a'))
    const again = new RecentProjects(folder)
    expect((await again.list()).map(({ name, exists }) => [name, exists])).toEqual([
      ['a', true],
      ['b', false],
    ])
    expect(await again.last()).toBe(join(folder, 'a'))
    await again.forget(join(folder, 'a'))
    expect(await again.last()).toBeNull()
    await writeFile(join(folder, 'recent.json'), 'rubbish')
    expect(await new RecentProjects(folder).list()).toEqual([])
  })
})
