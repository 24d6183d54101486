import fc from 'fast-check'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GraftError } from '../../../src-main/contract/errors'
import { openVectorFile } from '../../../src-main/embeddings'
import {
  formatNpyHeader,
  parseNpyHeader,
  parseNpyPreamble,
} from '../../../src-main/embeddings/readers/npyHeader'
import { LiteralError, parsePythonLiteral } from '../../../src-main/embeddings/readers/pythonLiteral'

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-npy-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

interface Spec {
  version: 1 | 2 | 3
  code: string
  order: '<' | '>'
  fortran: boolean
  shape: [number, number]
  values: number[]
}

/** Element codes with how to write one: an implementation of its own, so that the reader is not checked against itself. */
const writers: Record<
  string,
  { bytes: number; put: (view: DataView, at: number, value: number, little: boolean) => void }
> = {
  f4: { bytes: 4, put: (view, at, value, little) => view.setFloat32(at, value, little) },
  f8: { bytes: 8, put: (view, at, value, little) => view.setFloat64(at, value, little) },
  i2: { bytes: 2, put: (view, at, value, little) => view.setInt16(at, value, little) },
  i8: { bytes: 8, put: (view, at, value, little) => view.setBigInt64(at, BigInt(value), little) },
  u4: { bytes: 4, put: (view, at, value, little) => view.setUint32(at, value, little) },
}

const spec: fc.Arbitrary<Spec> = fc
  .record({
    version: fc.constantFrom<1 | 2 | 3>(1, 2, 3),
    code: fc.constantFrom(...Object.keys(writers)),
    order: fc.constantFrom<'<' | '>'>('<', '>'),
    fortran: fc.boolean(),
    shape: fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })),
  })
  .chain((facts) =>
    fc
      .array(fc.integer({ min: 0, max: 30_000 }), {
        minLength: facts.shape[0] * facts.shape[1],
        maxLength: facts.shape[0] * facts.shape[1],
      })
      .map((values) => ({ ...facts, values })),
  )

function encode({ version, code, order, fortran, shape, values }: Spec): Buffer {
  const writer = writers[code]
  if (!writer) throw new Error(code)
  const [rows, width] = shape
  const text = `{'descr': '${order}${code}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${rows}, ${width}), }\n`
  const prefix = Buffer.alloc(version === 1 ? 10 : 12)
  prefix.write('\x93NUMPY', 'latin1')
  prefix.writeUInt8(version, 6)
  if (version === 1) prefix.writeUInt16LE(text.length, 8)
  else prefix.writeUInt32LE(text.length, 8)
  const data = Buffer.alloc(values.length * writer.bytes)
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  values.forEach((value, i) => {
    const at = fortran ? (i % width) * rows + Math.floor(i / width) : i
    writer.put(view, at * writer.bytes, value, order === '<')
  })
  return Buffer.concat([prefix, Buffer.from(text, 'latin1'), data])
}

async function read(path: string): Promise<number[]> {
  const file = await openVectorFile(path)
  try {
    const values: number[] = []
    for await (const block of file.read('')) values.push(...block.rows)
    return values
  } finally {
    await file.close()
  }
}

async function readEverything(path: string): Promise<true> {
  const file = await openVectorFile(path)
  try {
    for (const { name } of file.arrays)
      for await (const block of file.read(name)) expect(block.count).toBeGreaterThan(0)
    return true
  } finally {
    await file.close()
  }
}

describe('.npy', () => {
  it('any shape, type, order and version reads back', async () => {
    const path = join(scratch, 'any.npy')
    await fc.assert(
      fc.asyncProperty(spec, async (facts) => {
        await writeFile(path, encode(facts))
        expect(await read(path)).toEqual(facts.values.map(Math.fround))
      }),
      { numRuns: 150 },
    )
  })

  it('our own headers are valid, and the data begin at a multiple of 64', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.nat(65_536), (rows, width) => {
        const bytes = formatNpyHeader(rows, width)
        expect(bytes.length % 64).toBe(0)
        const { version, headerStart, headerBytes } = parseNpyPreamble(bytes, 'x')
        expect(headerStart + headerBytes).toBe(bytes.length)
        const header = parseNpyHeader(bytes.subarray(headerStart), version, 'x')
        expect(header).toMatchObject({
          dtype: 'float32',
          shape: [rows, width],
          fortranOrder: false,
          littleEndian: true,
        })
      }),
    )
  })

  it('mutated files are read or refused, never anything else, and take no memory past their size', async () => {
    const path = join(scratch, 'mutated.npy')
    const mutation = fc.record({
      spec,
      edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      cut: fc.option(fc.nat(), { freq: 4 }),
    })
    const before = process.memoryUsage().rss
    await fc.assert(
      fc.asyncProperty(mutation, async ({ spec: facts, edits, cut }) => {
        const bytes = encode(facts)
        // Most edits go into the header, where they matter most.
        for (const [at, byte] of edits) bytes.writeUInt8(byte, at % Math.min(bytes.length, 140))
        await writeFile(path, cut === null ? bytes : bytes.subarray(0, cut % bytes.length))
        const outcome: unknown = await read(path).catch((error: unknown) => error)
        if (!Array.isArray(outcome)) expect(outcome).toBeInstanceOf(GraftError)
      }),
      { numRuns: 500 },
    )
    expect(process.memoryUsage().rss - before).toBeLessThan(128 << 20)
  })
})

describe('.npz', () => {
  it('mutated archives are read or refused, never anything else', async () => {
    const whole = await readFile(join(import.meta.dirname, '../../fixtures/vectors/deflated.npz'))
    const path = join(scratch, 'mutated.npz')
    const before = process.memoryUsage().rss
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (edits) => {
          const bytes = Buffer.from(whole)
          for (const [at, byte] of edits) bytes.writeUInt8(byte, at)
          await writeFile(path, bytes)
          const outcome: unknown = await readEverything(path).catch((error: unknown) => error)
          if (outcome !== true) expect(outcome).toBeInstanceOf(GraftError)
        },
      ),
      { numRuns: 300 },
    )
    expect(process.memoryUsage().rss - before).toBeLessThan(128 << 20)
  })
})

describe('Python literals', () => {
  it('dictionaries, tuples, lists, texts and numbers', () => {
    expect(
      parsePythonLiteral("{'a': (1, -2L, ), \"b\": [True, False, None], 'c': ('x\\'y'), 'd': (), }"),
    ).toEqual(
      new Map<string, unknown>([
        ['a', [1, -2]],
        ['b', [true, false, null]],
        ['c', "x'y"],
        ['d', []],
      ]),
    )
    expect(parsePythonLiteral("{'__proto__': 1}")).toEqual(new Map([['__proto__', 1]]))
  })

  it.each([
    '',
    '{',
    '{1: 2}',
    "{'a' 1}",
    "{'a': 1 'b': 2}",
    '(1 2)',
    "'a",
    "'\\x41'",
    '__import__("os")',
    '1+1',
    '[1,,2]',
    '3 4',
  ])('refuses %s', (text) => expect(() => parsePythonLiteral(text)).toThrow(LiteralError))

  it('refuses nesting that would exhaust the stack', () => {
    expect(() => parsePythonLiteral('['.repeat(60_000))).toThrow(LiteralError)
  })

  it('any text is parsed or refused', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...`{}()[]'",:\\ TrueFalseNon0123456789L-`), maxLength: 60 }),
        (text) => {
          try {
            parsePythonLiteral(text)
          } catch (error) {
            expect(error).toBeInstanceOf(LiteralError)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})
