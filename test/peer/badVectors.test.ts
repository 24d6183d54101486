import { copyFile, cp, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { alignmentReport, alignmentSettings, GraftError } from '../../src-main/contract'
import {
  attachVectors,
  EmbeddingStore,
  encodedVocabulary,
  inspectFile,
  valueVocabulary,
  type VectorsRequest,
} from '../../src-main/embeddings'
import { runPython } from './python'

/** Every format with every defect that it can have: said clearly, and nothing is changed. */

const titles = ['Alien', 'Heat', 'Brazil', 'Ran', 'Solaris', 'Stalker', 'Playtime', 'Vertigo']
const formats = [
  'npy',
  'npz',
  'csv',
  'csv-list',
  'tsv',
  'parquet',
  'feather',
  'arrow-stream',
  'word2vec',
  'word2vec-binary',
  'glove',
  'fasttext',
  'safetensors',
  'hdf5',
  'checkpoint',
  'saved-model',
  'projector',
] as const
type Format = (typeof formats)[number]

/** These carry no keys: a file of ids beside them does. */
const bare: readonly Format[] = ['npy', 'checkpoint', 'saved-model']
const text: readonly Format[] = ['csv', 'csv-list', 'tsv', 'word2vec', 'glove', 'fasttext', 'projector']

let folder: string
let fileOf: Record<string, string>
let store: EmbeddingStore
const vocabulary = await valueVocabulary(titles)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-bad-vectors-'))
  await runPython(resolve(import.meta.dirname, 'badVectors.py'), [folder])
  fileOf = z
    .record(z.string(), z.string())
    .parse(JSON.parse(await readFile(join(folder, 'formats.json'), 'utf8')))
  for (const [name, keys] of [
    ['titles', titles],
    ['strangers', titles.map((_, i) => `nobody${i}`)],
    ['numbers', titles.map((_, i) => String(100 + i))],
    ['repeated', [...titles.slice(0, 4), ...titles.slice(0, 4)]],
    ['short', titles.slice(0, 5)],
  ] as const)
    await writeFile(join(folder, `${name}.txt`), keys.join('\n'))
  store = new EmbeddingStore(join(folder, 'project'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const place = (defect: string, format: Format): string => join(folder, defect, format, fileOf[format] ?? '')

function request(path: string, changes: Partial<VectorsRequest>): VectorsRequest {
  return {
    table: 'movie',
    column: 'movie',
    vocabulary,
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

/** The keys beside a file that has none. */
const ids = (format: Format, keys = 'titles'): Partial<VectorsRequest> =>
  bare.includes(format) ? { ids: join(folder, `${keys}.txt`) } : {}

async function attach(path: string, changes: Partial<VectorsRequest>) {
  const { report } = await attachVectors(store, request(path, changes))
  await store.remove('movie')
  return alignmentReport.parse(report)
}

/** The refusal of a file, which must leave the project as it was and tell a person what is wrong, where, and what to do. */
async function refusal(path: string, changes: Partial<VectorsRequest>): Promise<GraftError> {
  const before = await tree()
  const outcome: unknown = await attachVectors(store, request(path, changes)).catch((error: unknown) => error)
  if (!(outcome instanceof GraftError)) throw new Error(`${path} was not refused: ${String(outcome)}`)
  expect(await tree()).toEqual(before)
  expect(outcome.message.length).toBeGreaterThan(20)
  expect(outcome.hint).not.toBe('')
  return outcome
}

async function tree(): Promise<string[]> {
  const found = await readdir(store.folder, { recursive: true }).catch(() => [])
  return found.sort()
}

describe.each(formats)('%s', (format) => {
  it('is attached where nothing is wrong', async () => {
    const report = await attach(place('good', format), ids(format))
    expect(report).toMatchObject({
      rows: 9,
      width: 4,
      matchedIds: 8,
      missingIds: 0,
      extraKeys: 0,
      nonFiniteRows: 0,
    })
  })

  it('with NaN and infinity: those rows count as missing, and are counted', async () => {
    const report = await attach(place('not-finite', format), ids(format))
    expect(report).toMatchObject({ matchedIds: 6, missingIds: 2, nonFiniteRows: 2 })
  })

  it('with NaN and infinity by position: refused with the first row', async () => {
    const byPosition = { vocabulary: encodedVocabulary(8), byPosition: true }
    const error = await refusal(place('not-finite', format), byPosition)
    expect(error).toMatchObject({ code: 'non-finite', details: { count: 2, firstRow: 1 } })
    expect(error.message).toContain(basename(fileOf[format] ?? ''))
  })

  it('with a number that float32 cannot hold: that row counts as not finite', async () => {
    // gensim, safetensors and pyarrow were asked for float32 and wrote infinity themselves.
    expect(await attach(place('overflowing', format), ids(format))).toMatchObject({ nonFiniteRows: 1 })
  })

  it('with keys that are nobody’s: refused with a key and an id', async () => {
    const error = await refusal(place('strangers', format), ids(format, 'strangers'))
    expect(error.code).toBe('invalid-data')
    expect(error.message).toMatch(/nobody\d.*Alien/)
  })

  it('with numbers for keys, where ids are titles: refused, and fits no column', async () => {
    const path = place('numbers', format)
    expect((await refusal(path, ids(format, 'numbers'))).code).toBe('invalid-data')
    const { arrays } = await inspectFile(path, [{ column: 'movie', vocabulary }])
    expect(arrays.flatMap(({ fits }) => fits)).toEqual([])
  })

  it('with keys that repeat: the first rows count', async () => {
    const report = await attach(place('repeated', format), ids(format, 'repeated'))
    // gensim's writers keep one row a key.
    expect(report).toMatchObject({ matchedIds: 4, duplicateKeys: format === 'word2vec-binary' ? 0 : 4 })
  })

  it('of another width than is needed: refused with both', async () => {
    const error = await refusal(place('narrow', format), { ...ids(format), expectedWidth: 4 })
    expect(error).toMatchObject({ code: 'shape-mismatch', details: { expected: [8, 4], found: [8, 3] } })
  })

  it('with too few rows by position: refused with both', async () => {
    const error = await refusal(place('short', format), {
      vocabulary: encodedVocabulary(8),
      byPosition: true,
    })
    expect(error).toMatchObject({ code: 'shape-mismatch', details: { expected: [9, 4], found: [5, 4] } })
  })

  it('with a file of ids of another length: refused with both', async () => {
    const error = await refusal(place('good', format), { ids: join(folder, 'short.txt') })
    expect(error).toMatchObject({ code: 'shape-mismatch', details: { expected: 8, found: 5 } })
  })

  it('with a key field that is not there: refused with those that are', async () => {
    const error = await refusal(place('good', format), { ...ids(format), key: 'nothing' })
    expect(['not-found', 'invalid-setting']).toContain(error.code)
    expect(error.message).toContain('nothing')
  })

  it('cut off in its middle, at its end, or empty: refused', async () => {
    const whole = join(folder, 'good', format)
    for (const share of [0, 0.3, 0.95]) {
      const to = join(folder, `cut-${share}`, format)
      await cp(whole, to, { recursive: true })
      const path = join(to, fileOf[format] ?? '')
      const { size } = await stat(path)
      // Of text the last row loses a number: what is cut within one cannot be told from a shorter one.
      const end = text.includes(format) && share > 0 ? size - 8 : Math.floor(share * size)
      await (await truncated(path, end)).close()
      const error = await refusal(path, ids(format))
      expect(['invalid-file', 'unsupported-file', 'shape-mismatch'], error.message).toContain(error.code)
      expect(error.message).toContain(basename(path))
    }
  })

  it('that is not there, or a folder: refused', async () => {
    const missing = `${place('good', format)}.gone`
    expect((await refusal(missing, ids(format))).code).toBe('not-found')
    expect((await refusal(dirname(place('good', format)), ids(format))).code).toMatch(
      /invalid-file|unsupported-file/,
    )
  })

  it('by its name, but a pickle: refused because it could run code', async () => {
    const to = join(folder, 'pickle', format)
    const path = join(to, fileOf[format] ?? '')
    await mkdir(dirname(path), { recursive: true })
    await copyFile(resolve(import.meta.dirname, '..', 'fixtures', 'vectors', 'pickle-4.npy'), path)
    expect(await refusal(path, ids(format))).toMatchObject({
      code: 'unsafe-file',
      message: expect.stringContaining('run any code'),
    })
  })
})

async function truncated(path: string, size: number) {
  const file = await open(path, 'r+')
  await file.truncate(size)
  return file
}

describe('rows of different lengths', () => {
  it.each([
    'csv',
    'csv-list',
    'tsv',
    'parquet',
    'feather',
    'arrow-stream',
    'word2vec',
    'glove',
    'fasttext',
    'projector',
  ] as const)('%s: refused with the row', async (format) => {
    const error = await refusal(place('ragged', format), {})
    expect(error.code).toBe('invalid-file')
    expect(error.message).toMatch(/[Rr]ow 6\b/)
  })
})

describe('words for numbers', () => {
  it.each([
    'npy',
    'npz',
    'csv',
    'tsv',
    'parquet',
    'feather',
    'arrow-stream',
    'hdf5',
    'checkpoint',
    'word2vec',
    'glove',
  ] as const)('%s: refused', async (format) => {
    const error = await refusal(place('words', format), ids(format))
    expect(['invalid-file', 'unsupported-file', 'unsafe-file', 'shape-mismatch'], error.message).toContain(
      error.code,
    )
  })
})

describe('other axes than rows and numbers', () => {
  const arrays = ['npy', 'npz', 'safetensors', 'hdf5', 'checkpoint', 'saved-model'] as const
  it.each([
    ...arrays.map((format) => ['one-axis', format] as const),
    ...arrays.map((format) => ['three-axes', format] as const),
    ...arrays.map((format) => ['no-rows', format] as const),
    ...(['csv', 'tsv', 'parquet', 'feather', 'arrow-stream'] as const).map(
      (format) => ['no-rows', format] as const,
    ),
  ])('%s in %s: refused', async (shape, format) => {
    const error = await refusal(place(shape, format), ids(format))
    expect(['shape-mismatch', 'invalid-file'], error.message).toContain(error.code)
  })
})
