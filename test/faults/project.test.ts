import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseDocument } from '../../src-main/project/document'
import { Project } from '../../src-main/project/project'
import { createSample } from '../../src-main/services/samples'
import { sampleDocument } from '../unit/project/support'
import { makeServices, waitForJob } from '../unit/services/support'
import { smallDisk } from './smallDisk'

const root = resolve(import.meta.dirname, '../..')
const samples = join(root, 'resources/samples')
const quiet = { signal: new AbortController().signal, report: () => undefined }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-project-faults-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const readDocument = async (path: string) =>
  parseDocument(await readFile(join(path, 'graft.json'), 'utf8'), 'graft.json')

describe('a disk that runs full', () => {
  it('keeps the edit in memory, says so, and saves it by itself once there is room', async () => {
    const { path } = await smallDisk(256)
    const project = await Project.create(join(path, 'p'), sampleDocument())
    const ballast = join(path, 'ballast')
    // Written in pieces, so that it takes what there is to the last page.
    await writeFile(ballast, '')
    for (;;) {
      try {
        await writeFile(ballast, Buffer.alloc(4096), { flag: 'a' })
      } catch {
        break
      }
    }
    project.execute({ type: 'rename', name: 'edited' })
    await expect(project.flush()).rejects.toMatchObject({ code: 'disk-full' })
    expect(project.saveError).toMatchObject({ code: 'disk-full' })
    expect(project.document.name).toBe('edited')
    expect((await readDocument(project.path)).name).toBe('sample')
    await rm(ballast)
    await expect.poll(() => project.saveError, { timeout: 10_000 }).toBeNull()
    expect((await readDocument(project.path)).name).toBe('edited')
    await project.close()
    expect((await readdir(project.path)).sort()).toEqual(['graft.json', 'schema.pbtxt'])
  })

  it('leaves nothing of a sample that does not fit', async () => {
    const { path } = await smallDisk(1024)
    await expect(createSample(samples, 'movielens-100k', join(path, 'p'), quiet)).rejects.toMatchObject({
      code: 'disk-full',
    })
    expect(await readdir(path)).toEqual([])
  })
})

describe('a folder that may only be read', () => {
  it('is opened, shown, and not written', async () => {
    const disk = await smallDisk(8192)
    const path = join(disk.path, 'p')
    await createSample(samples, 'movielens-100k', path, quiet)
    await disk.makeReadOnly()
    const services = makeServices(join(folder, 'home'))
    const snapshot = await services.client.project.open({ path })
    expect(snapshot.dataset?.parts).toMatchObject([{ rows: 100_000 }])
    const edited = await services.client.project.execute({ command: { type: 'rename', name: 'edited' } })
    expect(edited.document.name).toBe('edited')
    const { project } = services.bench.requireSession()
    await expect.poll(() => project.saveError?.code, { timeout: 5_000 }).toBe('read-only')
    expect((await services.client.session.connect({})).project?.saveError?.code).toBe('read-only')
    // Leaving would lose the edit, so the project stays open until it is undone.
    await expect(services.client.project.close({})).rejects.toMatchObject({ code: 'read-only' })
    expect(services.bench.requireSession().document.name).toBe('edited')
    await services.client.project.undo({})
    expect((await readDocument(path)).name).toBe('p')
    await services.client.project.close({})
    await services.bench.close()
  })

  it('gets no project', async () => {
    const disk = await smallDisk(64)
    await disk.makeReadOnly()
    const services = makeServices(join(folder, 'home'))
    for (const sample of [null, 'movielens-100k']) {
      const path = join(disk.path, 'p')
      const job = await waitForJob(services, () => services.client.project.create({ path, sample }))
      expect(job).toMatchObject({ state: 'failed', error: { code: 'read-only' } })
    }
    await services.bench.close()
  })
})

describe('a document that is damaged', () => {
  it('is not opened, not touched, and the project that was open stays open', async () => {
    const services = makeServices(join(folder, 'home'))
    await (await Project.create(join(folder, 'good'), sampleDocument())).close()
    await (await Project.create(join(folder, 'bad'), sampleDocument())).close()
    await services.client.project.open({ path: join(folder, 'good') })
    for (const [text, code] of [
      ['{"format":"graft-proj', 'invalid-file'],
      ['', 'invalid-file'],
      [JSON.stringify({ ...sampleDocument(), version: 2 }), 'unsupported-file'],
    ]) {
      const file = join(folder, 'bad', 'graft.json')
      await writeFile(file, text ?? '')
      await expect(services.client.project.open({ path: join(folder, 'bad') })).rejects.toMatchObject({
        code,
      })
      expect(await readFile(file, 'utf8')).toBe(text)
      expect(services.bench.requireSession().path).toBe(join(folder, 'good'))
    }
    await services.bench.close()
  })

  it('under an open project is not written over, and is told', async () => {
    const project = await Project.create(join(folder, 'p'), sampleDocument())
    const file = join(project.path, 'graft.json')
    await writeFile(file, '{ damaged')
    project.execute({ type: 'rename', name: 'edited' })
    await expect(project.flush()).rejects.toMatchObject({ code: 'invalid-file' })
    expect(await readFile(file, 'utf8')).toBe('{ damaged')
    await rm(file)
    await project.flush()
    expect((await readDocument(project.path)).name).toBe('edited')
    await project.close()
  })
})

describe('a process that is killed', () => {
  it('at any moment of an edit leaves a document that opens, and no lock that holds', async () => {
    const path = join(folder, 'p')
    await (await Project.create(path, sampleDocument())).close()
    const cli = join(root, 'out/main/cli.cjs')
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const child = spawn(process.execPath, [
        cli,
        'schema',
        path,
        'set',
        'userId',
        '--width',
        String(10 + attempt),
      ])
      const gone = new Promise((done) => child.once('close', done))
      setTimeout(() => child.kill('SIGKILL'), 250 + 70 * attempt)
      await gone
      const { widths } = await readDocument(path)
      expect(widths['userId'] ?? 10).toBeGreaterThanOrEqual(10)
    }
    const project = await Project.open(path)
    project.execute({ type: 'rename', name: 'after' })
    await project.close()
    expect((await readDocument(path)).name).toBe('after')
  })
})
