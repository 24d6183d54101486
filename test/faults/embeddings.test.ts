import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attachByPosition, EmbeddingStore, mockTable, writeNpy } from '../../src-main/embeddings'
import { smallDisk } from './smallDisk'

let scratch: string
let vectors: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-attach-faults-'))
  vectors = join(scratch, 'vectors.npy')
  await writeNpy(vectors, mockTable(1681, 128, 1), 128)
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const request = { table: 'movieId', column: 'movieId', vocabularySize: 1680, frozen: true }

describe('attaching vectors', () => {
  it('to a project on a full disk says so, and leaves nothing behind', async () => {
    const { path } = await smallDisk(512)
    const store = new EmbeddingStore(path)
    await expect(attachByPosition(store, { ...request, path: vectors })).rejects.toMatchObject({
      code: 'disk-full',
    })
    expect(await readdir(path)).toEqual([])
  })

  it('keeps the table that was there when the disk runs full', async () => {
    const { path } = await smallDisk(1024)
    const store = new EmbeddingStore(path)
    const before = await store.writeMock('movieId', {
      column: 'movieId',
      rows: 100,
      width: 8,
      seed: 1,
      frozen: true,
    })
    await store.writeMock('filler', { column: 'other', rows: 1000, width: 64, seed: 1, frozen: true })
    await expect(attachByPosition(store, { ...request, path: vectors })).rejects.toMatchObject({
      code: 'disk-full',
    })
    expect(await store.read('movieId')).toEqual(before)
    expect((await store.load('movieId')).values).toEqual(mockTable(100, 8, 1))
    expect((await readdir(store.folder)).sort()).toEqual(['filler', 'movieId'])
  })

  it('to a project that may only be read says so', async () => {
    const disk = await smallDisk(4096)
    await disk.makeReadOnly()
    const store = new EmbeddingStore(disk.path)
    await expect(attachByPosition(store, { ...request, path: vectors })).rejects.toMatchObject({
      code: 'read-only',
    })
  })
})
