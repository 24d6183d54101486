import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import {
  columnProfile,
  evaluationResult,
  type EvaluationSlice,
  predictionResult,
  tablesInference,
  tablesReport,
  wireError,
} from '../../../src-main/contract'
import { graft, type Outcome } from './graft'
import { writeMovieTables } from './movieTables'

/** From raw tables to predictions for raw rows, as a person does it in a terminal. */

// A test is several processes, one after the other: a busy machine takes its time.
vi.setConfig({ testTimeout: 240_000 })

let folder: string
let trained = ''
const run = (...parameters: string[]): Promise<Outcome> =>
  graft([...parameters, '--json'], folder, { GRAFT_HOME: join(folder, 'home') })
const errorOf = ({ json }: Outcome) => z.strictObject({ error: wireError }).parse(json).error

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-raw-'))
  await writeMovieTables(folder)
  expect((await run('new', 'p')).status).toBe(0)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('raw tables on the command line', () => {
  it('are imported, joined, guessed and split by time', async () => {
    const outcome = await run(
      'import',
      'p',
      'ratings.csv',
      '--join',
      'users.csv:user_id',
      '--join',
      'items.csv:item_id',
      '--target',
      'rating>3',
      '--split',
      'time:timestamp:0.8,0.1,0.1',
      '--derive',
      'te:item_id',
      '--derive',
      'count:user_id',
    )
    const report = tablesReport.parse(outcome.json)
    expect(report.rows).toEqual({ train: 9600, validation: 1200, test: 1200 })
    const roles = Object.fromEntries(report.columns.map(({ name, role }) => [name, role]))
    expect(roles).toMatchObject({
      user_id: 'feature',
      item_id: 'feature',
      age: 'feature',
      age_missing: 'feature',
      gender: 'feature',
      title: 'ignored',
      genres: 'feature',
      rating: 'ignored',
      timestamp: 'ignored',
      rating_binary: 'target',
      TE_item_id_rating_binary: 'feature',
      user_id_count: 'feature',
    })
    expect(report.split.parts.map(({ part, rows }) => [part, rows])).toEqual([
      ['train', 9600],
      ['validation', 1200],
      ['test', 1200],
    ])
    expect(
      report.split.ids.find(({ column, part }) => column === 'user_id' && part === 'test'),
    ).toMatchObject({ unseenRows: 0, missingRows: 0 })
    expect((await readdir(join(folder, 'p', 'dataset', 'vocabularies'))).sort()).toContain('user_id.parquet')
  })

  it('are profiled as they came, once for good', async () => {
    const whole = z
      .object({ of: z.literal('raw'), columns: z.array(columnProfile) })
      .parse((await run('profile', 'p')).json)
    expect(whole.columns.map(({ column }) => column)).toContain('genres')
    expect(whole.columns.find(({ column }) => column === 'rating')).toMatchObject({
      type: 'BIGINT',
      rows: 12_000,
      missing: 0,
      distinct: 5,
      min: 1,
      max: 5,
    })
    const kept = await stat(join(folder, 'p', 'dataset', '.profiles.json'))
    const age = columnProfile.parse((await run('profile', 'p', '--column', 'age')).json)
    expect(age.missing).toBeGreaterThan(0)
    expect(age.quantiles?.p50).toBeGreaterThan(16)
    expect((await stat(join(folder, 'p', 'dataset', '.profiles.json'))).mtimeMs).toBe(kept.mtimeMs)
    const encoded = await run('profile', 'p', '--part', 'train', '--column', 'user_id')
    expect(columnProfile.parse(encoded.json)).toMatchObject({ type: 'INTEGER', rows: 9600 })
    expect(errorOf(await run('profile', 'p', '--column', 'nothing')).code).toBe('unknown-column')
  })

  it('are inferred again, with reasons; what a person chose goes only where it is asked for', async () => {
    const shown = z.object({ ...tablesInference.shape, applied: z.boolean() })
    const first = shown.parse((await run('schema', 'p', 'infer')).json)
    expect(first).toMatchObject({ target: 'rating_binary', applied: false })
    expect(first.columns.filter(({ differs }) => differs)).toEqual([])
    expect(first.columns.every(({ reason }) => reason.length > 5)).toBe(true)
    await run('schema', 'p', 'set', 'gender', '--role', 'ignored')
    const second = shown.parse((await run('schema', 'p', 'infer')).json)
    expect(second.columns.filter(({ differs }) => differs)).toMatchObject([
      { name: 'gender', role: 'feature', now: { role: 'ignored' } },
    ])
    expect((await run('schema', 'p', 'infer', '--apply')).status).toBe(0)
    const third = shown.parse((await run('schema', 'p', 'infer')).json)
    expect(third.columns.filter(({ differs }) => differs)).toEqual([])
    const schema = await run('schema', 'p', 'show')
    for (const name of ['TE_item_id_rating_binary', 'user_id_count']) expect(schema.stdout).toContain(name)
  })

  it('lose derived columns that are taken off, and say what gives the target away', async () => {
    const less = tablesReport.parse((await run('derive', 'p', '--drop', 'user_id_count')).json)
    expect(less.columns.map(({ name }) => name)).not.toContain('user_id_count')
    const leaking = await run('schema', 'p', 'set', 'rating', '--role', 'feature')
    expect(leaking.json).toMatchObject({ role: 'feature' })
    const report = tablesReport.parse((await run('derive', 'p', 'count:user_id')).json)
    expect(report.leaks).toMatchObject([{ column: 'rating', kind: 'target', auc: 1 }])
    await run('schema', 'p', 'set', 'rating', '--role', 'ignored')
    expect(errorOf(await run('derive', 'p', 'mean:x')).code).toBe('usage')
  })

  it('train, and the run is evaluated on each part', async () => {
    const outcome = await run('train', 'p', '--epochs', '6', '--batch-size', '256', '--learning-rate', '0.2')
    expect(outcome.status, outcome.stderr).toBe(0)
    trained = z.object({ run: z.string() }).parse(outcome.json).run
    const found = evaluationResult.parse(
      (await run('evaluate', 'p', '--run', trained, '--part', 'test', '--slice', 'gender')).json,
    )
    expect(found).toMatchObject({ part: 'test', rows: 1200 })
    const genders = found.slices.filter(({ column }) => column === 'gender')
    expect(genders.map(({ value }) => value).sort()).toEqual(['F', 'M'])
    expect(genders.reduce((sum, { rows }) => sum + rows, 0)).toBe(1200)
    const mean = (of: (slice: EvaluationSlice) => number): number =>
      genders.reduce((sum, slice) => sum + slice.rows * of(slice), 0) / 1200
    expect(mean(({ metrics }) => metrics.logLoss ?? NaN)).toBeCloseTo(found.metrics.logLoss ?? NaN, 5)
    expect(mean(({ metrics }) => metrics.accuracy ?? NaN)).toBeCloseTo(found.metrics.accuracy ?? NaN, 9)
    expect(Math.sqrt(mean(({ metrics }) => metrics.rmse ** 2))).toBeCloseTo(found.metrics.rmse, 6)
    const seen = found.slices.filter(({ column, by }) => column === 'user_id' && by === 'seen')
    // Everybody is known: the one slice is the whole.
    expect(seen).toMatchObject([{ value: 'seen', rows: 1200 }])
    expect(seen[0]?.metrics.auc).toBeCloseTo(found.metrics.auc ?? 0, 9)
    expect(
      errorOf(await run('evaluate', 'p', '--run', trained, '--part', 'test', '--slice', 'age')).code,
    ).toBe('invalid-setting')
    expect(found.metrics.auc).toBeGreaterThan(0.7)
    expect(found.metrics.perUserAuc).toBeGreaterThan(0.6)
    const kept: unknown = JSON.parse(
      await readFile(join(folder, 'p', 'runs', trained, 'evaluation.json'), 'utf8'),
    )
    expect(kept).toHaveProperty('test.rows', 1200)
  })

  it('raw rows are evaluated as the part that they are', async () => {
    const lines = (await readFile(join(folder, 'ratings.csv'), 'utf8')).trimEnd().split('\n')
    await writeFile(join(folder, 'last.csv'), `${[lines[0], ...lines.slice(-1200)].join('\n')}\n`)
    const [part, file] = await Promise.all([
      run('evaluate', 'p', '--run', trained, '--part', 'test'),
      run('evaluate', 'p', '--run', trained, '--data', 'last.csv'),
    ])
    const raw = evaluationResult.parse(file.json)
    expect(raw.metrics).toEqual(evaluationResult.parse(part.json).metrics)
    expect(raw).toMatchObject({ part: null, rows: 1200 })
  })

  it('raw rows get predictions, users never seen too, in their order', async () => {
    await writeFile(
      join(folder, 'new.csv'),
      'item_id,user_id,note\nm5,u0001,007\nm5,stranger,a\nnothing,u0001,\n',
    )
    const outcome = await run('predict', 'p', '--run', trained, '--data', 'new.csv', '--out', 'out.csv')
    expect(outcome.status, outcome.stdout).toBe(0)
    const result = predictionResult.parse(outcome.json)
    expect(result.rows).toBe(3)
    expect(result.unknown.find(({ column }) => column === 'user_id')?.share).toBeCloseTo(1 / 3)
    const lines = (await readFile(join(folder, 'out.csv'), 'utf8')).trimEnd().split('\n')
    expect(lines[0]).toBe('item_id,user_id,note,prediction')
    expect(lines.slice(1).map((line) => line.split(',').slice(0, 3).join(','))).toEqual([
      'm5,u0001,007',
      'm5,stranger,a',
      'nothing,u0001,',
    ])
    const values = lines.slice(1).map((line) => Number(line.split(',')[3]))
    expect(values.every((value) => value > 0 && value < 1)).toBe(true)
    expect(new Set(values).size).toBe(3)
    expect(
      errorOf(await run('predict', 'p', '--run', trained, '--data', 'new.csv', '--out', 'out.csv')).code,
    ).toBe('already-exists')
    const parquet = await run('predict', 'p', '--run', trained, '--data', 'new.csv', '--out', 'out.parquet')
    expect(predictionResult.parse(parquet.json).rows).toBe(3)
  })

  it('values of another type are told by column and count; a column of them is refused', async () => {
    const ratings = (times: readonly string[]): string =>
      `user_id,item_id,age,gender,zip_code,title,genres\n${times.map((age) => `u0001,m5,${age},M,00501,T,Drama`).join('\n')}\n`
    await writeFile(join(folder, 'some.csv'), ratings(['31', 'thirty', '', '4.5']))
    const outcome = await run('predict', 'p', '--run', trained, '--data', 'some.csv', '--out', 'some.out.csv')
    expect(predictionResult.parse(outcome.json).wrongTypes).toEqual([
      { column: 'age', type: 'BIGINT', rows: 2, example: '4.5' },
    ])
    await writeFile(join(folder, 'all.csv'), ratings(['young', 'old', '']))
    const error = errorOf(
      await run('predict', 'p', '--run', trained, '--data', 'all.csv', '--out', 'all.out.csv'),
    )
    expect(error.code).toBe('invalid-data')
    expect(error.message).toContain('age')
  })

  it('rows that lack a column, and names that say no format, are refused', async () => {
    await writeFile(join(folder, 'short.csv'), 'item_id\nm5\n')
    const error = errorOf(
      await run('predict', 'p', '--run', trained, '--data', 'short.csv', '--out', 'o.csv'),
    )
    expect(error.code).toBe('unknown-column')
    expect(error.message).toContain('user_id')
    expect(
      errorOf(await run('predict', 'p', '--run', trained, '--data', 'new.csv', '--out', 'o.xlsx')).code,
    ).toBe('unsupported-file')
  })

  it('another split encodes anew, and a run of the old ids is refused', async () => {
    const report = tablesReport.parse((await run('split', 'p', 'leave-last-out:user_id:timestamp')).json)
    expect(report.rows).toEqual({ train: 11_600, validation: 200, test: 200 })
    const error = errorOf(await run('evaluate', 'p', '--run', trained, '--part', 'test'))
    expect(error.code).toBe('invalid-data')
    expect(error.message).toContain('anew')
  })

  it('a changed role encodes anew', async () => {
    expect((await run('schema', 'p', 'set', 'zip_code', '--role', 'ignored')).json).toMatchObject({
      role: 'ignored',
    })
    const stamp = await run('schema', 'p', 'set', 'title', '--role', 'feature')
    expect(stamp.json).toMatchObject({ role: 'feature', domain: { max: 120 } })
    const outcome = await run('train', 'p', '--epochs', '1')
    expect(outcome.status, outcome.stdout).toBe(0)
    expect(outcome.stdout).toContain('title')
    expect(outcome.stdout).not.toContain('zip_code')
  })

  it('settings of an encoding are set, what is left out stays, and rows of others are not trained on', async () => {
    const set = (json: string) => run('schema', 'p', 'set', 'title', '--encoding', json)
    expect((await set('{"maxSize": 7}')).json).toMatchObject({
      domain: { max: 7 },
      encoding: { kind: 'categorical', maxSize: 7, minCount: 1 },
    })
    expect((await set('{"nulls": "own"}')).json).toMatchObject({ encoding: { maxSize: 7, nulls: 'own' } })
    for (const [wrong, words] of [
      ['{"maxSize": 0}', /maxSize/],
      ['{"bins": 3}', /no setting bins/],
      ['{"kind": "word"}', /title/],
      ['maxSize', /JSON/],
    ] as const)
      expect(errorOf(await set(wrong)).message).toMatch(words)
    expect((await set('{"kind": "list", "separator": " "}')).json).toMatchObject({
      encoding: { kind: 'list', as: 'ids', separator: ' ' },
    })
    expect((await set('{"kind": "categorical"}')).json).toMatchObject({
      role: 'feature',
      encoding: { kind: 'categorical', maxSize: null },
    })

    const file = join(folder, 'p', 'graft.json')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, before.replace(/("title": \{[^}]*"minCount": )1/, '$12'))
    expect(readFileSync(file, 'utf8')).not.toBe(before)
    const error = errorOf(await run('train', 'p', '--epochs', '1'))
    expect(error.message).toBe('The settings of title have changed since the rows were encoded.')
    expect(error.hint).toContain('schema DIR encode')
    expect((await run('schema', 'p', 'encode')).status).toBe(0)
    expect((await run('train', 'p', '--epochs', '1')).status).toBe(0)
  })
})
