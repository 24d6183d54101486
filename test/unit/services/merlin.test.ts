import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { alignmentReport, predictionResult } from '../../../src-main/contract'
import { readVocabulary } from '../../../src-main/services/datasets'
import { literal, withDuck } from '../../../src-main/dataset/duckdb'
import { type Services } from '../../../src-main/services/compose'
import { findColumn } from '../../../src-main/schema'
import { nodeTrainer } from '../../../src-main/training/worker'
import { trainerEntry } from '../../trainer'
import { makeServices, resultOf, waitForJob } from './support'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const fixtures = resolve(import.meta.dirname, '../../fixtures/merlin')
let folder: string
let services: Services

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-merlin-'))
  services = makeServices(join(folder, 'home'), null, nodeTrainer(await trainerEntry()))
})
afterAll(async () => {
  await services.bench.close()
  await rm(folder, { recursive: true, force: true })
})

const open = (path: string, name: string): Promise<unknown> =>
  resultOf(services, () => services.client.dataset.importMerlin({ path, newProject: join(folder, name) }))

const rowsOf = (sql: string): Promise<unknown[]> => withDuck((duck) => duck.all(sql))

describe('a folder that NVTabular preprocessed', () => {
  it('opens as it is: parts, schema, target, and the raw values of its ids', async () => {
    expect(await services.client.dataset.findMerlin({ path: join(fixtures, 'ratings') })).toEqual({
      found: true,
    })
    expect(await services.client.dataset.findMerlin({ path: fixtures })).toEqual({ found: false })
    const result = await open(join(fixtures, 'ratings'), 'ratings')
    expect(result).toMatchObject({ rows: { train: 300, validation: 100, test: 0 }, warnings: [] })
    const session = services.bench.requireSession()
    expect(session.path).toBe(join(folder, 'ratings'))
    expect(session.document).toMatchObject({ target: 'click', source: { kind: 'encoded' } })
    expect(session.snapshot().problems).toEqual([])
    expect(session.snapshot().dataset?.parts.map(({ part, rows }) => [part, rows])).toEqual([
      ['train', 300],
      ['validation', 100],
    ])
    // Every id gives back the raw value that pandas had there; missing and unknown values have ids and no value.
    const file = literal(join(fixtures, 'ratings', 'valid', 'part_0.parquet'))
    const raw = literal(join(fixtures, 'valid.parquet'))
    for (const name of ['user_id', 'item_id', 'genres']) {
      const column = findColumn(session.document.schema, name)
      const vocabulary = await readVocabulary(session.data, column)
      if (!vocabulary) throw new Error(`${name} has no vocabulary`)
      const of = column.isList ? `unnest("${name}")` : `"${name}"`
      const [ids = [], values = []] = await withDuck(async (duck) => [
        ...(await duck.columns(`SELECT ${of} FROM read_parquet(${file})`)),
        ...(await duck.columns(`SELECT ${of}::VARCHAR FROM read_parquet(${raw})`)),
      ])
      expect(ids.length).toBeGreaterThanOrEqual(100)
      expect(ids.map((id) => vocabulary.valueOf(Number(id)))).toEqual(
        values.map((value) => (value === null || value === 'u_new' ? '' : String(value))),
      )
    }
  })

  it('takes vectors by the raw keys', async () => {
    const path = join(folder, 'items.csv')
    const lines = Array.from({ length: 30 }, (_, i) => `${1000 + i},${i},${i / 2},${-i},1`)
    await writeFile(path, ['item_id,a,b,c,d', ...lines, ''].join('\n'))
    const job = await waitForJob(services, () =>
      services.client.embeddings.attach({
        column: 'item_id',
        path,
        array: null,
        frozen: true,
        byPosition: false,
      }),
    )
    expect(job.error).toBeNull()
    const report = alignmentReport.parse(job.result)
    expect(report).toMatchObject({ rows: 33, matchedIds: 30, matchedRowsShare: 1 })
  })

  it('says that numbers which a workflow changed cannot be made of raw rows', async () => {
    const { client, bench } = services
    const { run } = await client.training.start({ overrides: { epochs: 1, batchSize: 64 } })
    expect(await bench.requireSession().runs.wait(run)).toMatchObject({ status: 'completed', error: null })
    const job = await waitForJob(services, () =>
      client.evaluation.predict({
        run,
        data: [join(fixtures, 'valid.parquet')],
        out: join(folder, 'refused.csv'),
        force: false,
      }),
    )
    expect(job).toMatchObject({ state: 'failed', error: { code: 'invalid-setting' } })
  })

  it('of categories alone encodes raw rows as NVTabular did, values never seen and lists too, and predicts them', async () => {
    const { client, bench } = services
    await open(join(fixtures, 'clicks'), 'clicks')
    const { run } = await client.training.start({ overrides: { epochs: 2, batchSize: 64 } })
    expect(await bench.requireSession().runs.wait(run)).toMatchObject({ status: 'completed', error: null })
    const measured = async (part: 'validation' | null, data: string[]): Promise<unknown> => {
      const job = await waitForJob(services, () => client.evaluation.evaluate({ run, part, data }))
      if (job.error) throw new Error(job.error.message)
      return job.result
    }
    // The same metrics to the last digit: each row was encoded to the ids that NVTabular gave it.
    const encoded = await measured('validation', [])
    const raw = await measured(null, [join(fixtures, 'valid.parquet')])
    const metricsOf = (result: unknown): unknown =>
      typeof result === 'object' && result !== null && 'metrics' in result ? result.metrics : null
    expect(metricsOf(raw)).toEqual(metricsOf(encoded))
    const job = await waitForJob(services, () =>
      client.evaluation.predict({
        run,
        data: [join(fixtures, 'valid.parquet')],
        out: join(folder, 'predictions.csv'),
        force: false,
      }),
    )
    const predicted = predictionResult.parse(job.result)
    expect(predicted.rows).toBe(100)
    expect(predicted.unknown).toEqual([{ column: 'user_id', share: 0.05 }])
    expect((await readFile(join(folder, 'predictions.csv'), 'utf8')).trimEnd().split('\n')).toHaveLength(101)
  })

  it('in other layouts: flat, older vocabularies that begin with the missing value, none at all', async () => {
    const flat = join(folder, 'flat')
    await cp(join(fixtures, 'clicks', 'train'), flat, { recursive: true })
    const bare = await open(flat, 'bare')
    expect(bare).toMatchObject({
      rows: { train: 300, validation: 0, test: 0 },
      warnings: [`${flat} has no categories/: ids are shown as they are`],
    })
    // Before 23.02: row i holds the value of id i, and the first row the missing one.
    const old = join(folder, 'old')
    const file = (...names: string[]): string => literal(join(old, ...names))
    await cp(join(fixtures, 'clicks'), old, { recursive: true })
    await rm(join(old, 'categories'), { recursive: true })
    await cp(join(fixtures, 'clicks', 'categories'), join(old, 'categories'), {
      recursive: true,
      filter: (path) => !path.includes('meta.'),
    })
    await rowsOf(
      `COPY (SELECT * FROM (VALUES (NULL), ('u19'), ('u08')) v(user_id)) TO ${file('categories', 'unique.user_id.parquet')} (FORMAT parquet)`,
    )
    await open(old, 'older')
    const session = services.bench.requireSession()
    const values = await rowsOf(
      `SELECT index::INTEGER AS index, value FROM read_parquet(${literal(join(session.path, 'dataset', 'vocabularies', 'user_id.parquet'))})`,
    )
    expect(values).toEqual([
      { index: 1, value: 'u19' },
      { index: 2, value: 'u08' },
    ])
    // Without a word about where the values begin, the largest id is that of the last.
    const items = await rowsOf(
      `SELECT min(index)::INTEGER AS first, max(index)::INTEGER AS last FROM read_parquet(${literal(join(session.path, 'dataset', 'vocabularies', 'item_id.parquet'))})`,
    )
    expect(items).toEqual([{ first: 3, last: 32 }])
  })
})
