import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddingStore, hashTable, mockTable } from '../../../src-main/embeddings'

let folder: string
let store: EmbeddingStore
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-store-'))
  store = new EmbeddingStore(folder)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const mock = { column: 'movieId', rows: 40, width: 8, seed: 7, frozen: true }

describe('EmbeddingStore', () => {
  it('stores a mock table that is the same for the same seed', async () => {
    const stored = await store.writeMock('movieId', mock)
    expect(stored.source).toEqual({ kind: 'mock', seed: 7 })
    expect(stored.hash).toBe(hashTable(mockTable(40, 8, 7)))
    expect(stored.report).toMatchObject({ rows: 40, matchedIds: 39, vocabularySize: 39, frozen: true })
    const { rows, width, values } = await store.load('movieId')
    expect({ rows, width, values }).toEqual({ rows: 40, width: 8, values: mockTable(40, 8, 7) })
    expect(mockTable(40, 8, 8)).not.toEqual(values)
  })

  it('notices a table that was changed outside of Graft', async () => {
    await store.writeMock('movieId', mock)
    const path = store.pathOf('movieId')
    const bytes = await readFile(path)
    bytes.writeFloatLE(3, bytes.length - 4)
    await writeFile(path, bytes)
    await expect(store.load('movieId')).rejects.toMatchObject({ code: 'invalid-file' })
  })

  it('says what is wrong with a record', async () => {
    await expect(store.read('none')).rejects.toMatchObject({ code: 'not-found' })
    await store.writeMock('movieId', mock)
    const path = join(store.folderOf('movieId'), 'report.json')
    await writeFile(path, '{"version": 1}')
    await expect(store.read('movieId')).rejects.toMatchObject({ code: 'invalid-file' })
    await writeFile(path, 'nonsense')
    await expect(store.read('movieId')).rejects.toThrow('is not valid JSON')
  })

  it('does not leave its folder', () => {
    for (const id of ['../x', 'a/b', '..', '', '.hidden', 'a\\b'])
      expect(() => store.folderOf(id)).toThrow('cannot name')
  })

  it('finds free ids, lists and prunes', async () => {
    expect(await store.list()).toEqual([])
    expect(await store.freeId('movieId')).toBe('movieId')
    await store.writeMock('movieId', mock)
    await store.writeMock('movieId-2', mock)
    expect(await store.freeId('MovieId')).toBe('MovieId-3')
    expect(await store.freeId('a/b: c')).toBe('a_b_ c')
    await mkdir(join(store.folder, '.movieId.0123abcd.tmp'))
    await store.prune(new Set(['movieId-2']))
    expect(await readdir(store.folder)).toEqual(['movieId-2'])
    await store.remove('movieId-2')
    await store.remove('movieId-2')
    expect(await store.list()).toEqual([])
  })

  it('brings back the old table where a crash came between two renames', async () => {
    const stored = await store.writeMock('movieId', mock)
    await rename(store.folderOf('movieId'), join(store.folder, '.movieId.replaced'))
    expect(await store.read('movieId')).toEqual(stored)
  })

  it('takes back what it made when rows are missing', async () => {
    const { report } = await store.writeMock('other', mock)
    const facts = { report, source: { kind: 'mock' as const, seed: 1 }, dtype: 'float32' }
    const short = (async function* () {
      yield mockTable(39, 8, 1)
    })()
    await expect(store.write('movieId', facts, short)).rejects.toThrow('312 of 320')
    expect(await readdir(store.folder)).toEqual(['other'])
  })
})
