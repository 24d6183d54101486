import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { GraftError } from '../../../../src-main/contract'
import { importTables, type BuiltDataset } from '../../../../src-main/dataset'
import { literal, withDuck } from '../../../../src-main/dataset/duckdb'
import { folder, importFiles, raw, rowsOf, write } from './support'

type Parts = Partial<Record<'train' | 'validation' | 'test', string>>

/** Imports parts that are files of their own. */
function importParts(parts: Parts): Promise<BuiltDataset> {
  return importTables({
    project: join(folder, 'p'),
    source: {
      kind: 'tables',
      files: Object.entries(parts).map(([name, text]) => ({
        part: name === 'train' || name === 'test' ? name : 'validation',
        path: write(`${name}.csv`, text),
      })),
      joins: [],
      options: { delimiter: null, quote: null, header: null },
      split: null,
      seed: 1,
      derived: [],
      encoding: {},
    },
    schema: { columns: [], rest: {} },
    guess: { target: { column: 'liked', above: null } },
    report: () => undefined,
    signal: new AbortController().signal,
  })
}

async function refused(work: Promise<unknown>): Promise<GraftError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof GraftError) return error
  throw new Error(`expected a refusal, found ${String(error)}`)
}

describe('parts that are files of their own', () => {
  it('agree on types that hold the values of all as they were spelled', async () => {
    await importParts({
      train: 'zip,x,y,liked\n01,1,3,1\n02,2,4,0\n',
      validation: 'zip,x,y,liked\n11,1.5,,1\n12,2.5,,0\n',
      test: 'zip,x,y,liked\n13,3,5,1\n',
    })
    expect(await rowsOf('raw/train.parquet')).toEqual([
      { zip: '01', x: 1, y: 3, liked: 1 },
      { zip: '02', x: 2, y: 4, liked: 0 },
    ])
    expect(await rowsOf('raw/validation.parquet')).toEqual([
      { zip: '11', x: 1.5, y: null, liked: 1 },
      { zip: '12', x: 2.5, y: null, liked: 0 },
    ])
    const types = await withDuck(async (duck) => {
      const names = ['train', 'validation', 'test'].map((part) =>
        literal(join(folder, 'p', 'dataset', 'raw', `${part}.parquet`)),
      )
      return Promise.all(names.map((name) => duck.all(`DESCRIBE SELECT * FROM read_parquet(${name})`)))
    })
    for (const described of types)
      expect(described.map((row) => row.column_type)).toEqual(['VARCHAR', 'DOUBLE', 'BIGINT', 'BIGINT'])
  })

  it('of other columns or types are refused by file and column, and nothing changes', async () => {
    await importParts({ train: 'a,liked\n1,1\n2,0\n' })
    const lacks = await refused(importParts({ train: 'a,liked\n1,1\n2,0\n', test: 'a\n3\n' }))
    expect(lacks).toMatchObject({ code: 'invalid-data', details: { column: 'liked' } })
    expect(lacks.message).toMatch(/test\.csv has no column liked, which train\.csv has/)
    const more = await refused(importParts({ train: 'a,liked\n1,1\n', validation: 'a,liked,b\n3,1,7\n' }))
    expect(more.message).toMatch(/train\.csv has no column b, which validation\.csv has/)
    const types = await refused(
      importParts({ train: 'a,liked\n2020-01-01,1\n2020-01-02,0\n', test: 'a,liked\nsoon,1\n' }),
    )
    expect(types.message).toMatch(/test\.csv, column a: it holds text where train\.csv holds times/)
    expect(await rowsOf('raw/train.parquet')).toEqual([
      { a: 1, liked: 1 },
      { a: 2, liked: 0 },
    ])
    rmSync(join(folder, 'p'), { recursive: true })
  })
})

it('Parquet files of one table: types widen, and columns that some files lack are told', async () => {
  const path = (name: string): string => join(folder, name)
  await withDuck(async (duck) => {
    await duck.run(`COPY (SELECT 1 AS a, 'x' AS b) TO ${literal(path('q1.parquet'))} (FORMAT parquet)`)
    await duck.run(`COPY (SELECT 2.5::DOUBLE AS a) TO ${literal(path('q2.parquet'))} (FORMAT parquet)`)
  })
  const { report } = await importFiles([path('q1.parquet'), path('q2.parquet')])
  expect(await raw()).toEqual([
    { a: 1, b: 'x' },
    { a: 2.5, b: null },
  ])
  expect(report.warnings).toContain('1 of 2 files have no column b: it is missing in their rows')
})

it.each(['text', 'parquet'])('columns called as Graft calls its own get other names (%s)', async (kind) => {
  const rows = Array.from({ length: 40 }, (_, i) => [i % 4, i % 3, i % 5, (i * 7) % 11, i % 2])
  const names = ['graft_row', 'graft_part', 'file_row_number', 'Graft_ID', 'liked']
  let path = write('own.csv', [names, ...rows].map((row) => row.join(',')).join('\n'))
  if (kind === 'parquet') {
    const parquet = join(folder, 'own.parquet')
    await withDuck((duck) =>
      duck.run(`COPY (SELECT * FROM read_csv(${literal(path)})) TO ${literal(parquet)} (FORMAT parquet)`),
    )
    path = parquet
  }
  const { report } = await importFiles([path], {
    split: 'random:0.8,0.1,0.1',
    derived: [
      { kind: 'targetEncoding', columns: ['graft_row_2'], smoothing: 20, folds: 5, name: null, target: null },
    ],
    uses: { graft_row_2: 'categorical', graft_part_2: 'categorical' },
  })
  expect(Object.keys((await raw())[0] ?? {})).toEqual([
    'graft_row_2',
    'graft_part_2',
    'file_row_number_2',
    'Graft_ID_2',
    'liked',
  ])
  expect((await raw()).map((row) => row.graft_row_2)).toEqual(rows.map(([first]) => first))
  expect(report.warnings.join('\n')).toMatch(/a column graft_row is Graft's own; yours is called graft_row_2/)
})

it('3,000 columns are read, typed and encoded', async () => {
  const names = Array.from({ length: 3000 }, (_, i) => `c${i}`)
  const line = (row: number): string => names.map((_, i) => (i * 31 + row * 17) % 23).join(',')
  const rows = Array.from({ length: 60 }, (_, row) => line(row))
  const path = write('wide.csv', [names.join(','), ...rows, ''].join('\n'))
  const { report } = await importFiles([path], { target: { column: 'c0', above: 10 } })
  expect(report.columns).toHaveLength(3001)
  expect(Object.keys((await raw())[7] ?? {})).toEqual(names)
}, 600_000)
