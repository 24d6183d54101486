import fc from 'fast-check'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TableFormat } from '../../../src-main/contract'
import {
  encodedVocabulary,
  exportTable,
  openVectorFile,
  readSidecarKeys,
  tableWriters,
  valueVocabulary,
  type Vocabulary,
  writeNpy,
} from '../../../src-main/embeddings'

let folder: string
let counter = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-export-table-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Read {
  readonly values: Float32Array
  readonly keys: readonly string[]
}

async function readBack(path: string, sidecar: string | undefined): Promise<Read> {
  const file = await openVectorFile(path)
  try {
    const array = file.arrays.find(({ problem }) => problem === null)
    if (!array) throw new Error(`${path} has no usable array`)
    const [rows = 0, width = 0] = array.shape
    const values = new Float32Array(rows * width)
    const keys: string[] = []
    for await (const block of file.read(array.name)) {
      values.set(block.rows, block.firstRow * width)
      keys.push(...(block.keys ?? []))
    }
    return { values, keys: sidecar === undefined ? keys : await readSidecarKeys(sidecar) }
  } finally {
    await file.close()
  }
}

/** Stores a table of unknown and the given rows, and exports it. */
async function write(
  rows: Float32Array,
  width: number,
  vocabulary: Vocabulary,
  format: TableFormat,
): Promise<Read> {
  const name = join(folder, `t${(counter += 1)}`)
  const all = new Float32Array(rows.length + width).fill(9)
  all.set(rows, width)
  await writeNpy(`${name}-source.npy`, all, width)
  const ending = tableWriters.find((writer) => writer.format === format)?.extensions[0] ?? ''
  const file = await openVectorFile(`${name}-source.npy`)
  try {
    const [array] = file.arrays
    if (!array) throw new Error('no array')
    const path = `${name}${ending}`
    const request = { table: { file, array }, vocabulary, path, format: null, force: false }
    const done = await exportTable(request)
    expect(done).toMatchObject({ format, rows: vocabulary.size, width })
    const [first, second] = done.files
    for (const { path: written, bytes } of done.files) expect((await readFile(written)).length).toBe(bytes)
    return await readBack(first?.path ?? '', format === 'npy' ? second?.path : undefined)
  } finally {
    await file.close()
  }
}

const float = fc.float({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0))
/** Keys of any letters. White space is what some formats part them by. */
const anyKey = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((key) => !key.endsWith('\0'))
const plainKey = fc.stringMatching(/^[a-zA-Zäöü東_][\w.:/-]{0,10}$/)

describe.each(tableWriters.map(({ format }) => format))('%s', (format) => {
  const key = format === 'word2vec' || format === 'projector' ? plainKey : anyKey

  it('is read back equal, with any keys and numbers', async () => {
    const table = fc
      .tuple(fc.uniqueArray(key, { minLength: 1, maxLength: 20 }), fc.integer({ min: 2, max: 5 }))
      .chain(([keys, width]) =>
        fc.record({
          keys: fc.constant(keys),
          width: fc.constant(width),
          numbers: fc.array(float, { minLength: keys.length * width, maxLength: keys.length * width }),
        }),
      )
    await fc.assert(
      fc.asyncProperty(table, async ({ keys, width, numbers }) => {
        const rows = Float32Array.from(numbers)
        const read = await write(rows, width, await valueVocabulary(keys), format)
        expect([...read.values]).toEqual([...rows])
        expect(read.keys).toEqual(keys)
      }),
      { numRuns: 25 },
    )
  })

  it('is read back equal over many blocks, with whole numbers as keys', async () => {
    const [count, width] = [1500, 200]
    const rows = Float32Array.from({ length: count * width }, (_, i) => Math.fround(Math.sin(i)))
    const read = await write(rows, width, encodedVocabulary(count), format)
    expect(Buffer.from(read.values.buffer).equals(Buffer.from(rows.buffer))).toBe(true)
    expect(read.keys).toEqual(Array.from({ length: count }, (_, i) => String(i + 1)))
  })
})

describe('places', () => {
  const request = async (name: string, keys: readonly string[]) => {
    const source = join(folder, `s${(counter += 1)}.npy`)
    await writeNpy(source, Float32Array.from([0, 0, 1, 2, 3, 4]), 2)
    const file = await openVectorFile(source)
    const [array] = file.arrays
    if (!array) throw new Error('no array')
    return {
      table: { file, array },
      vocabulary: await valueVocabulary(keys),
      path: join(folder, name),
      format: null,
      force: false,
    }
  }

  it('a file that exists is kept, unless it is to be replaced', async () => {
    const given = await request('taken.npz', ['a', 'b'])
    await writeFile(given.path, 'mine')
    await expect(exportTable(given)).rejects.toMatchObject({ code: 'already-exists' })
    expect(await readFile(given.path, 'utf8')).toBe('mine')
    await exportTable({ ...given, force: true })
    expect((await readBack(given.path, undefined)).keys).toEqual(['a', 'b'])
    await given.table.file.close()
  })

  it('keys that a format cannot hold are named, and nothing is left behind', async () => {
    const given = await request('words.vec', ['New York', 'b'])
    const before = await readdir(folder)
    await expect(exportTable(given)).rejects.toMatchObject({
      code: 'invalid-setting',
      message: expect.stringContaining('"New York"'),
    })
    expect(await readdir(folder)).toEqual(before)
    await given.table.file.close()
  })

  it('a name that tells no format is refused', async () => {
    const given = await request('words.xyz', ['a', 'b'])
    await expect(exportTable(given)).rejects.toMatchObject({ code: 'invalid-setting' })
    expect(await exportTable({ ...given, format: 'npz' })).toMatchObject({ format: 'npz', rows: 2 })
    await given.table.file.close()
  })
})
