import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  DatasetStore,
  importEncoded,
  loadFiles,
  partFiles,
  writeParquet,
  type ColumnData,
} from '../../../src-main/dataset'
import { literal, parquetSource, withDuck } from '../../../src-main/dataset/duckdb'
import { intDomain, makeColumn, setRole, type Schema } from '../../../src-main/schema'
import { temporaryFolder } from './folder'

const folder = temporaryFolder()
const schema: Schema = {
  columns: [
    makeColumn('user', 'int32', { tags: ['categorical', 'user_id'], domain: intDomain('user', 10) }),
    makeColumn('price', 'float32', { tags: ['continuous'] }),
    makeColumn('genres', 'int64', {
      tags: ['categorical'],
      domain: intDomain('genres', 5),
      isList: true,
      isRagged: true,
    }),
    makeColumn('label', 'int32', { tags: ['binary_classification', 'target'] }),
    makeColumn('note', 'string'),
  ],
  rest: {},
}

function columns(rows: number, changes: Partial<Record<string, Partial<ColumnData>>> = {}): ColumnData[] {
  const all: ColumnData[] = [
    { name: 'user', dtype: 'int64', values: Int32Array.from({ length: rows }, (_, i) => i % 11) },
    { name: 'price', dtype: 'float64', values: Float64Array.from({ length: rows }, (_, i) => i) },
    {
      name: 'genres',
      dtype: 'int32',
      values: Int32Array.from({ length: rows }, (_, i) => (i % 5) + 1),
      offsets: Int32Array.from({ length: rows + 1 }, (_, i) => i),
    },
    { name: 'label', dtype: 'int8', values: Int32Array.from({ length: rows }, (_, i) => i % 2) },
    { name: 'extra', dtype: 'string', values: Array.from({ length: rows }, (_, i) => `r${i}`) },
  ]
  return all.map((column) => ({ ...column, ...changes[column.name] }))
}

const file = (name: string): string => join(folder, name)
beforeAll(async () => {
  await writeParquet(file('a.parquet'), columns(1000))
  await writeParquet(file('b.parquet'), columns(500).reverse())
})

describe('importing encoded files', () => {
  const project = join(folder, 'project')

  it('writes the parts that were named', async () => {
    const report = await importEncoded({
      project,
      schema,
      sources: { kind: 'parts', train: [file('a.parquet'), file('b.parquet')], test: [file('b.parquet')] },
    })
    expect(report.rows).toEqual({ train: 1500, validation: 0, test: 500 })
    expect(report.columns.map((column) => `${column.name} ${column.role}`)).toEqual([
      'user feature',
      'price feature',
      'genres feature',
      'label target',
    ])
    expect(report.warnings).toEqual(['column extra is not in the schema and was left out'])
    const store = new DatasetStore(project)
    expect((await store.parts()).map((part) => [part.part, part.rows])).toEqual([
      ['train', 1500],
      ['test', 500],
    ])
    expect(await store.columns('train')).toEqual([
      { name: 'user', type: 'INTEGER' },
      { name: 'price', type: 'FLOAT' },
      // Told to be int64; what its domain holds fits in int32.
      { name: 'genres', type: 'INTEGER[]' },
      { name: 'label', type: 'INTEGER' },
    ])
    expect((await store.rows('train', 999, 2)).rows).toEqual([
      [9, 999, [5], 1],
      [0, 0, [1], 0],
    ])
    await store.close()
  })

  it('splits at random by a seed, every row in one part, the shares met exactly', async () => {
    const split = async (seed: number): Promise<number[][]> => {
      const report = await importEncoded({
        project,
        schema,
        sources: { kind: 'random', files: [file('a.parquet')], shares: [0.8, 0.15, 0.05], seed },
      })
      expect(report.rows).toEqual({ train: 800, validation: 150, test: 50 })
      const parts: number[][] = []
      for (const part of ['train', 'validation', 'test'] as const) {
        const loaded = await loadFiles(await partFiles(project, part), [{ name: 'price', type: 'float32' }])
        parts.push(Array.from(loaded.columns.price ?? []))
      }
      return parts
    }
    const first = await split(1)
    expect(first.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    // Each part keeps the order of the file.
    for (const part of first) expect(part).toEqual([...part].sort((a, b) => a - b))
    expect(await split(1)).toEqual(first)
    expect(await split(2)).not.toEqual(first)
  })

  it('stores numbers in no more bytes than their files, but as the schema says where files differ', async () => {
    const wide: Schema = {
      ...schema,
      columns: schema.columns.map((column) => {
        if (column.name === 'price') return { ...column, dtype: 'float64' }
        return column.name === 'label' ? { ...column, dtype: 'int64' } : column
      }),
    }
    const typesOf = async (...train: string[]): Promise<string[]> => {
      await importEncoded({ project, schema: wide, sources: { kind: 'parts', train } })
      const store = new DatasetStore(project)
      const found = await store.columns('train')
      await store.close()
      return ['price', 'label'].map((name) => found.find((column) => column.name === name)?.type ?? '')
    }
    const narrow = columns(4, {
      price: { dtype: 'float32', values: Float32Array.of(0.1, 1, 2, 3) },
      label: { dtype: 'int32' },
    })
    await writeParquet(file('narrow.parquet'), narrow)
    expect(await typesOf(file('narrow.parquet'))).toEqual(['FLOAT', 'INTEGER'])
    expect(await typesOf(file('narrow.parquet'), file('a.parquet'))).toEqual(['DOUBLE', 'BIGINT'])
  })

  it('expands folders and patterns', async () => {
    const source = join(folder, 'many[1]')
    mkdirSync(source)
    await writeParquet(join(source, 'x1.parquet'), columns(10))
    await writeParquet(join(source, 'x2.parquet'), columns(20))
    const rows = async (path: string): Promise<number> =>
      (await importEncoded({ project, schema, sources: { kind: 'parts', train: [path] } })).rows.train
    expect(await rows(source)).toBe(30)
    expect(await rows(join(source, 'x1.parquet'))).toBe(10)
    expect(await rows(join(folder, '?.parquet'))).toBe(1500)
    await expect(rows(join(folder, '*.nothing'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(rows(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'not-found' })
  })

  it('keeps fractions of a target whose schema says integer', async () => {
    const regression: Schema = {
      ...schema,
      columns: schema.columns.map((column) =>
        column.name === 'label' ? { ...column, tags: ['regression', 'target'] } : column,
      ),
    }
    await writeParquet(
      file('half.parquet'),
      columns(2, { label: { dtype: 'float32', values: Float32Array.from([0.5, 2]) } }),
    )
    await importEncoded({
      project,
      schema: regression,
      sources: { kind: 'parts', train: [file('half.parquet')] },
    })
    expect(
      Array.from(
        (await loadFiles(await partFiles(project, 'train'), [{ name: 'label', type: 'float32' }])).columns
          .label ?? [],
      ),
    ).toEqual([0.5, 2])
  })
})

describe('a file that does not fit', () => {
  const project = join(folder, 'untouched')
  beforeAll(async () => {
    await importEncoded({ project, schema, sources: { kind: 'parts', train: [file('a.parquet')] } })
  })
  const snapshot = (): string[] =>
    readdirSync(join(project, 'dataset'), { recursive: true, encoding: 'utf8' }).sort()

  const bad = columns(3)
  const faults: [string, ColumnData[], Record<string, unknown>][] = [
    [
      'an id above the domain',
      columns(3, { user: { values: Int32Array.from([1, 11, 12]) } }),
      {
        code: 'invalid-data',
        message:
          'bad.parquet, column user, row 1: the value 11 is outside of its domain [0, 10] (2 rows in all)',
      },
    ],
    [
      'a negative id',
      columns(3, { user: { values: Int32Array.from([1, 2, -1]) } }),
      { code: 'invalid-data', details: { row: 2, count: 1 } },
    ],
    [
      'an id in a list above the domain',
      columns(3, { genres: { values: Int32Array.from([1, 6, 2]) } }),
      { code: 'invalid-data', details: { column: 'genres', row: 1 } },
    ],
    [
      'text for ids',
      columns(3, { user: { dtype: 'string', values: ['a', 'b', 'c'] } }),
      { code: 'invalid-data', message: 'bad.parquet, column user: its type is VARCHAR, not integers' },
    ],
    [
      'text for numbers',
      columns(3, { price: { dtype: 'string', values: ['a', 'b', 'c'] } }),
      { code: 'invalid-data', details: { column: 'price' } },
    ],
    [
      'NaN',
      columns(3, { price: { values: Float64Array.from([1, Number.NaN, 2]) } }),
      { code: 'non-finite', details: { column: 'price', row: 1 } },
    ],
    [
      'infinity',
      columns(3, { price: { values: Float64Array.from([1, 1, -Infinity]) } }),
      { code: 'non-finite', details: { row: 2 } },
    ],
    [
      'a target that is not 0 or 1',
      columns(3, { label: { values: Int32Array.from([0, 1, 2]) } }),
      { code: 'invalid-target', details: { column: 'label', row: 2 } },
    ],
    [
      'a missing column',
      bad.filter((column) => column.name !== 'price'),
      { code: 'unknown-column', message: 'bad.parquet has no column price' },
    ],
    [
      'a scalar where lists belong',
      bad.map((column) =>
        column.name === 'genres' ? { name: 'genres', dtype: 'int32', values: column.values } : column,
      ),
      { code: 'invalid-data', details: { column: 'genres' } },
    ],
    ['no rows', columns(0), { code: 'invalid-data', message: 'there are no rows to train on' }],
  ]
  it.each(faults)('%s', async (_, data, error) => {
    const before = snapshot()
    await writeParquet(file('bad.parquet'), data)
    const sources = { kind: 'parts' as const, train: [file('bad.parquet')] }
    const { details, ...rest } = error
    await expect(importEncoded({ project, schema, sources })).rejects.toMatchObject(
      details === undefined ? rest : { ...rest, details: expect.objectContaining(details) },
    )
    expect(snapshot()).toEqual(before)
  })

  it.each([
    ['text', Buffer.from('user,price\n1,2\n')],
    ['nothing', Buffer.alloc(0)],
    ['half of a file', null],
  ])('%s instead of Parquet', async (_, content) => {
    const before = snapshot()
    const whole = readFileSync(file('a.parquet'))
    writeFileSync(file('broken.parquet'), content ?? whole.subarray(0, whole.length / 2))
    await expect(
      importEncoded({ project, schema, sources: { kind: 'parts', train: [file('broken.parquet')] } }),
    ).rejects.toMatchObject({ code: 'invalid-file', message: expect.stringContaining('broken.parquet') })
    expect(snapshot()).toEqual(before)
  })

  it('a split whose shares are none', async () => {
    for (const shares of [
      [0.5, 0.1, 0.1],
      [0, 0.5, 0.5],
      [1.2, -0.1, -0.1],
    ] as const)
      await expect(
        importEncoded({
          project,
          schema,
          sources: { kind: 'random', files: [file('a.parquet')], shares: [...shares], seed: 1 },
        }),
      ).rejects.toMatchObject({ code: 'invalid-setting' })
  })

  it('a cancelled import', async () => {
    const before = snapshot()
    const controller = new AbortController()
    const sources = { kind: 'parts' as const, train: [file('a.parquet')] }
    const running = importEncoded({
      project,
      schema,
      sources,
      signal: controller.signal,
      onProgress: ({ phase }) => phase === 'writing' && controller.abort(),
    })
    await expect(running).rejects.toMatchObject({ code: 'cancelled' })
    expect(snapshot()).toEqual(before)
  })

  it('a new project stays without a folder for data', async () => {
    const fresh = join(folder, 'fresh')
    mkdirSync(fresh)
    await writeParquet(file('empty.parquet'), columns(0))
    const sources = { kind: 'parts' as const, train: [file('empty.parquet')] }
    await expect(importEncoded({ project: fresh, schema, sources })).rejects.toMatchObject({
      code: 'invalid-data',
    })
    expect(readdirSync(fresh)).toEqual([])
  })

  it('an exchange that was killed is mended when the data are next opened', async () => {
    const encoded = join(project, 'dataset', 'encoded')
    renameSync(encoded, join(project, 'dataset', '.encoded.old'))
    mkdirSync(join(project, 'dataset', '.encoded.new'))
    const store = new DatasetStore(project)
    expect((await store.parts()).map(({ part, rows }) => [part, rows])).toEqual([['train', 1000]])
    await store.close()
    await importEncoded({ project, schema, sources: { kind: 'parts', train: [file('a.parquet')] } })
    expect(readdirSync(join(project, 'dataset')).filter((name) => name.startsWith('.encoded'))).toEqual([])
  })

  it('a null, but not in a column that is set aside', async () => {
    const query = (value: string): string =>
      `SELECT * REPLACE (CASE WHEN price = 7 THEN NULL ELSE ${value} END AS ${value}) FROM ${parquetSource([file('a.parquet')])}`
    const sources = { kind: 'parts' as const, train: [file('null.parquet')] }
    for (const column of ['user', 'genres', 'label']) {
      await withDuck((duck) =>
        duck.run(`COPY (${query(column)}) TO ${literal(file('null.parquet'))} (FORMAT parquet)`),
      )
      await expect(importEncoded({ project, schema, sources })).rejects.toMatchObject({
        code: 'invalid-data',
        message: `null.parquet, column ${column}, row 7: the value is null (1 row in all)`,
      })
    }
    const report = await importEncoded({ project, schema: setRole(schema, 'label', 'ignored'), sources })
    expect(report.rows.train).toBe(1000)
  })
})
