import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  DatasetStore,
  importEncoded,
  partFiles,
  profilePart,
  readSample,
  writeSampleData,
  type Sample,
} from '../../src-main/dataset'
import { smallDisk } from './smallDisk'

let scratch: string
let sample: Sample
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-dataset-faults-'))
  sample = await readSample(join(import.meta.dirname, '../../resources/samples/movielens-100k'))
  await writeSampleData(sample, scratch)
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const everything = (folder: string): Promise<string[]> => readdir(folder, { recursive: true })

async function importInto(project: string): Promise<unknown> {
  const sources = { kind: 'parts' as const, train: await partFiles(scratch, 'train') }
  return importEncoded({ project, schema: sample.parsedSchema, sources })
}

describe('writing rows', () => {
  it('to a full disk says so, names the file, and leaves nothing behind', async () => {
    const { path } = await smallDisk(512)
    const full = { code: 'disk-full', message: expect.stringContaining(join('dataset', 'encoded')) }
    await expect(writeSampleData(sample, path)).rejects.toMatchObject(full)
    expect(await everything(path)).toEqual([])
    await expect(importInto(path)).rejects.toMatchObject(full)
    expect(await everything(path)).toEqual([])
  })

  it('keeps the rows that were there when the disk runs full', async () => {
    const { path } = await smallDisk(1024)
    await writeSampleData({ ...sample, rows: 2000 }, path)
    const store = new DatasetStore(path)
    const before = [await everything(path), await store.hash()]
    await expect(importInto(path)).rejects.toMatchObject({ code: 'disk-full' })
    expect((await everything(path)).filter((name) => !name.endsWith('.hashes.json'))).toEqual(before[0])
    expect(await store.hash()).toBe(before[1])
    await store.close()
  })

  it('to a project that may only be read says so; reading it still works', async () => {
    const disk = await smallDisk(4096)
    await writeSampleData({ ...sample, rows: 2000 }, disk.path)
    await disk.makeReadOnly()
    await expect(importInto(disk.path)).rejects.toMatchObject({ code: 'read-only' })
    await expect(writeSampleData(sample, disk.path)).rejects.toMatchObject({ code: 'read-only' })
    const store = new DatasetStore(disk.path)
    expect((await store.rows('train', 1990, 20)).rows).toHaveLength(10)
    expect(await store.hash()).toHaveLength(64)
    expect(await profilePart(store, 'train')).toHaveLength(10)
    await store.close()
  })
})
