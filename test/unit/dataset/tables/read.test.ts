import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GraftError } from '../../../../src-main/contract'
import { literal, withDuck } from '../../../../src-main/dataset/duckdb'
import { records, sniff } from '../../../../src-main/dataset/sources/sniff'
import { contentOf } from '../../../contentOf'
import { folder, importFiles, raw, rowsOf, write } from './support'

const automatic = { delimiter: null, quote: null, header: null }

async function fails(work: Promise<unknown>): Promise<GraftError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof GraftError) return error
  throw new Error(`expected a GraftError, found ${String(error)}`)
}

describe('text tables', () => {
  it('types are the narrowest that lose nothing; codes stay text', async () => {
    write(
      'types.csv',
      'n,x,zip,code,flag,at,name,big\n1,1.5,00123,A1,true,2020-01-02 03:04:05,é,12345678901234567890\n-2,,04567,7,FALSE,2021-01-01,"a ""b"", c",2\n',
    )
    await importFiles([join(folder, 'types.csv')])
    expect(await raw()).toEqual([
      {
        n: 1,
        x: 1.5,
        zip: '00123',
        code: 'A1',
        flag: true,
        at: '2020-01-02 03:04:05',
        name: 'é',
        big: '12345678901234567890',
      },
      {
        n: -2,
        x: null,
        zip: '04567',
        code: '7',
        flag: false,
        at: '2021-01-01 00:00:00',
        name: 'a "b", c',
        big: '2',
      },
    ])
  })

  it('a value late in the file that does not fit the first ones decides, too', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${i},${i % 7}`)
    write('late.csv', `id,v\n${rows.join('\n')}\nlast,0.5\n`)
    await importFiles([join(folder, 'late.csv')])
    const found = await raw()
    expect(found).toHaveLength(30_001)
    expect(found[0]).toEqual({ id: '0', v: 0 })
    expect(found[30_000]).toEqual({ id: 'last', v: 0.5 })
  })

  it.each([
    ['tab.tsv', 'a\tb\n1\tx\n2\ty\n'],
    ['semicolon.csv', 'a;b\n1;x\n2;y\n'],
    ['pipe.csv', 'a|b\n1|x\n2|y\n'],
    ['colons.dat', 'a::b\n1::x\n2::y\n'],
    ['crlf.csv', 'a,b\r\n1,x\r\n2,y\r\n'],
    ['bom.csv', '\ufeffa,b\n1,x\n2,y\n'],
    ['quoted.csv', '"a","b"\n"1","x"\n"2","y"\n'],
  ])('%s is found out', async (name, text) => {
    await importFiles([write(name, text)])
    expect(await raw()).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ])
  })

  it('gzip, zstd and UTF-16 are read', async () => {
    const text = 'a,b\n1,ä\n2,y\n'
    const expected = [
      { a: 1, b: 'ä' },
      { a: 2, b: 'y' },
    ]
    await importFiles([write('z.csv.gz', gzipSync(text))])
    expect(await raw()).toEqual(expected)
    await importFiles([write('u.csv', Buffer.from(`\ufeff${text}`, 'utf16le'))])
    expect(await raw()).toEqual(expected)
    const zst = join(folder, 'z.csv.zst')
    await withDuck((duck) =>
      duck.run(
        `COPY (VALUES (1, 'ä'), (2, 'y')) TO ${literal(zst)} (FORMAT csv, COMPRESSION zstd, HEADER false)`,
      ),
    )
    await importFiles([zst])
    expect(await raw()).toEqual(expected.map(({ a, b }) => ({ column_1: a, column_2: b })))
  })

  it('odd names come through, duplicates get names of their own', async () => {
    const names = ['my col', "it's", '"quoted"', '😀', 'x"; DROP TABLE t; --', 'a', 'A', '']
    const header = names.map((name) => `"${name.replace(/"/g, '""')}"`).join(',')
    const { report } = await importFiles([write('odd.csv', `${header}\n1,2,3,4,5,6,7,8\n1,0,3,4,5,6,7,8\n`)])
    expect(Object.keys((await raw())[0] ?? {})).toEqual([
      'my col',
      "it's",
      '"quoted"',
      '😀',
      'x"; DROP TABLE t; --',
      'a',
      'A_2',
      'column_8',
    ])
    expect(report.warnings.join('\n')).toMatch(/several columns A[\s\S]*column 8 has no name/)
  })

  it('several files are one table; others are refused by name', async () => {
    const [a, b, c] = [
      write('m1.csv', 'a,b\n1,2\n'),
      write('m2.csv', 'b,a\n4,3\n'),
      write('m3.csv', 'a,c\n5,6\n'),
    ]
    await importFiles([a, b])
    expect(await raw()).toEqual([
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ])
    const error = await fails(importFiles([a, c]))
    expect(error.message).toContain('m3.csv')
    expect(error.message).toContain('column b')
    expect(await raw()).toHaveLength(2)
  })

  it('a value of 10 MB is a value', async () => {
    await importFiles([write('long.csv', `a,b\n1,${'x'.repeat(10_000_000)}\n2,y\n`)])
    expect((await raw()).map((row) => String(row.b).length)).toEqual([10_000_000, 1])
  })

  it('records honour quotes whatever is in them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string(), { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        (rows) => {
          const text = rows
            .map((row) => row.map((cell) => `"${cell.replace(/"/g, '""')}"`).join(','))
            .join('\n')
          expect(records(text, ',', '"', rows.length)).toEqual(rows)
        },
      ),
    )
  })

  it('options overrule what is found', () => {
    expect(sniff('f', 'a;b,c\n', { ...automatic, delimiter: ',' }).dialect.columns).toEqual(['a;b', 'c'])
    expect(sniff('f', 'a,b\n', { ...automatic, header: false }).dialect.columns).toEqual([
      'column_1',
      'column_2',
    ])
  })
})

describe('other sources', () => {
  it('JSON lines, lists in them; nested objects are refused by name', async () => {
    await importFiles([write('l.jsonl', '{"a":1,"tags":["x","y"]}\n{"a":2,"tags":[]}\n')])
    expect(await raw()).toEqual([
      { a: 1, tags: ['x', 'y'] },
      { a: 2, tags: [] },
    ])
    const error = await fails(importFiles([write('n.jsonl', '{"a":{"b":1}}\n')]))
    expect(error.code).toBe('unsupported-file')
    expect(error.message).toContain('column a')
  })

  it('a column of JSON lines without a value is kept as an empty one, and set aside', async () => {
    const lines = Array.from(
      { length: 30 },
      (_, i) => `{"a":${i % 7},"none":null,"lists":${i % 2 ? '[]' : '[null]'}}`,
    )
    const { report } = await importFiles([write('nulls.jsonl', lines.join('\n'))])
    expect((await raw())[0]).toEqual({ a: 0, none: null, lists: [null] })
    expect(report.columns.find(({ name }) => name === 'none')).toMatchObject({
      role: 'ignored',
      reason: 'it has no values',
    })
  })

  it('times with an offset are that instant in UTC; without one they stand as they are', async () => {
    const expected = [
      '2020-01-02 01:04:05',
      '2020-01-02 08:34:05.25',
      '2020-01-02 03:04:05',
      '2020-01-02 03:04:05',
      '2020-01-02 00:00:00',
    ]
    const spelled = [
      '2020-01-02T03:04:05+02:00',
      '2020-01-02 03:04:05.25-05:30',
      '2020-01-02T03:04:05Z',
      '2020-01-02 03:04:05',
      '2020-01-02',
    ]
    await importFiles([write('zones.csv', `at,n\n${spelled.map((at, i) => `${at},${i}`).join('\n')}\n`)])
    expect((await raw()).map(({ at }) => at)).toEqual(expected)
    const lines = [spelled[0], spelled[2]].map((at) => JSON.stringify({ at }))
    await importFiles([write('zones.jsonl', lines.join('\n'))])
    expect((await raw()).map(({ at }) => at)).toEqual([expected[0], expected[2]])
    const parquet = join(folder, 'zones.parquet')
    await withDuck((duck) =>
      duck.run(
        `COPY (SELECT TIMESTAMPTZ '2020-01-02 03:04:05+02' AS at) TO ${literal(parquet)} (FORMAT parquet)`,
      ),
    )
    await importFiles([parquet])
    expect((await raw()).map(({ at }) => at)).toEqual(expected.slice(0, 1))
  })

  it('a partitioned folder of Parquet gives its folders as columns', async () => {
    for (const country of ['se', 'no']) {
      mkdirSync(join(folder, 'parts', `country=${country}`), { recursive: true })
      const path = join(folder, 'parts', `country=${country}`, 'x.parquet')
      await withDuck((duck) => duck.run(`COPY (SELECT 1 AS a) TO ${literal(path)} (FORMAT parquet)`))
    }
    await importFiles([join(folder, 'parts')])
    expect((await raw()).map((row) => row.country)).toEqual(['no', 'se'])
  })
})

describe('what cannot be imported leaves everything as it was', () => {
  it.each([
    ['ragged.csv', 'a,b,c\n1,2,3\n4,5\n', 'invalid-file', /ragged\.csv, line 3: 2 cells .* 3/],
    ['header.csv', 'a,b\n', 'invalid-data', /header\.csv has a header and no rows/],
    ['empty.csv', '', 'invalid-file', /empty\.csv is empty/],
    ['blank.csv', '\n\n', 'invalid-file', /blank\.csv has no text/],
    ['binary.csv', Buffer.from([1, 2, 0, 3, 4]), 'invalid-file', /binary\.csv is binary/],
    [
      'mixed.csv',
      Buffer.concat([Buffer.from('a,b\n1,ä\n2,'), Buffer.from([0xe9]), Buffer.from('\n')]),
      'invalid-file',
      /mixed\.csv, line \d+: not valid UTF-8/,
    ],
    ['book.csv', Buffer.from('PK\u0003\u0004xxxx', 'latin1'), 'unsupported-file', /zip archive/],
    ['x.feather', 'ARROW1xx', 'invalid-file', /x\.feather is not a readable Arrow file/],
    ['old.feather', 'FEA1xxxx', 'unsupported-file', /first version of Feather/],
    ['no.arrow', 'a,b\n1,2\n', 'invalid-file', /no\.arrow is not an Arrow file/],
    ['cut.parquet', 'PAR1xxxx', 'invalid-file', /cut\.parquet/],
  ])('%s', async (name, content, code, message) => {
    await importFiles([write('before.csv', 'a,b\n1,2\n')])
    const before = await contentOf(join(folder, 'p'))
    const error = await fails(importFiles([write(name, content)]))
    expect(error.message).toMatch(message)
    expect(error.code).toBe(code)
    expect(await contentOf(join(folder, 'p'))).toEqual(before)
  })

  it('a file that is not there, and one of another format', async () => {
    expect((await fails(importFiles([join(folder, 'nowhere.csv')]))).code).toBe('not-found')
    const parquet = join(folder, 'one.parquet')
    await withDuck((duck) => duck.run(`COPY (SELECT 1 AS a) TO ${literal(parquet)} (FORMAT parquet)`))
    const error = await fails(importFiles([write('one.csv', 'a\n1\n'), parquet]))
    expect(error.message).toMatch(/one\.csv.*one\.parquet/)
  })

  it('a cancel at any moment leaves nothing behind', async () => {
    const project = join(folder, 'cancelled')
    const path = write(
      'many.csv',
      `a,b\n${Array.from({ length: 200_000 }, (_, i) => `${i},${i % 9}`).join('\n')}\n`,
    )
    for (const delay of [0, 20, 60, 120]) {
      const controller = new AbortController()
      const work = fails(
        importFiles([path], { project, signal: controller.signal, split: 'random:0.8,0.1,0.1' }),
      )
      setTimeout(() => controller.abort(), delay)
      expect((await work).code).toBe('cancelled')
      expect(statSync(project, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(project) : []).toEqual(
        [],
      )
    }
  })

  it('a source that is deleted after the import is not missed', async () => {
    const path = write('gone.csv', 'a,b\n1,2\n3,4\n')
    await importFiles([path])
    const before = await contentOf(join(folder, 'p'))
    rmSync(path)
    expect(await rowsOf('raw/table.parquet')).toHaveLength(2)
    expect(await fails(importFiles([path]))).toMatchObject({ code: 'not-found' })
    expect(await contentOf(join(folder, 'p'))).toEqual(before)
  })
})
