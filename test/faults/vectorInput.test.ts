import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { alignmentSettings } from '../../src-main/contract'
import {
  attachVectors,
  EmbeddingStore,
  encodedVocabulary,
  inspectFile,
  valueVocabulary,
  type VectorsRequest,
} from '../../src-main/embeddings'
import { formatNpyHeader } from '../../src-main/embeddings/readers/npyHeader'
import { deflatedMember, npyOf, zipOf } from '../fuzz/zip'

/** Files that lie, or do not fit, are refused with what is wrong, before anything is written or much memory taken. */

const fixtures = resolve(import.meta.dirname, '..', 'fixtures', 'vectors')
let folder: string
let store: EmbeddingStore

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-input-'))
  store = new EmbeddingStore(join(folder, 'project'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function save(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

const movies = await valueVocabulary(['Alien', 'Heat', 'Brazil'])
const columns = [{ column: 'movie', vocabulary: movies }]

function attach(path: string, changes: Partial<VectorsRequest> = {}): Promise<unknown> {
  return attachVectors(store, {
    table: 'movie',
    column: 'movie',
    vocabulary: movies,
    path,
    array: null,
    frozen: true,
    key: null,
    ids: null,
    byPosition: false,
    settings: alignmentSettings.parse({}),
    extraRows: false,
    givenExtraKeys: null,
    ...changes,
  })
}

/** A zip archive of one deflated member that may lie about its size. */
const zip = (name: string, content: Uint8Array, claimed: number): Buffer =>
  zipOf([deflatedMember(name, content, claimed)])

const npy = (shape: string, numbers: number): Buffer => npyOf(shape, Buffer.alloc(4 * numbers))

describe('headers that lie', () => {
  it.each([
    ['rows.npy', npy('(1000000000000, 4)', 8)],
    ['axes.npy', npy('(4294967296, 4294967296)', 8)],
    ['words.vec', Buffer.from('999999999999 300\na 1 2 3\n')],
    ['words.bin', Buffer.concat([Buffer.from('999999999999 300\na '), Buffer.alloc(1200, 1)])],
    ['tensor.safetensors', safetensors([2 ** 40, 4], 2 ** 44)],
    ['places.safetensors', safetensors([2, 4], 32, 2 ** 40)],
  ])('%s', async (name, content) => {
    const path = await save(name, content)
    await expect(inspectFile(path, columns)).rejects.toMatchObject({ code: 'invalid-file' })
    await expect(attach(path, { byPosition: true })).rejects.toMatchObject({ code: 'invalid-file' })
  })

  function safetensors(shape: number[], bytes: number, begin = 0): Buffer {
    const header = Buffer.from(
      JSON.stringify({ v: { dtype: 'F32', shape, data_offsets: [begin, begin + bytes] } }),
    )
    const size = Buffer.alloc(8)
    size.writeUInt32LE(header.length)
    return Buffer.concat([size, header, Buffer.alloc(32)])
  }
})

describe('archives that grow', () => {
  it('beyond what deflate can do are refused by their directory', async () => {
    const path = await save('bomb.npz', zip('vectors.npy', npy('(2, 4)', 8), 0xf0000000))
    await expect(inspectFile(path, columns)).rejects.toMatchObject({
      code: 'invalid-file',
      message: expect.stringContaining('claims to grow'),
    })
  })

  it('a thousandfold are read in a stream: 200 MB of zeros take no memory', async () => {
    const rows = 200_000
    const path = await save(
      'zeros.npz',
      zip('vectors.npy', npy(`(${rows}, 256)`, rows * 256), 128 + 4 * rows * 256),
    )
    globalThis.gc?.()
    const before = process.memoryUsage().rss
    let most = before
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5)
    const keys = await save('keys.txt', Array.from({ length: rows }, (_, i) => `none${i}`).join('\n'))
    await expect(attach(path, { ids: keys })).rejects.toMatchObject({ code: 'invalid-data' })
    clearInterval(watch)
    expect(most - before).toBeLessThan(150 * 2 ** 20)
  })
})

it('vectors of several widths are refused with the row', async () => {
  const csv = await save('ragged.csv', 'title,vector\nAlien,"[1, 2]"\nHeat,"[1, 2, 3]"\n')
  await expect(attach(csv)).rejects.toMatchObject({
    code: 'invalid-file',
    message: expect.stringContaining('Row 2'),
  })
  const words = await save('ragged.vec', '2 2\nAlien 1 2\nHeat 1 2 3\n')
  await expect(attach(words)).rejects.toMatchObject({
    code: 'invalid-file',
    message: expect.stringContaining('Row 2'),
  })
})

it('vectors of another width than the column needs are refused', async () => {
  const path = await save('narrow.csv', 'title,a,b\nAlien,1,2\nHeat,3,4\n')
  await expect(attach(path, { expectedWidth: 3 })).rejects.toMatchObject({
    code: 'shape-mismatch',
    message: expect.stringContaining('needs 3'),
  })
})

it('keys that are nobody’s ids fit no column, and attaching them names both', async () => {
  const path = await save('others.csv', 'title,a,b\nCasablanca,1,2\nVertigo,3,4\n')
  const { arrays } = await inspectFile(path, columns)
  expect(arrays[0]?.fits).toEqual([])
  await expect(attach(path)).rejects.toMatchObject({
    code: 'invalid-data',
    message: expect.stringMatching(/Casablanca.*Alien/),
  })
})

it('keys of another type meet nothing, or are refused with the fields that there are', async () => {
  const numbers = await save('numbers.csv', 'movieId,a,b\n1,0.5,2\n2,3,4\n')
  await expect(attach(numbers)).rejects.toMatchObject({ code: 'invalid-data' })
  const lists = await save('lists.csv', 'title,vector\nAlien,"[1, 2]"\n')
  await expect(attach(lists, { key: 'nothing' })).rejects.toMatchObject({
    code: 'not-found',
    details: { fields: expect.arrayContaining(['title']) },
  })
})

it.each(['pickle-2.npy', 'pickle-3.npy', 'pickle-4.npy', 'pickle-5.npy', 'torch.npz'])(
  '%s is refused because it could run code',
  async (name) => {
    const refusal = { code: 'unsafe-file', message: expect.stringContaining('run any code') }
    await expect(inspectFile(join(fixtures, name), columns)).rejects.toMatchObject(refusal)
    await expect(attach(join(fixtures, name))).rejects.toMatchObject(refusal)
  },
)

it('packed text and fastText models are refused with what to do', async () => {
  const packed = await save('words.vec.gz', gzipSync('2 2\nAlien 1 2\nHeat 3 4\n'))
  await expect(attach(packed)).rejects.toMatchObject({
    code: 'unsupported-file',
    hint: expect.stringContaining('gunzip'),
  })
  const model = await save(
    'model.bin',
    Buffer.concat([Buffer.from('ba164f2f0c000000', 'hex'), Buffer.alloc(400)]),
  )
  await expect(attach(model)).rejects.toMatchObject({
    code: 'unsupported-file',
    hint: expect.stringContaining('.vec'),
  })
})

it('a table that does not fit into memory is refused before it is read', async () => {
  const [rows, width] = [1_000_000_000, 512]
  const path = join(folder, 'huge.npy')
  const file = await open(path, 'w')
  await file.write(formatNpyHeader(rows, width))
  // Nothing is written: the file system keeps its holes for free.
  await file.truncate(formatNpyHeader(rows, width).length + 4 * rows * width)
  await file.close()
  const start = Date.now()
  const request = {
    vocabulary: encodedVocabulary(rows - 1),
    byPosition: true,
    settings: alignmentSettings.parse({ center: true }),
  }
  await expect(attach(path, request)).rejects.toMatchObject({
    code: 'out-of-memory',
    message: expect.stringContaining('GiB'),
  })
  expect(Date.now() - start).toBeLessThan(10_000)
  expect(await readdir(folder)).not.toContain('project')
})
