import { copyFileSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { columnProfile } from '../../../src-main/contract/views'
import { DatasetStore, profilePart, writeParquet } from '../../../src-main/dataset'
import { literal, withDuck } from '../../../src-main/dataset/duckdb'
import { partFolder } from '../../../src-main/dataset/files'
import { temporaryFolder } from './folder'

const project = temporaryFolder()
const train = partFolder(project, 'train')
const store = new DatasetStore(project)

const odd = 'a "b" \'c\' 😀; DROP TABLE data'
async function write(name: string, from: number, rows: number): Promise<void> {
  await writeParquet(join(train, name), [
    { name: 'id', dtype: 'int32', values: Int32Array.from({ length: rows }, (_, i) => from + i) },
    { name: odd, dtype: 'string', values: Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? 'x' : 'y')) },
  ])
}

beforeAll(async () => {
  // More than one row group in the second file (122,880 rows each).
  await write('part-00000.parquet', 0, 1000)
  await write('part-00001.parquet', 1000, 260_000)
})
afterAll(() => store.close())

describe('a window of rows', () => {
  it.each([
    [0, 3],
    [998, 5],
    [123_870, 20],
    [260_990, 50],
    [261_000, 10],
    [5, 0],
  ])('from %i, %i of them', async (offset, limit) => {
    const window = await store.rows('train', offset, limit, ['id'])
    const last = Math.min(261_000, offset + limit)
    expect(window.rows.map(([id]) => id)).toEqual(
      Array.from({ length: Math.max(0, last - offset) }, (_, i) => offset + i),
    )
    expect(window.total).toBe(261_000)
  })

  it('holds columns of any name', async () => {
    const window = await store.rows('train', 0, 2)
    expect(window.columns).toEqual([
      { name: 'id', type: 'INTEGER' },
      { name: odd, type: 'VARCHAR' },
    ])
    expect(window.rows).toEqual([
      [0, 'x'],
      [1, 'y'],
    ])
  })

  it('spells what JSON cannot', async () => {
    const other = join(project, 'kinds')
    const file = join(partFolder(other, 'test'), 'a.parquet')
    await writeParquet(file, [{ name: 'x', dtype: 'int32', values: Int32Array.from([1]) }])
    const values = `9007199254740993::BIGINT AS big, 'NaN'::DOUBLE AS nan, DATE '2024-02-29' AS day, [1, NULL] AS list, true AS yes, NULL::INTEGER AS none, 'ab'::BLOB AS bytes`
    await withDuck((duck) => duck.run(`COPY (SELECT ${values}) TO ${literal(file)} (FORMAT parquet)`))
    const kinds = new DatasetStore(other)
    expect((await kinds.rows('test', 0, 1)).rows).toEqual([
      ['9007199254740993', 'NaN', '2024-02-29', [1, null], true, null, '6162'],
    ])
    await kinds.close()
  })

  it('of a part that is not there says so', async () => {
    await expect(store.rows('test', 0, 1)).rejects.toMatchObject({ code: 'not-found' })
    expect(await new DatasetStore(join(project, 'none')).parts()).toEqual([])
  })
})

describe('the hash', () => {
  it('follows the content, not the time of change', async () => {
    const before = await store.hash()
    const file = join(train, 'part-00000.parquet')
    utimesSync(file, new Date(1), new Date(1))
    expect(await store.hash()).toBe(before)
    copyFileSync(file, join(project, 'kept.parquet'))
    await write('part-00000.parquet', 1, 1000)
    expect(await store.hash()).not.toBe(before)
    copyFileSync(join(project, 'kept.parquet'), file)
    expect(await store.hash()).toBe(before)
    expect(statSync(join(project, 'dataset', '.hashes.json')).size).toBeGreaterThan(0)
  })
})

describe('rows and profiles', () => {
  it('asked for at the same time are all there', async () => {
    const table = new DatasetStore(project)
    const windows = Array.from({ length: 12 }, (_, i) => table.rows('train', i * 1000, 200))
    const profiles = profilePart(table, 'train')
    const found = await Promise.all(windows)
    await profiles
    expect(found.map(({ rows }) => rows.length)).toEqual(new Array(12).fill(200))
    await table.close()
  })
})

describe('the profile', () => {
  it('counts, bounds and plots every column', async () => {
    const [id, text] = await profilePart(store, 'train')
    expect(columnProfile.array().safeParse([id, text]).success).toBe(true)
    expect(id).toMatchObject({
      rows: 261_000,
      missing: 0,
      distinct: 261_000,
      min: 0,
      max: 260_999,
      mean: 130_499.5,
      lengths: null,
    })
    // Linear between order statistics, as numpy's default.
    expect(id?.quantiles?.p5).toBeCloseTo(260_999 * 0.05, 6)
    expect(id?.quantiles?.p50).toBeCloseTo(130_499.5, 6)
    expect(id?.quantiles?.p95).toBeCloseTo(260_999 * 0.95, 6)
    expect(id?.histogram?.counts).toEqual(new Array(20).fill(13_050))
    expect(id?.histogram?.edges).toHaveLength(21)
    expect(id?.histogram?.edges[20]).toBe(260_999)
    expect(text).toMatchObject({ distinct: 2, min: 'x', max: 'y', mean: null, histogram: null })
    expect(text?.top).toEqual([
      { value: 'y', count: 666 + 173_333 },
      { value: 'x', count: 334 + 86_667 },
    ])
  })

  it('is kept until the files change', async () => {
    // A mark in what was kept shows whether the answer came from there.
    const kept = join(project, 'dataset', '.profiles.json')
    writeFileSync(kept, readFileSync(kept, 'utf8').replace('"distinct":261000', '"distinct":7'))
    expect((await profilePart(store, 'train'))[0]).toMatchObject({ distinct: 7 })
    await write('part-00001.parquet', 0, 10)
    expect((await profilePart(store, 'train'))[0]).toMatchObject({ rows: 1010, distinct: 1000 })
  })

  it('takes nulls, NaN, lists and single values as they are', async () => {
    const other = join(project, 'odd')
    const file = join(partFolder(other, 'train'), 'a.parquet')
    await writeParquet(file, [{ name: 'x', dtype: 'int32', values: Int32Array.from([1]) }])
    const query = `SELECT * FROM (VALUES (1.5::DOUBLE, 7, [1, 2], NULL::INTEGER), ('NaN', 7, [2], NULL), (NULL, 7, NULL, NULL)) t(f, one, list, none)`
    await withDuck((duck) => duck.run(`COPY (${query}) TO ${literal(file)} (FORMAT parquet)`))
    const odds = new DatasetStore(other)
    const [f, one, list, none] = await profilePart(odds, 'train')
    expect(f).toMatchObject({
      missing: 1,
      min: 1.5,
      max: 1.5,
      mean: 1.5,
      histogram: { counts: [1], edges: [1.5, 2.5] },
      quantiles: { p5: 1.5, p50: 1.5, p95: 1.5 },
      top: null,
    })
    expect(one).toMatchObject({
      distinct: 1,
      histogram: { counts: [3], edges: [7, 8] },
      top: [{ value: '7', count: 3 }],
    })
    expect(list).toMatchObject({
      rows: 3,
      missing: 1,
      distinct: 2,
      min: 1,
      max: 2,
      histogram: { counts: [1, 2], edges: [1, 2, 3] },
      lengths: { min: 1, mean: 1.5, max: 2, histogram: { counts: [1, 1], edges: [1, 2, 3] } },
    })
    expect(none).toMatchObject({
      missing: 3,
      distinct: 0,
      min: null,
      max: null,
      mean: null,
      quantiles: null,
      histogram: null,
      top: [],
    })
    await odds.close()
  })

  it('computes the columns that are asked for, and those once, however many ask at a time', async () => {
    const wide = join(project, 'wide')
    const file = join(partFolder(wide, 'train'), 'a.parquet')
    mkdirSync(partFolder(wide, 'train'), { recursive: true })
    const columns = Array.from({ length: 150 }, (_, i) => `range + ${i} AS "c ${i}"`).join(', ')
    await withDuck((duck) =>
      duck.run(`COPY (SELECT ${columns} FROM range(100)) TO ${literal(file)} (FORMAT parquet)`),
    )
    const table = new DatasetStore(wide)
    const [first, second] = await Promise.all([
      profilePart(table, 'train', ['c 7', 'c 3', 'no such column']),
      profilePart(table, 'train', ['c 149']),
    ])
    expect(first.map(({ column }) => column)).toEqual(['c 3', 'c 7'])
    expect(second[0]).toMatchObject({ min: 149, max: 248, quantiles: { p50: 198.5 } })
    const kept = join(wide, 'dataset', '.profiles.json')
    writeFileSync(kept, readFileSync(kept, 'utf8').replace('"mean":52.5', '"mean":-1'))
    const all = await profilePart(table, 'train')
    expect(all.map(({ min }) => min)).toEqual(Array.from({ length: 150 }, (_, i) => i))
    expect(all[3]?.mean).toBe(-1)
    await table.close()
  })
})
