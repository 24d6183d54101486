import fc from 'fast-check'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GraftError } from '../../../src-main/contract/errors'
import { openVectorFile, readSidecarKeys } from '../../../src-main/embeddings'
import { parseNumber } from '../../../src-main/embeddings/readers/numbers'

let scratch: string
let next = 0
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-text-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

async function save(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(scratch, `${next++}-${name}`)
  await writeFile(path, content)
  return path
}

interface Found {
  format: string
  rows: number[][]
  keys: string[]
}

async function read(path: string, key?: string): Promise<Found> {
  const file = await openVectorFile(path, key === undefined ? {} : { key })
  try {
    const found: Found = { format: file.format, rows: [], keys: [] }
    const array = file.arrays.find(({ problem }) => problem === null) ?? file.arrays[0]
    for await (const block of file.read(array?.name ?? '')) {
      const width = block.rows.length / block.count
      for (let row = 0; row < block.count; row++)
        found.rows.push([...block.rows.subarray(row * width, (row + 1) * width)])
      found.keys.push(...(block.keys ?? []))
    }
    expect(array?.shape).toEqual([found.rows.length, found.rows[0]?.length])
    return found
  } finally {
    await file.close()
  }
}

async function refusal(path: string, key?: string): Promise<GraftError> {
  const error: unknown = await read(path, key).catch((thrown: unknown) => thrown)
  if (error instanceof GraftError) return error
  throw new Error(`expected a GraftError, got ${JSON.stringify(error)}`)
}

describe('numbers', () => {
  const parse = (text: string): number | null => {
    const bytes = Buffer.from(`x${text}x`)
    return parseNumber(bytes, 1, bytes.length - 1)
  }

  it('any double is read as the runtime reads it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.integer({ min: 0, max: 20 }), (value, digits) => {
        for (const text of [String(value), value.toExponential(digits), value.toPrecision(digits + 1)]) {
          expect(parse(text)).toBe(Number(text.replace('Infinity', '1e999')))
        }
      }),
      { numRuns: 2000 },
    )
  })

  it.each(['1.2.3', 'e5', '1e', '--1', '0x10', '1_000', 'one', '.', '+', '1 2', '１'])(
    '%s is no number',
    (text) => {
      expect(parse(text)).toBeNull()
    },
  )

  it.each([
    ['nan', NaN],
    ['-inf', -Infinity],
    ['Infinity', Infinity],
    ['', NaN],
    [' 5.', 5],
    ['-0', -0],
    ['+.5e+1', 5],
    ['1e400', Infinity],
    ['0.000', 0],
  ])('%s is %d', (text, value) => expect(parse(text)).toBe(value))
})

const key = fc
  .string({ minLength: 1, maxLength: 8, unit: 'grapheme' })
  .filter((text) => !/[\s\0-\x1f\ufeff]/.test(text))
const number = fc.float({ noNaN: true, noDefaultInfinity: true })
const table = fc
  .tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 30 }))
  .chain(([width, rows]) =>
    fc.array(fc.tuple(key, fc.array(number, { minLength: width, maxLength: width })), {
      minLength: rows,
      maxLength: rows,
    }),
  )

describe('any table reads back', () => {
  const check = async (path: string, rows: [string, number[]][], name?: string): Promise<void> => {
    const found = await read(path, name)
    expect(found.keys).toEqual(rows.map(([text]) => text))
    // A negative zero is written as 0.
    expect(found.rows).toEqual(rows.map(([, values]) => values.map((value) => (value === 0 ? 0 : value))))
  }
  const line = ([text, values]: [string, number[]], separator: string): string =>
    [text, ...values].join(separator)

  it('as word2vec text', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom('\n', '\r\n'), async (rows, end) => {
        const header = `${rows.length} ${rows[0]?.[1].length ?? 0}`
        await check(await save('t.vec', [header, ...rows.map((row) => line(row, ' '))].join(end)), rows)
      }),
      { numRuns: 60 },
    )
  })

  it('as word2vec binary', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.boolean(), async (rows, breaks) => {
        const parts = [Buffer.from(`${rows.length} ${rows[0]?.[1].length ?? 0}\n`)]
        for (const [text, values] of rows) {
          const floats = Buffer.alloc(4 * values.length)
          values.forEach((value, i) => floats.writeFloatLE(value === 0 ? 0 : value, 4 * i))
          parts.push(Buffer.from(`${text} `), floats, Buffer.from(breaks ? '\n' : ''))
        }
        await check(await save('t.w2v.bin', Buffer.concat(parts)), rows)
      }),
      { numRuns: 60 },
    )
  })

  it('as CSV and TSV, with quotation marks around any text', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom(',', '\t'), async (rows, separator) => {
        const names = ['key', ...(rows[0]?.[1] ?? []).map((_, i) => `v${i}`)].join(separator)
        const lines = rows.map(([text, values]) =>
          [`"${text.replace(/"/g, '""')}"`, ...values].join(separator),
        )
        await check(
          await save(`t.${separator === ',' ? 'csv' : 'tsv'}`, [names, ...lines].join('\n')),
          rows,
          'key',
        )
      }),
      { numRuns: 60 },
    )
  })
})

describe('text as it comes', () => {
  it('fields with line breaks, separators and quotation marks in them', async () => {
    const path = await save('q.csv', 'title,a,b\n"one, two\nthree ""four""",1,2\nplain,3,4\n')
    expect(await read(path)).toMatchObject({
      keys: ['one, two\nthree "four"', 'plain'],
      rows: [
        [1, 2],
        [3, 4],
      ],
    })
  })

  it('a mark at the beginning, empty lines and spaces at the end', async () => {
    const path = await save('b.csv', '\ufefftitle;a;b\r\n\r\nx;1; 2 \r\ny;3;4\r\n\r\n')
    expect(await read(path)).toMatchObject({
      format: 'csv',
      keys: ['x', 'y'],
      rows: [
        [1, 2],
        [3, 4],
      ],
    })
  })

  it('keys with spaces in them, as some GloVe files have', async () => {
    const path = await save('g.txt', 'the 1.5 2.5\n. . . 3 4\nat name@example.com 5 6\n')
    expect(await read(path)).toMatchObject({ format: 'glove', keys: ['the', '. . .', 'at name@example.com'] })
  })

  it('names that are numbers, as pandas writes them', async () => {
    const path = await save('p.csv', ',0,1,2\n17,0.5,1,2\n4,1,2,3.5\n')
    expect(await read(path)).toMatchObject({
      keys: ['17', '4'],
      rows: [
        [0.5, 1, 2],
        [1, 2, 3.5],
      ],
    })
  })

  it('vectors in one field, over several lines as numpy prints them', async () => {
    const path = await save('v.csv', 'id,title,vector\n5,x,"[1.  2.\n 3.5]"\n6,y,"[4, 5, 6]"\n')
    expect(await read(path)).toMatchObject({
      keys: ['5', '6'],
      rows: [
        [1, 2, 3.5],
        [4, 5, 6],
      ],
    })
  })

  it('gaps are NaN, for the alignment to find', async () => {
    const path = await save('n.csv', 'title,a,b\nx,,2\ny,3,nan\n')
    expect((await read(path)).rows).toEqual([
      [NaN, 2],
      [3, NaN],
    ])
  })
})

describe('bad text is refused, naming the row', () => {
  it.each([
    ['ragged.csv', 'k,a,b\nx,1,2\ny,3\n', 'Row 2 of', 'has 2 fields, where the first has 3'],
    ['word.csv', 'k,a,b\nx,1,2\ny,3,zwei\n', 'Row 2 of', "has 'zwei' in 'b', which is no number"],
    ['mixed.csv', 'k,v\nx,"[1,2]"\ny,"[1,2,3]"\n', 'Row 2 of', "has 3 numbers in 'v', where the first has 2"],
    ['ragged.txt', 'x 1.5 2\ny 3\n', 'Row 2 of', 'has 1 numbers, where the first has 2'],
    ['wide.txt', 'x 1.5 2\ny 3 4 5\n', 'Row 2 of', 'has 3 numbers, where the first has 2'],
    ['word.txt', 'x 1.5 2\ny 3 drei\n', 'Row 2 of', 'no number'],
    ['short.vec', '3 2\nx 1 2\ny 3 4\n      ', 'promises 3 rows', 'holds 2'],
    ['long.vec', '1 2\nx 1 2\ny 3 4\n', 'promises 1 rows', 'more than 1'],
    ['huge.vec', '999999999999 300\nx 1 2\n', '999,999,999,999 rows', 'cannot hold them'],
    ['open.csv', 'k,a,b\nx,1,2\n"y,3,4\n', 'Row 2 of', 'has 1 fields'],
    ['none.csv', 'k,l\nx,y\n', 'no column of numbers', ''],
    ['empty.csv', '', 'is empty', ''],
  ])('%s', async (name, content, ...parts) => {
    const error = await refusal(await save(name, content))
    expect(error.code).toBe('invalid-file')
    for (const part of parts) expect(error.message).toContain(part)
  })

  it('word2vec binary that ends early or goes on, and one whose count is a lie', async () => {
    const row = Buffer.concat([Buffer.from('word '), Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)])
    const cut = Buffer.concat([Buffer.from('2 4\n'), row, row.subarray(0, 17)])
    expect((await refusal(await save('cut.bin', cut))).message).toContain('row 2 is not a key and 4 numbers')
    const more = Buffer.concat([Buffer.from('1 4\n'), row, row])
    expect((await refusal(await save('more.bin', more))).message).toContain('goes on after the 1 rows')
    const lie = Buffer.concat([Buffer.from('99999999999 4\n'), row])
    expect((await refusal(await save('lie.bin', lie))).message).toContain('cannot hold them')
  })

  it('UTF-16, and a key that formats without names cannot have', async () => {
    const utf16 = Buffer.from('\ufeffk,a\nx,1\n', 'utf16le')
    expect((await refusal(await save('u.csv', utf16))).code).toBe('unsupported-file')
    expect((await refusal(await save('k.vec', '1 2\nx 1 2\n'), 'word')).code).toBe('invalid-setting')
  })
})

describe('safetensors', () => {
  const build = (header: object, data: Uint8Array): Buffer => {
    const text = Buffer.from(JSON.stringify(header))
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(text.length))
    return Buffer.concat([size, text, data])
  }
  const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)

  it('reads float16 and bfloat16 exactly', async () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x3f80, 0xc000)
    const header = {
      __metadata__: { format: 'pt' },
      half: { dtype: 'F16', shape: [1, 2], data_offsets: [0, 4] },
    }
    const path = await save('h.safetensors', build(header, new Uint8Array(halves.buffer)))
    expect((await read(path)).rows).toEqual([[1, -2]])
    const brain = { brain: { dtype: 'BF16', shape: [1, 2], data_offsets: [4, 8] } }
    const other = await save('b.safetensors', build(brain, new Uint8Array(halves.buffer)))
    expect((await read(other)).rows).toEqual([[1, -2]])
  })

  it.each([
    ['places past the end', { v: { dtype: 'F32', shape: [2, 2], data_offsets: [8, 24] } }],
    [
      'a shape that is larger than its bytes',
      { v: { dtype: 'F32', shape: [1e9, 300], data_offsets: [0, 16] } },
    ],
    ['a shape that is none', { v: { dtype: 'F32', shape: ['2', 2], data_offsets: [0, 16] } }],
    ['no place', { v: { dtype: 'F32', shape: [2, 2] } }],
    ['no description', { v: null }],
  ])('refuses %s', async (_what, header) => {
    expect((await refusal(await save('x.safetensors', build(header, data)))).code).toBe('invalid-file')
  })

  it('refuses a header that is longer than the file', async () => {
    const path = await save(
      'x.safetensors',
      build({ v: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] } }, data),
    )
    const bytes = build({}, data)
    bytes.writeBigUInt64LE(50_000_000n)
    await writeFile(path, bytes)
    expect((await refusal(path)).message).toContain('50,000,000')
  })
})

describe('files of keys', () => {
  it('objects from keys to rows and back, and keys that are numbers', async () => {
    expect(await readSidecarKeys(await save('a.json', '{"x": 1, "y": 0}'))).toEqual(['y', 'x'])
    expect(await readSidecarKeys(await save('b.json', '{"0": "x", "1": "y"}'))).toEqual(['x', 'y'])
    expect(await readSidecarKeys(await save('c.json', '[7, "x", 1.5]'))).toEqual(['7', 'x', '1.5'])
  })

  it.each(['{"x": 5}', '[[1]]', '7', '{', '[null]'])('%s is refused', async (text) => {
    await expect(readSidecarKeys(await save('bad.json', text))).rejects.toMatchObject({
      code: 'invalid-file',
    })
  })

  it('a table of keys whose columns are not told apart needs a name', async () => {
    const path = await save('m.tsv', 'a\tb\nx\ty\n')
    await expect(readSidecarKeys(path)).rejects.toMatchObject({ code: 'invalid-setting' })
    expect(await readSidecarKeys(path, { key: 'b' })).toEqual(['y'])
  })
})
