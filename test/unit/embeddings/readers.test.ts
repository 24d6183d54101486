import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 as zlibCrc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { GraftError } from '../../../src-main/contract/errors'
import { chooseArray, openVectorFile, vectorReaders, type VectorFile } from '../../../src-main/embeddings'
import { findReader } from '../../../src-main/embeddings/readers'
import { crc32 } from '../../../src-main/embeddings/readers/zipMember'

const fixtures = join(import.meta.dirname, '../../fixtures/vectors')

/** What numpy wrote, as fixtures/vectors/make.py noted it. */
const { expected, refused } = z
  .object({
    expected: z.record(
      z.string(),
      z.record(
        z.string(),
        z.object({ dtype: z.string(), shape: z.array(z.int()), values: z.array(z.number()) }),
      ),
    ),
    refused: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')))

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-readers-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

async function readAll(file: VectorFile, array: string): Promise<number[]> {
  const values: number[] = []
  let nextRow = 0
  for await (const block of file.read(array)) {
    expect(block.firstRow).toBe(nextRow)
    nextRow += block.count
    values.push(...block.rows)
  }
  return values
}

async function use<T>(path: string, work: (file: VectorFile) => Promise<T>): Promise<T> {
  const file = await openVectorFile(path)
  try {
    return await work(file)
  } finally {
    await file.close()
  }
}

/** Opens the file and reads its only table: the error that this ends in. */
async function refusal(path: string): Promise<GraftError> {
  const outcome: unknown = await use(path, (file) => readAll(file, chooseArray(file).name)).catch(
    (error: unknown) => error,
  )
  if (outcome instanceof GraftError) return outcome
  throw new Error(`${path} was not refused: ${String(outcome)}`)
}

describe('files written by numpy', () => {
  it.each(Object.entries(expected))('%s reads as numpy wrote it', async (name, arrays) => {
    await use(join(fixtures, name), async (file) => {
      expect(file.arrays.map((array) => array.name).sort()).toEqual(Object.keys(arrays).sort())
      for (const array of file.arrays) {
        const { dtype, shape, values } = arrays[array.name] ?? { dtype: '', shape: [], values: [] }
        expect(array).toMatchObject({ dtype, shape, keyed: false, problem: null })
        expect(await readAll(file, array.name)).toEqual(values)
      }
    })
  })

  it.each(Object.entries(refused))('%s is refused as %s, with the reason', async (name, code) => {
    const error = await refusal(join(fixtures, name))
    expect(error.code).toBe(code)
    expect(error.message).toContain(name)
    expect(error.hint).not.toBe('')
  })

  it('a shape that is no table is named in the message', async () => {
    expect((await refusal(join(fixtures, 'three-axes.npy'))).message).toContain('(2, 3, 4)')
    expect((await refusal(join(fixtures, 'one-axis.npy'))).message).toContain('(5)')
  })

  it('a promise that the file does not keep is refused before memory is taken for it', async () => {
    const before = process.memoryUsage().rss
    expect((await refusal(join(fixtures, 'huge-shape.npy'))).message).toContain('is cut off')
    expect((await refusal(join(fixtures, 'endless-shape.npy'))).message).toContain('no file can hold')
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20)
  })
})

describe('choosing an array', () => {
  it('lists the tables where there are several', async () => {
    const error = await refusal(join(fixtures, 'stored.npz'))
    expect(error.code).toBe('invalid-setting')
    expect(error.message).toContain("'counts' (2 × 3)")
    expect(error.details).toEqual({ arrays: ['movie/vectors', 'fortran', 'counts'] })
  })

  it('takes the only table among other arrays, and a named one', async () => {
    await use(join(fixtures, 'mixed.npz'), async (file) => {
      expect(chooseArray(file).name).toBe('vectors')
      expect(() => chooseArray(file, 'ids')).toThrow('has the shape (3)')
      expect(() => chooseArray(file, 'others')).toThrow("has no array 'others'")
    })
    await use(join(fixtures, 'stored.npz'), async (file) =>
      expect(chooseArray(file, 'counts').shape).toEqual([2, 3]),
    )
  })
})

describe('finding the format', () => {
  it('goes by content before name', async () => {
    const path = join(scratch, 'vectors.npy')
    await copyFile(join(fixtures, 'stored.npz'), path)
    expect((await findReader(path)).format).toBe('npz')
  })

  it('goes by name where the content tells nothing, so that the error is about that format', async () => {
    const path = join(scratch, 'broken.NPY')
    await writeFile(path, 'garbage')
    const error = await refusal(path)
    expect(error.code).toBe('invalid-file')
    expect(error.message).toContain('is not a readable .npy file')
  })

  it('names the formats it knows where neither helps', async () => {
    const path = join(scratch, 'notes.doc')
    await writeFile(path, 'hello')
    const error = await refusal(path)
    expect(error.code).toBe('unsupported-file')
    for (const extension of vectorReaders.flatMap((reader) => reader.extensions)) {
      expect(error.hint).toContain(extension)
    }
  })
})

describe('archives', () => {
  /** A copy of a fixture with its bytes changed by `edit`. */
  async function edited(name: string, edit: (bytes: Buffer) => void): Promise<string> {
    const bytes = await readFile(join(fixtures, name))
    edit(bytes)
    const path = join(scratch, `edited-${name}`)
    await writeFile(path, bytes)
    return path
  }
  const central = Buffer.from([0x50, 0x4b, 1, 2])

  it('notice a damaged member by its check sum', async () => {
    const path = await edited('stored.npz', (bytes) => {
      const data = bytes.indexOf('\n', bytes.indexOf('NUMPY')) + 1
      bytes.writeUInt8(bytes.readUInt8(data) ^ 1, data)
    })
    await use(path, async (file) => {
      await expect(readAll(file, 'movie/vectors')).rejects.toMatchObject({ code: 'invalid-file' })
    })
  })

  it('refuse a member that claims to grow more than deflate can', async () => {
    const path = await edited('deflated.npz', (bytes) => {
      bytes.writeUInt32LE(0x7fff_ffff, bytes.indexOf(central) + 24)
    })
    const error = await refusal(path)
    expect(error.code).toBe('invalid-file')
    expect(error.message).toContain('claims to grow')
  })

  it('refuse a member whose header and size differ', async () => {
    const path = await edited('deflated.npz', (bytes) => {
      const at = bytes.indexOf(central) + 24
      bytes.writeUInt32LE(bytes.readUInt32LE(at) + 4, at)
    })
    expect((await refusal(path)).code).toBe('invalid-file')
  })

  it('refuse methods of compression that numpy does not write', async () => {
    const path = await edited('deflated.npz', (bytes) => {
      bytes.writeUInt16LE(12, bytes.indexOf(central) + 10)
    })
    expect((await refusal(path)).code).toBe('unsupported-file')
  })
})

it('our CRC-32 is zlib’s', () => {
  const bytes = Buffer.from('The quick brown fox jumps over the lazy dog')
  expect(crc32(bytes, 0)).toBe(0x414fa339)
  expect(crc32(bytes.subarray(10), crc32(bytes.subarray(0, 10), 0))).toBe(zlibCrc32(bytes))
})
