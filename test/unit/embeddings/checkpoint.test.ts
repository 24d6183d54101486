import fc from 'fast-check'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { GraftError } from '../../../src-main/contract/errors'
import { openVectorFile } from '../../../src-main/embeddings'

/** A writer of its own for the index, so that the reader is not checked against itself. */

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
const field = (number: number, value: number): number[] => [...varint(number * 8), ...varint(value)]
const nested = (number: number, bytes: number[]): number[] => [
  ...varint(number * 8 + 2),
  ...varint(bytes.length),
  ...bytes,
]

interface Entry {
  name: string
  dtype: number
  shape: number[]
  offset: number
  size: number
}

function block(entries: [string, number[]][]): number[] {
  const bytes: number[] = []
  let last = ''
  for (const [key, value] of entries) {
    let shared = 0
    while (shared < last.length && shared < key.length && last[shared] === key[shared]) shared += 1
    const rest = [...Buffer.from(key.slice(shared))]
    bytes.push(...varint(shared), ...varint(rest.length), ...varint(value.length), ...rest, ...value)
    last = key
  }
  return [...bytes, 0, 0, 0, 0, 1, 0, 0, 0]
}

function indexFile(entries: Entry[]): Uint8Array {
  const described = entries.map(({ name, dtype, shape, offset, size }): [string, number[]] => {
    const axes = shape.flatMap((axis) => nested(2, field(1, axis)))
    return [name, [...field(1, dtype), ...nested(2, axes), ...field(4, offset), ...field(5, size)]]
  })
  const data = block([['', field(1, 1)], ...described])
  const trailer = [0, 0, 0, 0, 0]
  const index = block([['zzz', [...varint(0), ...varint(data.length)]]])
  const footer = [0, 0, ...varint(data.length + 5), ...varint(index.length)]
  const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]
  while (footer.length < 40) footer.push(0)
  return Uint8Array.from([...data, ...trailer, ...index, ...trailer, ...footer, ...magic])
}

let folder: string
const path = (): string => join(folder, 'weights.index')
const values = Float32Array.from({ length: 12 }, (_, i) => i / 4)
const tensors: Entry[] = [
  { name: 'emb/a', dtype: 1, shape: [3, 4], offset: 0, size: 48 },
  { name: 'emb/b', dtype: 1, shape: [1, 2], offset: 40, size: 8 },
  { name: 'lies', dtype: 1, shape: [1_000_000, 300], offset: 0, size: 48 },
  { name: 'step', dtype: 9, shape: [], offset: 0, size: 8 },
  { name: 'text', dtype: 7, shape: [2], offset: 0, size: 8 },
]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-checkpoint-'))
  await writeFile(join(folder, 'weights.data-00000-of-00001'), Buffer.from(values.buffer))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function readAll(): Promise<Map<string, number[]>> {
  const file = await openVectorFile(path())
  const found = new Map<string, number[]>()
  for (const { name, problem } of file.arrays) {
    if (problem) continue
    const numbers: number[] = []
    for await (const { rows } of file.read(name)) numbers.push(...rows)
    found.set(name, numbers)
  }
  await file.close()
  return found
}

it('lists the tensors of numbers and reads the tables among them', async () => {
  await writeFile(path(), indexFile(tensors))
  expect([...(await readAll())]).toEqual([
    ['emb/a', [...values]],
    ['emb/b', [2.5, 2.75]],
  ])
  const file = await openVectorFile(path())
  expect(file.arrays.map(({ name }) => name)).toEqual(['emb/a', 'emb/b', 'lies', 'step'])
  expect(file.arrays.find(({ name }) => name === 'lies')?.problem?.code).toBe('invalid-file')
  expect(file.arrays.find(({ name }) => name === 'step')?.problem?.code).toBe('shape-mismatch')
})

it('misses the numbers where they are not beside it, and where they end early', async () => {
  const lost = join(folder, 'lost.index')
  await writeFile(lost, indexFile(tensors))
  const file = await openVectorFile(lost)
  const read = async (name: string): Promise<void> => {
    for await (const { count } of file.read(name)) expect(count).toBeGreaterThan(0)
  }
  await expect(read('emb/a')).rejects.toMatchObject({ code: 'not-found' })
  await writeFile(join(folder, 'lost.data-00000-of-00001'), new Uint8Array(20))
  await expect(read('emb/a')).rejects.toMatchObject({ code: 'invalid-file' })
})

it('mutated indexes are read or refused, never anything else', async () => {
  const whole = indexFile(tensors)
  const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }))
  const cut = fc.option(fc.nat(whole.length), { nil: whole.length })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), cut, async (changes, length) => {
      const bytes = whole.slice(0, length)
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
      await writeFile(path(), bytes)
      await readAll().catch((error: unknown) => {
        if (!(error instanceof GraftError) || error.code === 'internal') throw error
      })
    }),
    { numRuns: 300 },
  )
})
