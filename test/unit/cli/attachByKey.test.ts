import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { alignmentReport, idDetail, idView } from '../../../src-main/contract'
import { mockTable, writeNpy } from '../../../src-main/embeddings'
import { uniformGenerator } from '../../../src-main/embeddings/random'
import { graft, type Outcome } from './graft'

/** One table, attached once by position from a file that was aligned by hand, and once by key from a shuffled one. */

const users = 943
const width = 12
let folder: string
let values: Float32Array // [users + 1, width]
const run = (...parameters: string[]): Promise<Outcome> =>
  graft([...parameters, '--json'], folder, { GRAFT_HOME: join(folder, 'home') })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-by-key-'))
  for (const name of ['position', 'key']) {
    expect(await run('new', name, '--sample', 'movielens-100k')).toMatchObject({ status: 0 })
  }
  values = mockTable(users + 1, width, 5)
  values.fill(0, 0, width)
  // Users 11, 22, 33 … have no vector.
  for (let id = 11; id <= users; id += 11) values.fill(0, id * width, (id + 1) * width)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The rows in another order, with keys, some of them strange to the column and some repeated. */
function shuffledCsv(): string {
  const row = (key: number | string, from: number): string =>
    [key, ...values.subarray(from * width, (from + 1) * width)].join(',')
  const lines: string[] = []
  for (let id = 1; id <= users; id++) if (id % 11 !== 0) lines.push(row(id, id))
  for (let id = 2000; id < 2050; id++) lines.push(row(id, id % users))
  const next = uniformGenerator(3)
  for (let i = lines.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    const other = lines[j] ?? ''
    lines[j] = lines[i] ?? ''
    lines[i] = other
  }
  // Repetitions come last, with other numbers: the first row of a key counts.
  for (let id = 1; id <= 7; id++) lines.push(row(id, id + 100))
  return [`userId,${Array.from({ length: width }, (_, i) => `v${i}`).join(',')}`, ...lines, ''].join('\n')
}

const history = z.object({
  epochs: z.array(z.object({ train: z.record(z.string(), z.number()) })),
  tables: z.array(z.object({ table: z.string(), hashBefore: z.string(), hashAfter: z.string() })),
})

it('trains to the same history, whichever way the vectors came', async () => {
  await writeNpy(join(folder, 'aligned.npy'), values, width)
  await writeFile(join(folder, 'shuffled.csv'), shuffledCsv())
  const attach = (dir: string, file: string, ...more: string[]): Promise<Outcome> =>
    run('attach', dir, '--column', 'userId', '--file', file, '--trainable', ...more)
  await attach('position', 'aligned.npy')
  const attached = await attach('key', 'shuffled.csv', '--missing', 'zero', '--unknown', 'zero')
  expect(alignmentReport.parse(attached.json)).toMatchObject({
    alignedBy: 'key',
    keyField: 'userId',
    rows: users + 1,
    matchedIds: users - 85,
    missingIds: 85,
    extraKeys: 50,
    duplicateKeys: 7,
    nonFiniteRows: 0,
  })
  const histories = []
  for (const dir of ['position', 'key']) {
    const { json } = await run('train', dir, '--epochs', '1', '--batch-size', '4096', '--seed', '1')
    const { epochs, tables } = history.parse(json)
    histories.push({ epochs: epochs.map(({ train }) => train), tables })
  }
  expect(histories[1]).toEqual(histories[0])
})

it('shows an id, its row and what is near it, in the attached table and in the one that a run left', async () => {
  const look = (...more: string[]): Promise<Outcome> =>
    run(...more, '--column', 'movieId', '--id', '42', '--k', '3')
  const { json: attached } = await look('inspect', 'key')
  const before = idDetail.parse(attached)
  expect(before).toMatchObject({ table: 'movieId', run: null, id: '42', index: 42, metric: 'cosine' })
  expect(before.row).toHaveLength(128)
  expect(before.norm).toBeCloseTo(Math.hypot(...before.row), 5)
  expect(before.count).toBeGreaterThan(0)
  expect(before.neighbors.map(({ id, index }) => id === String(index))).toEqual([true, true, true])

  const { json: trained } = await run('train', 'key', '--epochs', '1', '--batch-size', '8192')
  const { run: id } = z.object({ run: z.string() }).parse(trained)
  // The sample's table is frozen: the checkpoint that TensorFlow wrote holds the very rows that were attached.
  const { json: learnt } = await look('inspect', 'key', '--run', id)
  expect(learnt).toEqual({ ...before, run: id })
  const view = idView.parse(before)
  expect((await look('neighbors', 'key', '--run', id)).json).toEqual({ ...view, run: id })

  const { json: near } = await look('neighbors', 'key', '--metric', 'euclidean')
  const distances = idView.parse(near).neighbors.map(({ distance }) => distance)
  expect([...distances].sort((a, b) => a - b)).toEqual(distances)

  expect((await look('neighbors', 'key', '--run', 'nothing')).json).toMatchObject({
    error: { code: 'not-found' },
  })
  const { json: table } = await run('inspect', 'key', '--column', 'movieId')
  expect(table).toMatchObject({ table: 'movieId', rows: 1681, width: 128, report: { matchedIds: 1680 } })
})

it('an id that the column does not have, and a column without vectors, are refused with what there is', async () => {
  const { json } = await run('neighbors', 'key', '--column', 'movieId', '--id', 'Heat')
  expect(json).toMatchObject({ error: { code: 'not-found', hint: 'Its ids are such as 1, 2, 3.' } })
  const { json: bare } = await run('inspect', 'key', '--column', 'age', '--id', '1')
  expect(bare).toMatchObject({ error: { code: 'invalid-setting' } })
})

it('vectors of words meet the values of a raw table', async () => {
  const titles = ['Heat', 'Alien', 'Brazil', 'Casablanca', 'Ran']
  const rows = Array.from(
    { length: 400 },
    (_, i) => `u${i % 40},${titles[(i * i) % 5] ?? ''},${i % 3 === 0 ? 1 : 0}`,
  )
  await writeFile(join(folder, 'raw.csv'), ['user,title,liked', ...rows, ''].join('\n'))
  await run('new', 'raw')
  expect(await run('import', 'raw', 'raw.csv', '--target', 'liked')).toMatchObject({ status: 0 })
  await writeFile(join(folder, 'words.vec'), '4 2\nRan 1 2\nAlien 3 4\nheat 5 6\nPsycho 7 8\n')
  const attach = (...more: string[]): Promise<Outcome> =>
    run('attach', 'raw', '--column', 'title', '--file', 'words.vec', ...more)
  const strict = alignmentReport.parse((await attach()).json)
  const seen = strict.vocabularySize
  expect(strict).toMatchObject({ extraKeys: 2, alignedBy: 'key', rows: seen + 3, extraRows: 2 })
  expect(strict.nearMisses).toEqual([{ rule: 'case', ids: 1, example: { key: 'heat', value: 'Heat' } }])
  const relaxed = alignmentReport.parse((await attach('--key-rule', 'case')).json)
  expect(relaxed).toMatchObject({ rows: seen + 2, extraRows: 1 })
  expect(relaxed.matchedIds).toBe(strict.matchedIds + 1)
  expect(relaxed.matchedRowsShare).toBeGreaterThan(strict.matchedRowsShare)
  const { json: extra } = await run('inspect', 'raw', '--column', 'title', '--id', 'Psycho')
  expect(idDetail.parse(extra)).toMatchObject({ index: seen + 1, row: [7, 8], count: 0 })
  const { json } = await run('inspect', 'raw', '--column', 'title', '--id', 'Alien')
  expect(idDetail.parse(json)).toMatchObject({ id: 'Alien', row: [3, 4], norm: 5 })
  expect((await run('attach', 'raw', '--column', 'title', '--file', 'aligned.npy')).json).toMatchObject({
    error: { code: 'invalid-setting' },
  })
})
