import fc from 'fast-check'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { GraftError } from '../../../src-main/contract/errors'
import { openVectorFile } from '../../../src-main/embeddings'

/** Damaged files of every format that Graft parses itself are read or refused, never anything else. */

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-mutations-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const words = ['alpha', 'beta', 'gamma', 'delta', 'über']
const row = (i: number): number[] => [i / 8, -1.5e-3 * i, 1e10 + i, 0]
const lines = (separator: string): string =>
  words.map((word, i) => [word, ...row(i)].join(separator)).join('\n')

function binary(): Buffer {
  const parts = words.map((word, i) =>
    Buffer.concat([Buffer.from(`${word} `), Buffer.from(Float32Array.from(row(i)).buffer)]),
  )
  return Buffer.concat([Buffer.from('5 4\n'), ...parts])
}

function safetensors(): Buffer {
  const header = Buffer.from(
    JSON.stringify({
      ids: { dtype: 'I64', shape: [5], data_offsets: [80, 120] },
      v: { dtype: 'F32', shape: [5, 4], data_offsets: [0, 80] },
    }),
  )
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(header.length))
  const data = Float32Array.from(words.flatMap((_, i) => row(i)))
  return Buffer.concat([
    size,
    header,
    Buffer.from(data.buffer),
    Buffer.from(BigInt64Array.from([1n, 2n, 3n, 4n, 5n]).buffer),
  ])
}

const quoted = `key,title,vector\n${words.map((word, i) => `${i},"a ""${word}""","[${row(i).join(', ')}]"`).join('\n')}\n`

const files: [string, Buffer][] = [
  ['t.vec', Buffer.from(`5 4\n${lines(' ')}\n`)],
  ['t.glove', Buffer.from(lines(' '))],
  ['t.csv', Buffer.from(`key,a,b,c,d\n${lines(',')}\n`)],
  ['t.tsv', Buffer.from(`key\ta\tb\tc\td\n${lines('\t')}\n`)],
  ['q.csv', Buffer.from(quoted)],
  ['t.bin', binary()],
  ['t.safetensors', safetensors()],
]

async function readAll(path: string): Promise<number> {
  const file = await openVectorFile(path)
  let rows = 0
  try {
    for (const { name, problem, keyed, shape } of file.arrays) {
      if (problem) continue
      let found = 0
      for await (const block of file.read(name)) {
        expect(block.firstRow).toBe(found)
        expect(block.rows.length).toBe(block.count * (shape[1] ?? 0))
        expect(block.keys?.length).toBe(keyed ? block.count : undefined)
        found += block.count
      }
      expect(found).toBe(shape[0])
      rows += found
    }
    return rows
  } finally {
    await file.close()
  }
}

it.each(files)('%s', async (name, whole) => {
  const path = join(folder, name)
  await writeFile(path, whole)
  expect(await readAll(path)).toBe(words.length)
  const place = fc.nat(whole.length - 1)
  const byte = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(...Buffer.from('"\n\r\t ,;[]{}0-9.e\\')),
  )
  const edit = fc.record({ at: place, byte, kind: fc.constantFrom('change', 'insert', 'remove', 'repeat') })
  const cut = fc.option(place, { nil: whole.length })
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 5 }), cut, async (edits, length) => {
      const bytes = [...whole.subarray(0, length)]
      for (const { at, byte: value, kind } of edits) {
        if (kind === 'change' && at < bytes.length) bytes[at] = value
        else if (kind === 'insert') bytes.splice(at, 0, value)
        else if (kind === 'remove') bytes.splice(at, 1)
        else bytes.splice(at, 0, ...bytes.slice(at, at + 16))
      }
      await writeFile(path, Uint8Array.from(bytes))
      await readAll(path).catch((error: unknown) => {
        if (!(error instanceof GraftError) || error.code === 'internal') throw error
      })
    }),
    { numRuns: 300 },
  )
})
