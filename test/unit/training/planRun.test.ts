import { truncate, writeFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ProjectDocument } from '../../../src-main/contract/document'
import type { TrainOverrides } from '../../../src-main/contract/runs'
import { writeParquet } from '../../../src-main/dataset'
import { partFolder } from '../../../src-main/dataset/files'
import type { Column } from '../../../src-main/schema'
import { plan, sampleProject, temporaryFolder } from './project'

const change = (document: ProjectDocument, name: string, changes: Partial<Column>): ProjectDocument => ({
  ...document,
  schema: {
    ...document.schema,
    columns: document.schema.columns.map((column) =>
      column.name === name ? { ...column, ...changes } : column,
    ),
  },
})

test('bad settings, targets and tables are refused before anything is written', async () => {
  const { path, document } = await sampleProject()
  const refused = async (
    code: string,
    message: RegExp,
    changed: ProjectDocument,
    overrides: TrainOverrides = {},
  ): Promise<void> => {
    await expect(plan(path, changed, overrides)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  }
  await refused('ambiguous-target', /rating, rating_binary|rating_binary, rating/, {
    ...document,
    target: null,
  })
  const none = change(change(document, 'rating', { tags: [] }), 'rating_binary', { tags: [] })
  await refused('no-target', /No column is a target/, { ...none, target: null })
  await refused('unknown-column', /no column nothing/, document, { target: 'nothing' })
  const classes = change(document, 'rating', { tags: ['target', 'binary_classification'] })
  await refused('invalid-target', /rating, row 0.*neither 0 nor 1/, classes, { target: 'rating' })
  await refused('invalid-target', /target and an input/, document, { target: 'userId_count' })
  await refused('invalid-setting', /no optimizer "momentum"/, document, { optimizer: 'momentum' })
  await refused('invalid-setting', /no architecture "deep"/, document, { model: 'deep' })
  await refused('invalid-setting', /learningRate/, document, { learningRate: -1 })
  await refused('invalid-setting', /epochs/, document, { epochs: 0 })
  await refused('invalid-setting', /no setting "depth"/, document, {
    set: [{ path: 'model.settings.depth', value: 3 }],
  })
  for (const missing of ['training.epoch', 'nothing.at.all', 'name.length', '__proto__.x'])
    await refused('invalid-setting', /graft.json has no|does not fit|Invalid|expected/i, document, {
      set: [{ path: missing, value: 3 }],
    })
  const domain = document.schema.columns.find(({ name }) => name === 'movieId')?.domain ?? null
  await refused(
    'shape-mismatch',
    /1681 rows; column movieId needs 2001/,
    change(document, 'movieId', { domain: domain && { ...domain, max: 2000 } }),
  )
  const users = document.schema.columns.find(({ name }) => name === 'userId')?.domain ?? null
  await refused(
    'invalid-data',
    /userId, row \d+.*outside of its domain \[0, 20\]/,
    change(document, 'userId', { domain: users && { ...users, max: 20 } }),
  )
  const renamed = change(document, 'age', { name: 'years' })
  await refused('unknown-column', /no column years/, renamed)
  expect(await readdir(join(path, 'runs')).catch(() => [])).toEqual([])
})

test('tables on disk are held against the project', async () => {
  const { path, document } = await sampleProject()
  await truncate(join(path, 'embeddings', 'movieId', 'table.npy'), 1000)
  await expect(plan(path, document)).rejects.toMatchObject({ code: 'invalid-file' })
  const other = { ...document, tables: document.tables.map((table) => ({ ...table, id: 'gone' })) }
  await expect(plan(path, other)).rejects.toMatchObject({ code: 'not-found' })
})

test('initial weights are held against the model', async () => {
  const { path, document } = await sampleProject()
  const init = join(__dirname, '..', '..', 'fixtures', 'parity', 'movielens-100k-dcn', 'init.npz')
  const made = await plan(path, document, { initialWeights: init })
  expect(made.initialWeights?.sha256).toMatch(/^[0-9a-f]{64}$/)
  await expect(plan(path, document, { initialWeights: init, model: 'mlp' })).rejects.toMatchObject({
    code: 'shape-mismatch',
    message: expect.stringContaining('cross0/kernel'),
  })
  const narrow = { ...document, widths: { userId: 8 } }
  await expect(plan(path, narrow, { initialWeights: init })).rejects.toMatchObject({
    code: 'shape-mismatch',
    message: expect.stringContaining('emb/userId'),
  })
  await expect(plan(path, document, { initialWeights: join(path, 'none.npz') })).rejects.toMatchObject({
    code: 'not-found',
  })
  const broken = join(await temporaryFolder(), 'broken.npz')
  await writeFile(broken, 'PK\u0003\u0004 and nothing more')
  await expect(plan(path, document, { initialWeights: broken })).rejects.toMatchObject({
    code: 'invalid-file',
  })
})

describe('overrides', () => {
  test('change one run alone', async () => {
    const { path, document } = await sampleProject()
    const made = await plan(path, document, {
      epochs: 2,
      batchSize: 256,
      optimizer: 'adam',
      learningRate: 0.5,
      seed: 9,
      shuffle: false,
      set: [{ path: 'model.settings.crossLayers', value: 3 }],
    })
    expect(made.document.training).toMatchObject({
      epochs: 2,
      batchSize: 256,
      seed: 9,
      shuffle: false,
      optimizer: { name: 'adam', settings: { learningRate: 0.5 } },
    })
    expect(made.model).toMatchObject({ batchSize: 256, settings: { crossLayers: 3 } })
    expect(made.tableFiles).toEqual([
      {
        table: 'movieId',
        path: join(path, 'embeddings', 'movieId', 'table.npy'),
        offset: expect.any(Number),
      },
    ])
  })
})

test('without rows there is nothing to train on', async () => {
  const { path, document } = await sampleProject()
  await writeParquet(join(partFolder(path, 'train'), 'part-00000.parquet'), [
    { name: 'userId', dtype: 'int32', values: new Int32Array(0) },
  ])
  await expect(plan(path, document)).rejects.toMatchObject({ code: 'invalid-data' })
})
