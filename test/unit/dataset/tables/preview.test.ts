import { existsSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { previewTables } from '../../../../src-main/dataset'
import { folder, write } from './support'

const options = { delimiter: null, quote: null, header: null }
const open = (
  files: string[],
  more: Partial<Parameters<typeof previewTables>[0]> = {},
): ReturnType<typeof previewTables> => previewTables({ files, joins: [], options, target: null, ...more })

const ratings = (rows: number): string =>
  [
    'userId,movieId,rating,timestamp',
    ...Array.from(
      { length: rows },
      (_, i) => `${(i * 7) % 40},m${(i * 5) % 30},${(i % 9) / 2 + 1},${1_100_000_000 + i * 60}`,
    ),
  ].join('\n')

describe('the preview of raw tables', () => {
  it('tells columns, reasons, the sniffed dialect and the first rows, and writes nothing beside the file', async () => {
    const path = write('ratings.csv', ratings(300))
    const before = await readdir(folder)
    const found = await open([path])
    expect(found.files).toEqual([{ path, name: 'ratings.csv', bytes: ratings(300).length }])
    expect(found.dialect).toEqual({ delimiter: ',', quote: '"', header: true })
    expect(found.columns.map(({ name, encoding }) => [name, encoding])).toEqual([
      ['userId', 'categorical'],
      ['movieId', 'categorical'],
      ['rating', null],
      ['timestamp', null],
      ['rating_binary', 'target'],
    ])
    expect(found.columns.every(({ reason }) => reason !== '')).toBe(true)
    expect(found.columns[2]).toMatchObject({ role: 'ignored', min: 1, max: 5 })
    expect(found.rows).toHaveLength(20)
    expect(found.rows[8]).toEqual([16, 'm10', 5, 1_100_000_480, 1])
    expect(found).toMatchObject({ sampled: 300, whole: true, target: 'rating_binary' })
    expect(await readdir(folder)).toEqual(before)
  })

  it('reads as it is told, and compressed text too', async () => {
    const path = join(folder, 'plain.csv.gz')
    writeFileSync(path, gzipSync('1;2\n3;4\n'))
    const found = await open([path], { options: { delimiter: ';', quote: "'", header: false } })
    expect(found.dialect).toEqual({ delimiter: ';', quote: "'", header: false })
    expect(found.columns.map(({ name }) => name)).toEqual(['column_1', 'column_2'])
    expect(found.rows).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  it('takes the wished target, with a threshold or without', async () => {
    const path = write('wished.csv', ratings(60))
    const plain = await open([path], { target: { column: 'rating', above: null } })
    expect(plain.target).toBe('rating')
    expect(plain.columns.find(({ name }) => name === 'rating')).toMatchObject({ role: 'target' })
    const above = await open([path], { target: { column: 'rating', above: 4 } })
    expect(above.rows.map((row) => row[4]).slice(6, 9)).toEqual([0, 1, 1])
    await expect(open([path], { target: { column: 'stars', above: null } })).rejects.toMatchObject({
      code: 'unknown-column',
    })
  })

  it('suggests the keys of joined tables and shows their columns', async () => {
    const path = write('joined.csv', ratings(60))
    const items = Array.from({ length: 25 }, (_, i) => `m${i},T${i},a|b`).join('\n')
    const movies = write('movies.csv', `movieId,title,genres\n${items}\n`)
    const users = write(
      'users.csv',
      `id,age\n${Array.from({ length: 40 }, (_, i) => `${i},${20 + i}`).join('\n')}\n`,
    )
    const found = await open([path], {
      joins: [
        { path: movies, on: null, key: null },
        { path: users, on: null, key: null },
      ],
    })
    expect(found.joins).toMatchObject([
      { name: 'movies.csv', on: 'movieId', key: 'movieId', columns: ['movieId', 'title', 'genres'] },
      { name: 'users.csv', on: 'userId', key: 'id', columns: ['id', 'age'] },
    ])
    expect(found.columns.map(({ name }) => name)).toEqual([
      'userId',
      'movieId',
      'rating',
      'timestamp',
      'title',
      'genres',
      'age',
      'rating_binary',
    ])
    expect(found.columns.map(({ joined }) => joined)).toEqual([
      ...[false, false, false, false],
      ...[true, true, true],
      false,
    ])
    expect(found.rows[0]).toEqual([0, 'm0', 1, 1_100_000_000, 'T0', 'a|b', 20, 0])
    expect(found.warnings.join('\n')).toContain('10 rows have a movieId')
  })

  it('leaves a table whose key nobody can guess unjoined, and refuses one whose key is not unique', async () => {
    const path = write('rows.csv', ratings(20))
    const other = write('other.csv', 'place,city\n1,A\n1,B\n')
    const found = await open([path], { joins: [{ path: other, on: null, key: null }] })
    expect(found.joins).toMatchObject([{ on: null, key: null, columns: ['place', 'city'] }])
    expect(found.columns.map(({ name }) => name)).not.toContain('city')
    await expect(
      open([path], { joins: [{ path: other, on: 'userId', key: 'place' }] }),
    ).rejects.toMatchObject({ code: 'invalid-data', details: { column: 'place' } })
  })

  it('names the file that it cannot read', async () => {
    const empty = write('empty.csv', '')
    await expect(open([empty])).rejects.toMatchObject({ code: 'invalid-file', details: { file: empty } })
    const header = write('header.csv', 'a,b\n')
    await expect(open([header])).rejects.toMatchObject({ code: 'invalid-data', details: { file: header } })
    const missing = join(folder, 'missing.csv')
    expect(existsSync(missing)).toBe(false)
    await expect(open([missing])).rejects.toMatchObject({ code: 'not-found' })
  })
})
