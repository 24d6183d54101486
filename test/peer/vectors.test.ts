import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openVectorFile, readSidecarKeys } from '../../src-main/embeddings'
import { runPython } from './python'

/** The same table of vectors, written in every format by that format's own library, must be read back equal. */

let folder: string
let expected: Float32Array // [rows, width]
let facts: { rows: number; width: number; keys: string[]; numbers: number[] }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-vectors-'))
  await runPython(resolve(import.meta.dirname, 'vectors.py'), [folder])
  const bytes = await readFile(join(folder, 'expected.bin'))
  expected = new Float32Array(Uint8Array.from(bytes).buffer)
  facts = z
    .object({ rows: z.int(), width: z.int(), keys: z.array(z.string()), numbers: z.array(z.int()) })
    .parse(JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Table {
  format: string
  shape: readonly number[]
  values: Float32Array
  keys: string[]
}

async function readTable(name: string): Promise<Table> {
  const file = await openVectorFile(join(folder, name), { keyNames: ['movieId'] })
  try {
    const array = file.arrays.find(({ problem }) => problem === null)
    if (!array) throw new Error(`${name} has no usable array`)
    const [rows = 0, width = 0] = array.shape
    const values = new Float32Array(rows * width)
    const keys: string[] = []
    for await (const block of file.read(array.name)) {
      values.set(block.rows, block.firstRow * width)
      keys.push(...(block.keys ?? []))
    }
    return { format: file.format, shape: array.shape, values, keys }
  } finally {
    await file.close()
  }
}

const files: [name: string, format: string, keys: 'keys' | 'numbers' | 'none'][] = [
  ['gensim.txt', 'word2vec', 'keys'],
  ['fasttext.vec', 'word2vec', 'keys'],
  ['gensim.bin', 'word2vec-binary', 'keys'],
  ['original.bin', 'word2vec-binary', 'keys'],
  ['glove.txt', 'glove', 'keys'],
  ['columns.csv', 'csv', 'keys'],
  ['semicolons.csv', 'csv', 'keys'],
  ['columns.tsv', 'tsv', 'keys'],
  ['index.csv', 'csv', 'numbers'],
  ['list.csv', 'csv', 'numbers'],
  ['spaces.csv', 'csv', 'numbers'],
  ['columns.parquet', 'parquet', 'keys'],
  ['index.parquet', 'parquet', 'numbers'],
  ['list.parquet', 'parquet', 'keys'],
  ['fixed.parquet', 'parquet', 'keys'],
  ['doubles.parquet', 'parquet', 'numbers'],
  ['keyed.npz', 'npz', 'keys'],
  ['numbers.npz', 'npz', 'numbers'],
  ['vectors.safetensors', 'safetensors', 'numbers'],
  ['checkpoint.index', 'tensorflow-checkpoint', 'none'],
  ['saved_model/variables/variables.index', 'tensorflow-checkpoint', 'none'],
  ['plain.txt', 'glove', 'none'],
  ['plain.csv', 'csv', 'none'],
  ['whole.h5', 'hdf5', 'keys'],
  ['chunks.h5', 'hdf5', 'numbers'],
  ['latest.h5', 'hdf5', 'keys'],
  ['paged.h5', 'hdf5', 'numbers'],
  ['single.h5', 'hdf5', 'numbers'],
  ['doubles.h5', 'hdf5', 'keys'],
  ['list.feather', 'arrow', 'keys'],
  ['list-lz4.feather', 'arrow', 'keys'],
  ['columns.feather', 'arrow', 'keys'],
  ['pandas.feather', 'arrow', 'numbers'],
  ['fixed.arrow', 'arrow', 'numbers'],
  ['stream.arrows', 'arrow', 'keys'],
  ['dictionary.arrow', 'arrow', 'keys'],
  ['tensors.tsv', 'projector', 'numbers'],
  ['words_tensors.tsv', 'projector', 'keys'],
]

describe('vectors written by Python', () => {
  it.each(files)('%s is read back as %s, row by row', async (name, format, keys) => {
    const table = await readTable(name)
    expect(table.format).toBe(format)
    expect(table.shape).toEqual([facts.rows, facts.width])
    expect(Buffer.from(table.values.buffer).equals(Buffer.from(expected.buffer))).toBe(true)
    expect(table.keys).toEqual(keys === 'none' ? [] : facts[keys].map(String))
  })

  it('Feather with zstd is read where the runtime can, and refused with the reason elsewhere', async () => {
    if ('zstdDecompress' in zlib) {
      const table = await readTable('list-zstd.feather')
      expect(Buffer.from(table.values.buffer).equals(Buffer.from(expected.buffer))).toBe(true)
    } else {
      await expect(readTable('list-zstd.feather')).rejects.toMatchObject({
        code: 'unsupported-file',
        message: expect.stringContaining('zstd'),
      })
    }
  })

  it('every type, order and endian of numpy is read back equal', async () => {
    const small = await readFile(join(folder, 'small.bin'))
    const names = await readdir(join(folder, 'npy'))
    expect(names).toHaveLength(46)
    for (const name of names) {
      const { values, shape } = await readTable(join('npy', name))
      expect(shape).toEqual([6, 5])
      expect(Buffer.from(values.buffer).equals(small), name).toBe(true)
    }
  })

  it('every type of the other binary formats is read back equal', async () => {
    const small = await readFile(join(folder, 'small.bin'))
    const names = (await readdir(join(folder, 'types'))).filter((name) => !/\.data-/.test(name))
    expect(names).toHaveLength(11 + 1 + 22 + 44 + 1)
    for (const name of names) {
      const file = await openVectorFile(join(folder, 'types', name))
      try {
        expect(file.arrays).toHaveLength(file.format === 'tensorflow-checkpoint' ? 12 : 1)
        for (const { name: array, shape, problem } of file.arrays) {
          expect({ name, array, problem, shape }).toEqual({ name, array, problem: null, shape: [6, 5] })
          const rows: number[] = []
          for await (const block of file.read(array)) rows.push(...block.rows)
          expect(Buffer.from(Float32Array.from(rows).buffer).equals(small), `${name} ${array}`).toBe(true)
        }
      } finally {
        await file.close()
      }
    }
  })

  it.each(['keys.txt', 'keys.json', 'keys.npy', 'keys.parquet'])('%s is read as the keys', async (name) => {
    expect(await readSidecarKeys(join(folder, name))).toEqual(facts.keys)
  })

  it('metadata.tsv gives the column that is named, and the one that is expected', async () => {
    const path = join(folder, 'metadata.tsv')
    expect(await readSidecarKeys(path, { key: 'title' })).toEqual(facts.keys)
    expect(await readSidecarKeys(path, { keyNames: ['movieId'] })).toEqual(facts.numbers.map(String))
  })
})
