import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { alignmentSettings, GraftError } from '../../../src-main/contract'
import {
  attachVectors,
  EmbeddingStore,
  encodedVocabulary,
  mockTable,
  previewVectors,
  valueVocabulary,
  type VectorsRequest,
  writeNpy,
} from '../../../src-main/embeddings'

let folder: string
let store: EmbeddingStore

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-align-'))
  store = new EmbeddingStore(folder)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function save(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const movies = await valueVocabulary(['Alien', 'Heat', 'Brazil', '7'])

function request(path: string, changes: Partial<VectorsRequest> = {}): VectorsRequest {
  return {
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
  }
}

const settings = (changes: object): { settings: VectorsRequest['settings'] } => ({
  settings: alignmentSettings.parse(changes),
})

/** The stored rows, [row][column]. */
async function table(): Promise<number[][]> {
  const { rows, width, values } = await store.load('movie')
  return Array.from({ length: rows }, (_, row) => [...values.subarray(row * width, (row + 1) * width)])
}

async function failure(work: Promise<unknown>): Promise<GraftError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  if (error instanceof GraftError) return error
  throw new Error(`expected a GraftError, got ${String(error)}`)
}

const shuffled = 'title,a,b\nHeat,3,4\nCasablanca,9,9\nAlien,1,2\nHeat,0,0\n7,NaN,1\nCasablanca,8,8\n'

describe('by key', () => {
  it('lays shuffled rows with missing, extra, duplicate and broken ones onto ids, and reports each', async () => {
    const path = await save('vectors.csv', shuffled)
    const stored = await attachVectors(
      store,
      request(path, {
        countMatchedRows: async (matched) => {
          expect([...matched]).toEqual([0, 1, 1, 0, 0])
          return { rows: 10, matched: 8 }
        },
      }),
    )
    expect({ ...stored.report, quality: null }).toEqual({
      quality: null,
      table: 'movie',
      column: 'movie',
      rows: 5,
      width: 2,
      matchedIds: 2,
      vocabularySize: 4,
      matchedRowsShare: 0.8,
      missingIds: 2,
      extraKeys: 1,
      duplicateKeys: 2,
      nonFiniteRows: 1,
      frozen: true,
      alignedBy: 'key',
      keyField: 'title',
      nearMisses: [],
      extraRows: 0,
      emptyKeys: 0,
      dtype: 'float32',
      fileRows: 6,
      trainingRows: 10,
      matchedRows: 8,
      examples: { missing: ['Brazil', '7'], extra: ['Casablanca'] },
      warnings: [
        '2 ids have no vector of their own: they got the mean of the others.',
        '1 keys of the file are no ids of movie.',
        '2 rows repeat a key: the first row of each key was taken.',
        '1 rows hold NaN or infinity and were left out.',
      ],
    })
    expect(await table()).toEqual([
      [2, 3],
      [1, 2],
      [3, 4],
      [2, 3],
      [2, 3],
    ])
    expect(stored.source).toMatchObject({ kind: 'file', path, format: 'csv', array: null })
    expect(await store.read('movie')).toEqual(stored)
    // A preview finds the same, and writes nothing.
    await store.remove('movie')
    const { trainingRows, matchedRows, ...known } = stored.report
    expect([trainingRows, matchedRows]).toEqual([10, 8])
    const preview = await previewVectors(request(path))
    expect(preview).toMatchObject({ ...known, matchedRowsShare: 0, warnings: expect.any(Array) })
    expect(await store.list()).toEqual([])
  })

  it('gives ids that only the file has rows of their own after those of the vocabulary, which stay the same', async () => {
    const path = await save('vectors.csv', `${shuffled}Ran,Infinity,0\nPsycho,5,6\n`)
    await attachVectors(store, request(path, settings({ center: true })))
    const without = await table()
    const stored = await attachVectors(
      store,
      request(path, { extraRows: true, ...settings({ center: true }) }),
    )
    expect(stored.report).toMatchObject({
      rows: 7,
      vocabularySize: 4,
      matchedIds: 2,
      extraKeys: 3,
      extraRows: 2,
    })
    expect(stored.report.warnings).toContain(
      '3 keys of the file are no ids of movie: 2 of them have rows of their own.',
    )
    expect(stored.extraKeys?.keyRules).toEqual([])
    expect(await store.extraKeys('movie')).toEqual(['Casablanca', 'Psycho'])
    const rows = await table()
    expect(rows.slice(0, 5)).toEqual(without)
    // Centred along, by the mean of the vocabulary's vectors, which is (2, 3).
    expect(rows.slice(5)).toEqual([
      [7, 6],
      [3, 3],
    ])
  })

  it('beside another table has rows for the same ids: its own vector, else the unknown row', async () => {
    const path = await save('vectors.csv', shuffled)
    const beside = {
      givenExtraKeys: ['Psycho', 'CASABLANCA'],
      ...settings({ keyRules: ['case'], unknown: 'zero' }),
    }
    const stored = await attachVectors(store, request(path, beside))
    expect(stored.report).toMatchObject({ rows: 7, extraRows: 2 })
    expect((await table()).slice(5)).toEqual([
      [0, 0],
      [9, 9],
    ])
    expect(await store.extraKeys('movie')).toEqual(['Psycho', 'CASABLANCA'])
    const none = await attachVectors(store, request(path, { extraRows: true, givenExtraKeys: [] }))
    expect(none.report).toMatchObject({ rows: 5, extraRows: 0 })
    expect(none.extraKeys).toBeNull()
    const npy = join(folder, 'four.npy')
    await writeNpy(npy, Float32Array.from([1, 2, 3, 4]), 1)
    const byRow = await attachVectors(store, request(npy, { byPosition: true, ...beside }))
    expect(byRow.report).toMatchObject({ rows: 7, alignedBy: 'position', extraRows: 2 })
    expect(await table()).toEqual([[0], [1], [2], [3], [4], [0], [0]])
  })

  it.each([
    ['zero', [0, 0]],
    ['unknown', [2, 3]],
  ])('missing ids get %s', async (missing, row) => {
    await attachVectors(store, request(await save('vectors.csv', shuffled), settings({ missing })))
    expect((await table())[3]).toEqual(row)
  })

  it('random rows for missing ids are of the table’s scale, and the same every time', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `k${i} ${5 + (i % 2)} ${i % 2 ? -100 : 100}`)
    const path = await save('vectors.txt', `${lines.join('\n')}\n`)
    const vocabulary = await valueVocabulary(Array.from({ length: 4000 }, (_, i) => `k${i}`))
    const wanted = { vocabulary, ...settings({ missing: 'random' }) }
    const { hash } = await attachVectors(store, request(path, wanted))
    const drawn = (await table()).slice(2001)
    const mean = (column: number): number =>
      drawn.reduce((sum, row) => sum + (row[column] ?? 0), 0) / drawn.length
    const deviation = (column: number): number =>
      Math.sqrt(drawn.reduce((sum, row) => sum + ((row[column] ?? 0) - mean(column)) ** 2, 0) / drawn.length)
    expect(mean(0)).toBeCloseTo(5.5, 1)
    expect(deviation(0)).toBeCloseTo(0.5, 1)
    expect(Math.abs(mean(1))).toBeLessThan(10)
    expect(deviation(1)).toBeGreaterThan(90)
    expect(deviation(1)).toBeLessThan(110)
    expect((await attachVectors(store, request(path, wanted))).hash).toBe(hash)
  })

  it('ids of encoded data are keys as they are, 0 the unknown row', async () => {
    const path = await save('vectors.tsv', 'movie\ta\tb\n2\t2\t2\n0\t5\t6\n3\t3\t3\n1\t1\t1\n02\t7\t7\n')
    const { report } = await attachVectors(store, request(path, { vocabulary: encodedVocabulary(3) }))
    expect(report).toMatchObject({ matchedIds: 3, missingIds: 0, extraKeys: 1, keyField: 'movie' })
    expect(await table()).toEqual([
      [5, 6],
      [1, 1],
      [2, 2],
      [3, 3],
    ])
  })

  it('keys beside the file take the place of its own', async () => {
    const vectors = join(folder, 'vectors.npy')
    await writeNpy(vectors, Float32Array.of(1, 2, 3, 4), 2)
    const ids = await save('ids.txt', 'Brazil\nAlien\n')
    const { report } = await attachVectors(store, request(vectors, { ids }))
    expect(report).toMatchObject({ matchedIds: 2, alignedBy: 'key', keyField: 'ids.txt' })
    expect((await table())[1]).toEqual([3, 4])
    const short = await save('short.json', '["Brazil"]')
    const error = await failure(attachVectors(store, request(vectors, { ids: short })))
    expect(error.code).toBe('shape-mismatch')
    expect(error.message).toBe('short.json has 1 keys, and vectors.npy has 2 rows.')
  })

  it.each([
    ['trim', 'Alien,1,1\n "Heat ",2,2\n'.replace(' "', '"'), 'Heat '],
    ['case', 'Alien,1,1\nHEAT,2,2\n', 'HEAT'],
    ['number', 'Alien,1,1\n0007,2,2\n', '0007'],
    ['prefix', 'Alien,1,1\nmovie_7,2,2\n', 'movie_7'],
  ])('near misses are named, and the rule %s brings them in', async (rule, rows, key) => {
    const path = await save('vectors.csv', `title,a,b\n${rows}`)
    const { report } = await attachVectors(store, request(path))
    expect(report.matchedIds).toBe(1)
    expect(report.nearMisses?.[0]).toMatchObject({ rule, ids: 1, example: { key } })
    expect(report.warnings.at(-2)).toContain(`'${rule}'`)
    const mended = await attachVectors(store, request(path, settings({ keyRules: [rule] })))
    expect(mended.report).toMatchObject({ matchedIds: 2, extraKeys: 0 })
  })

  it('no overlap at all is an error that names keys, ids and the rule that would help', async () => {
    const path = await save('vectors.csv', 'title,a,b\nALIEN,1,1\nHEAT,2,2\n')
    const error = await failure(attachVectors(store, request(path)))
    expect(error.code).toBe('invalid-data')
    expect(error.message).toContain("keys such as 'ALIEN', 'HEAT', ids such as 'Alien', 'Heat'")
    expect(error.hint).toContain("'case'")
    expect(await readdir(folder)).toEqual(['vectors.csv'])
  })

  it('a file without keys needs to be told that it is in order, where Graft numbered the ids', async () => {
    const path = join(folder, 'vectors.npy')
    await writeNpy(path, mockTable(5, 2, 1), 2)
    expect((await failure(attachVectors(store, request(path)))).code).toBe('invalid-setting')
    const { report } = await attachVectors(store, request(path, { byPosition: true }))
    expect(report).toMatchObject({ matchedIds: 4, rows: 5 })
  })

  it('the named key field is used, and one that is not there is refused with those that are', async () => {
    const path = await save('vectors.csv', 'id,title,a,b\n1,Heat,1,2\n2,Alien,3,4\n')
    const { report } = await attachVectors(store, request(path, { key: 'title' }))
    expect(report).toMatchObject({ keyField: 'title', width: 3, matchedIds: 2 })
    const error = await failure(attachVectors(store, request(path, { key: 'name' })))
    expect(error.code).toBe('not-found')
    expect(error.hint).toBe('It has: id, title, a, b.')
  })

  it('a table that no memory holds is refused before anything is read', async () => {
    const path = await save('vectors.csv', shuffled)
    const error = await failure(
      attachVectors(store, request(path, { vocabulary: encodedVocabulary(2 ** 40), key: 'title' })),
    )
    expect(error.code).toBe('out-of-memory')
  })

  it('stops where it is cancelled, and leaves nothing', async () => {
    const path = await save('vectors.csv', shuffled)
    const error = await failure(attachVectors(store, request(path, { signal: AbortSignal.abort() })))
    expect(error.code).toBe('cancelled')
    expect(await readdir(folder)).toEqual(['vectors.csv'])
  })
})

describe('preparing', () => {
  const columns = (rows: number[][], column: number): number[] => rows.slice(1).map((row) => row[column] ?? 0)
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)

  it('scales rows to length 1', async () => {
    const path = await save('vectors.csv', 'title,a,b\nAlien,3,4\nHeat,0,0\nBrazil,-5,12\n7,0,2\n')
    await attachVectors(store, request(path, settings({ normalize: 'l2', unknown: 'zero' })))
    const expected = [
      [0, 0],
      [0.6, 0.8],
      [0, 0],
      [-5 / 13, 12 / 13],
      [0, 1],
    ].map((row) => row.map(Math.fround))
    expect(await table()).toEqual(expected)
  })

  it('gives columns mean 0, and deviation 1 where asked, by key and by position', async () => {
    const vectors = join(folder, 'vectors.npy')
    await writeNpy(vectors, mockTable(5, 3, 9), 3)
    const ids = await save('ids.txt', '0\n1\n2\n3\n4\n')
    const vocabulary = encodedVocabulary(4)
    for (const change of [{ center: true }, { normalize: 'standardize' }]) {
      const byPosition = await attachVectors(store, request(vectors, { vocabulary, ...settings(change) }))
      const rows = await table()
      for (const column of [0, 1, 2]) {
        const values = columns(rows, column)
        expect(sum(values)).toBeCloseTo(0, 5)
        if (!('center' in change)) expect(sum(values.map((value) => value * value)) / 4).toBeCloseTo(1, 5)
      }
      const byKey = await attachVectors(store, request(vectors, { vocabulary, ids, ...settings(change) }))
      expect(byKey.hash).toBe(byPosition.hash)
    }
  })

  it('reduces to the axes of largest variance, which are orthogonal and keep distances', async () => {
    const vectors = join(folder, 'vectors.npy')
    const values = mockTable(301, 6, 4)
    // Along one direction the rows spread a hundred times as far as along the others.
    for (let row = 0; row <= 300; row++) values[row * 6 + 2] = (values[row * 6 + 2] ?? 0) * 100
    await writeNpy(vectors, values, 6)
    const vocabulary = encodedVocabulary(300)
    await attachVectors(store, request(vectors, { vocabulary, ...settings({ pca: 6 }) }))
    const rows = await table()
    const distance = (a: readonly number[], b: readonly number[]): number =>
      Math.hypot(...a.map((value, i) => value - (b[i] ?? 0)))
    const original = (row: number): number[] => [...values.subarray(row * 6, row * 6 + 6)]
    for (const [a, b] of [
      [1, 2],
      [17, 250],
      [300, 5],
    ] as const) {
      expect(distance(rows[a] ?? [], rows[b] ?? [])).toBeCloseTo(distance(original(a), original(b)), 3)
    }
    const variances = Array.from({ length: 6 }, (_, k) => sum(columns(rows, k).map((value) => value * value)))
    expect([...variances].sort((a, b) => b - a)).toEqual(variances)
    expect(sum(rows.slice(1).map((row) => (row[0] ?? 0) * (row[1] ?? 0)))).toBeCloseTo(0, 2)
    const { report } = await attachVectors(store, request(vectors, { vocabulary, ...settings({ pca: 2 }) }))
    expect(report.width).toBe(2)
    expect((await table())[9]).toEqual(rows[9]?.slice(0, 2))
    const error = await failure(
      attachVectors(store, request(vectors, { vocabulary, ...settings({ pca: 7 }) })),
    )
    expect(error.code).toBe('invalid-setting')
  })
})
