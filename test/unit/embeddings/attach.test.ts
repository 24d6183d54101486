import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GraftError } from '../../../src-main/contract/errors'
import { attachByPosition, EmbeddingStore, mockTable, writeNpy } from '../../../src-main/embeddings'
import { formatNpyHeader } from '../../../src-main/embeddings/readers/npyHeader'

let folder: string
let store: EmbeddingStore

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-attach-'))
  store = new EmbeddingStore(folder)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function save(name: string, values: Float32Array, width: number): Promise<string> {
  const path = join(folder, name)
  await writeNpy(path, values, width)
  return path
}

async function failure(work: Promise<unknown>): Promise<GraftError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  if (error instanceof GraftError) return error
  throw new Error(`expected a GraftError, got ${String(error)}`)
}

const movie = { table: 'movieId', column: 'movieId', vocabularySize: 1680, frozen: true }

describe('attachByPosition', () => {
  it('takes a file of n + 1 rows as it is', async () => {
    const values = mockTable(1681, 128, 7)
    const path = await save('vectors.npy', values, 128)
    const progress: number[] = []
    const stored = await attachByPosition(store, {
      ...movie,
      path,
      countMatchedRows: async (matched) => ({
        rows: matched.length,
        matched: matched.reduce((sum, one) => sum + one, 0),
      }),
      onProgress: (done) => progress.push(done),
    })
    expect({ ...stored.report, quality: stored.report.quality?.vectors }).toEqual({
      quality: 1680,
      table: 'movieId',
      column: 'movieId',
      rows: 1681,
      width: 128,
      matchedIds: 1680,
      vocabularySize: 1680,
      matchedRowsShare: 1680 / 1681,
      missingIds: 0,
      extraKeys: 0,
      duplicateKeys: 0,
      nonFiniteRows: 0,
      frozen: true,
      warnings: [],
    })
    expect(progress.at(-1)).toBe(1681)
    const loaded = await store.load('movieId')
    expect(loaded.values).toEqual(values)
    const file = await readFile(path)
    expect(stored.source).toEqual({
      kind: 'file',
      path,
      array: null,
      format: 'npy',
      sha256: createHash('sha256').update(file).digest('hex'),
    })
    expect(stored.hash).toBe(createHash('sha256').update(Buffer.from(values.buffer)).digest('hex'))
    expect(stored.file.dataOffset % 64).toBe(0)
    const table = await readFile(store.pathOf('movieId'))
    expect(table.subarray(stored.file.dataOffset).equals(Buffer.from(values.buffer))).toBe(true)
    expect(table.length).toBe(stored.file.bytes)
    expect(await store.read('movieId')).toEqual(stored)
  })

  it('takes a file of n rows as ids 1 to n, unknown being their mean', async () => {
    const path = await save('vectors.npy', Float32Array.of(1, 2, 3, 6, 5, 1), 2)
    const stored = await attachByPosition(store, { ...movie, vocabularySize: 3, path })
    expect([...(await store.load('movieId')).values]).toEqual([3, 3, 1, 2, 3, 6, 5, 1])
    expect(stored.report).toMatchObject({ rows: 4, width: 2, matchedIds: 3, vocabularySize: 3 })
    expect(stored.report.warnings[0]).toContain('ids 1 to 3')
  })

  it('refuses other numbers of rows, naming what the column needs', async () => {
    const path = await save('vectors.npy', mockTable(5, 4, 1), 4)
    const error = await failure(attachByPosition(store, { ...movie, path }))
    expect(error.code).toBe('shape-mismatch')
    expect(error.message).toBe(
      'vectors.npy is 5 × 4; movieId needs 1,681 rows: 1,680 ids and the unknown row 0.',
    )
    expect(error.details).toEqual({ expected: [1681, 4], found: [5, 4] })
  })

  it('refuses another width than the one that is fixed', async () => {
    const path = await save('vectors.npy', mockTable(4, 4, 1), 4)
    const error = await failure(
      attachByPosition(store, { ...movie, vocabularySize: 3, path, expectedWidth: 8 }),
    )
    expect(error.code).toBe('shape-mismatch')
    expect(error.message).toContain('needs 4 × 8')
  })

  it('counts NaN and infinity over the whole file and names the first row', async () => {
    const values = mockTable(5000, 100, 3)
    values[1234 * 100 + 5] = NaN
    values[1234 * 100 + 6] = -Infinity
    values[4999 * 100] = Infinity
    const path = await save('vectors.npy', values, 100)
    for (const vocabularySize of [4999, 5000]) {
      const error = await failure(attachByPosition(store, { ...movie, vocabularySize, path }))
      expect(error.code).toBe('non-finite')
      expect(error.details).toEqual({ count: 2, numbers: 3, firstRow: 1234 })
    }
    expect(await readdir(folder)).toEqual(['vectors.npy'])
  })

  it('keeps the old table where the new one fails, and leaves nothing behind', async () => {
    const good = await save('good.npy', mockTable(4, 2, 1), 2)
    const before = await attachByPosition(store, { ...movie, vocabularySize: 3, path: good })
    const bad = await save('bad.npy', Float32Array.of(1, 2, 3, 4, NaN, 6, 7, 8), 2)
    await failure(attachByPosition(store, { ...movie, vocabularySize: 3, path: bad }))
    expect(await store.read('movieId')).toEqual(before)
    expect((await store.load('movieId')).values).toEqual(mockTable(4, 2, 1))
    expect(await readdir(store.folder)).toEqual(['movieId'])
  })

  it('replaces a table of the same id', async () => {
    const first = await save('first.npy', mockTable(4, 2, 1), 2)
    const second = await save('second.npy', mockTable(4, 6, 2), 6)
    await attachByPosition(store, { ...movie, vocabularySize: 3, path: first })
    await attachByPosition(store, { ...movie, vocabularySize: 3, path: second })
    expect((await store.load('movieId')).values).toEqual(mockTable(4, 6, 2))
    expect(await readdir(store.folder)).toEqual(['movieId'])
  })

  it('stops when it is cancelled', async () => {
    const path = await save('vectors.npy', mockTable(20_000, 100, 3), 100)
    const abort = new AbortController()
    const error = await failure(
      attachByPosition(store, {
        ...movie,
        vocabularySize: 19_999,
        path,
        signal: abort.signal,
        onProgress: () => abort.abort(),
      }),
    )
    expect(error.code).toBe('cancelled')
    expect(await store.list()).toEqual([])
  })

  it('says that a file is missing, is a folder, or is cut off', async () => {
    const path = join(folder, 'none.npy')
    expect((await failure(attachByPosition(store, { ...movie, path }))).code).toBe('not-found')
    expect((await failure(attachByPosition(store, { ...movie, path: folder }))).code).toBe('invalid-file')
    await writeFile(path, Buffer.concat([formatNpyHeader(1681, 128), Buffer.alloc(1000)]))
    const error = await failure(attachByPosition(store, { ...movie, path }))
    expect(error.code).toBe('invalid-file')
    expect(error.message).toContain('is cut off: 860,800 bytes were promised, 1,128 are there')
  })
})
