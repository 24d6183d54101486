import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importTables, previewTables, type BuiltDataset } from '../../src-main/dataset'
import { literal, parquetSource, withDuck } from '../../src-main/dataset/duckdb'
import { runPython } from './python'

/** Tables that pyarrow and pandas write in Arrow's formats must come in as the same table does from Parquet. */

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-arrow-'))
  await runPython(resolve(import.meta.dirname, 'arrowTables.py'), [folder])
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const noOptions = { delimiter: null, quote: null, header: null }

function bring(paths: readonly string[], signal = new AbortController().signal): Promise<BuiltDataset> {
  return importTables({
    project: join(folder, 'p'),
    source: {
      kind: 'tables',
      files: paths.map((path) => ({ part: null, path })),
      joins: [],
      options: noOptions,
      split: null,
      seed: 1,
      derived: [],
      encoding: {},
    },
    schema: { columns: [], rest: {} },
    guess: { target: null },
    report: () => undefined,
    signal,
  })
}

/** Types and rows of the raw table that was brought, or of a Parquet file typed as raw tables are. */
async function contentOf(path = join(folder, 'p', 'dataset', 'raw', 'table.parquet')): Promise<unknown> {
  return withDuck(async (duck) => ({
    types: (await duck.all(`DESCRIBE SELECT * FROM ${parquetSource([path])}`)).map((row) => [
      row.column_name,
      row.column_type,
    ]),
    rows: (await duck.all(`SELECT to_json(t)::VARCHAR AS row FROM ${parquetSource([path])} t`)).map(
      ({ row }) => row,
    ),
  }))
}

describe('Arrow tables', () => {
  it('are read as the same table in Parquet: file, Feather, and a stream with changing dictionaries', async () => {
    await bring([join(folder, 'expected.parquet')])
    const expected = await contentOf()
    for (const name of ['file.arrow', 'lz4.feather', 'stream.arrows']) {
      await bring([join(folder, name)])
      expect(await contentOf(), name).toEqual(expected)
    }
    const copy = join(folder, 'twice.arrow')
    await writeFile(copy, await readFile(join(folder, 'file.arrow')))
    await bring([join(folder, 'file.arrow'), copy])
    const [counted] = await withDuck((duck) =>
      duck.all(
        `SELECT count(*)::INTEGER AS n FROM read_parquet(${literal(join(folder, 'p', 'dataset', 'raw', 'table.parquet'))})`,
      ),
    )
    expect(counted).toEqual({ n: 10_000 })
  })

  it('of pandas, categories and times as they are, are previewed and brought', async () => {
    const path = join(folder, 'pandas.feather')
    const preview = await previewTables({ files: [path], joins: [], options: noOptions, target: null })
    expect(preview.columns.map(({ name, type }) => [name, type])).toEqual([
      ['user', 'VARCHAR'],
      ['n', 'BIGINT'],
      ['when', 'TIMESTAMP'],
    ])
    expect(preview.rows[2]).toEqual([null, 3, '2024-01-03 00:00:00'])
    expect(preview).toMatchObject({ whole: true, sampled: 4 })
    await bring([path])
  })

  it('that are nested, damaged or cancelled leave what there was', async () => {
    await bring([join(folder, 'pandas.feather')])
    const before = await contentOf()
    await expect(bring([join(folder, 'nested.feather')])).rejects.toMatchObject({
      code: 'unsupported-file',
      details: { column: 'b' },
    })
    const whole = await readFile(join(folder, 'file.arrow'))
    const cut = join(folder, 'cut.arrow')
    await writeFile(cut, whole.subarray(0, whole.length / 2))
    await expect(bring([cut])).rejects.toMatchObject({ code: 'invalid-file' })
    const controller = new AbortController()
    const work = expect(bring([join(folder, 'stream.arrows')], controller.signal)).rejects.toMatchObject({
      code: 'cancelled',
    })
    setTimeout(() => controller.abort(), 30)
    await work
    expect(await contentOf()).toEqual(before)
  })
})
