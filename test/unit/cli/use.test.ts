import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { exportResult, projectDocument, tableDrift, trainResult } from '../../../src-main/contract'
import { mockTable, writeNpy } from '../../../src-main/embeddings'
import { graft, type Outcome } from './graft'

/** A second table beside the sample's, both projected, and what becomes of them up to the exported model. */

let folder: string
const run = (...parameters: string[]): Promise<Outcome> =>
  graft([...parameters, '--json'], folder, { GRAFT_HOME: join(folder, 'home') })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-use-'))
  expect(await run('new', 'p', '--sample', 'movielens-100k')).toMatchObject({ status: 0 })
  await writeNpy(join(folder, 'images.npy'), mockTable(1681, 12, 3), 12)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('adds a table to a column, projects, sums, trains and exports', async () => {
  const attached = await run(
    ...['attach', 'p', '--column', 'movieId', '--file', 'images.npy'],
    ...['--add', '--project', '24'],
  )
  expect(attached.status).toBe(0)
  const { table: images } = z.object({ table: z.string() }).parse(attached.json)
  // Widths that differ cannot be summed, and then nothing else of the command is done.
  const unequal = await run('use', 'p', '--table', 'movieId', '--dropout', '0.5', '--combine', 'sum')
  expect(unequal).toMatchObject({ status: 1, json: { error: { code: 'shape-mismatch' } } })
  expect((await run('use', 'p', '--table', 'movieId')).json).toMatchObject({
    use: { dropout: 0 },
    combinations: { movieId: 'concat' },
  })
  const use = await run(
    ...['use', 'p', '--table', 'movieId', '--project', '24', '--hidden', '32', '--residual', 'on'],
    ...[
      '--dropout',
      '0.1',
      '--l2',
      '0.01',
      '--max-norm',
      '2',
      '--unfreeze-at-epoch',
      '2',
      '--combine',
      'sum',
    ],
  )
  expect(use.json).toEqual({
    table: 'movieId',
    use: {
      projection: { width: 24, hidden: 32 },
      residual: true,
      learningRateScale: 1,
      l2: 0.01,
      unfreezeAtEpoch: 2,
      dropout: 0.1,
      maxNorm: 2,
    },
    combinations: { movieId: 'sum' },
  })

  // At another width they cannot be summed any more: said before anything is trained.
  expect(await run('use', 'p', '--table', 'movieId', '--project', '16')).toMatchObject({ status: 0 })
  const refused = await run('train', 'p', '--epochs', '1')
  expect(refused).toMatchObject({ status: 1, json: { error: { code: 'shape-mismatch' } } })

  expect(await run('use', 'p', '--table', images, '--project', '16')).toMatchObject({ status: 0 })
  const trained = await run(
    ...['train', 'p', '--epochs', '2', '--batch-size', '4096', '--set', 'uses.userId.dropout=0.2'],
  )
  expect(trained.status, trained.stderr).toBe(0)
  const result = trainResult.parse(trained.json)
  expect(result.model.inputWidth).toBe(186 - 128 + 16)
  const frozen = new Map(result.tables.map((table) => [table.table, [table.frozen, table.changed]]))
  expect(frozen.get('movieId')).toEqual([false, true])
  expect(frozen.get('movieId.residual')).toEqual([false, true])
  expect(frozen.get(images)).toEqual([true, false])
  expect(result.tables.find(({ table }) => table === 'movieId')?.drift[0]).toBe(0)

  const exported = await run('export', 'p', '--run', result.run, '--out', 'model')
  expect(exported.status, exported.stderr).toBe(0)
  const { check, files } = exportResult.parse(exported.json)
  expect(check.maxDifference).toBeLessThan(1e-5)
  const names = files.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['embeddings/movieId.npy', 'embeddings/movieId.residual.npy']))
  expect(names).toContain(`embeddings/${images}.npy`)

  // Each of the column's tables is written by its name, as it is attached and as the run left it.
  const written = z.object({ rows: z.number(), width: z.number() })
  const shape = async (table: string, ...more: string[]): Promise<unknown> => {
    const out = ['--out', `${table}.npz`, '--force']
    const { json } = await run('export-table', 'p', '--column', 'movieId', '--table', table, ...out, ...more)
    return written.parse(json)
  }
  expect(await shape(images)).toEqual({ rows: 1680, width: 12 })
  expect(await shape(images, '--run', result.run)).toEqual({ rows: 1680, width: 12 })
  expect(await shape('movieId', '--run', result.run)).toEqual({ rows: 1680, width: 128 })
  expect(await shape('movieId.residual', '--run', result.run)).toEqual({ rows: 1680, width: 128 })

  // What moved, and where the rows lie.
  const moved = await run('drift', 'p', '--run', result.run, '--k', '3')
  expect(moved.status, moved.stderr).toBe(0)
  const { tables } = z.object({ tables: z.array(tableDrift.extend({ table: z.string() })) }).parse(moved.json)
  const driftOf = new Map(tables.map((table) => [table.table, table]))
  expect(driftOf.get(images)).toMatchObject({ moved: 0, top: [] })
  expect(driftOf.get('userId')?.top).toHaveLength(3)
  expect(driftOf.get('userId')?.moved).toBeGreaterThan(400)
  const mapped = await run('map', 'p', '--table', images, '--out', 'map.csv')
  expect(mapped.json).toMatchObject({ method: 'pca', points: 1680 })
  const lines = (await readFile(join(folder, 'map.csv'), 'utf8')).trimEnd().split('\n')
  expect(lines[0]).toBe('id,title,x,y')
  expect(lines).toHaveLength(1681)
  expect(lines[42]).toMatch(/^42,[^,]*,-?[\d.e-]+,-?[\d.e-]+$/)
  expect(await run('map', 'p', '--table', images, '--out', 'map.csv')).toMatchObject({
    status: 1,
    json: { error: { code: 'already-exists' } },
  })

  // The run's own dropout is the run's alone.
  const document = projectDocument.parse(JSON.parse(await readFile(join(folder, 'p', 'graft.json'), 'utf8')))
  expect(document.uses.userId).toBeUndefined()

  expect((await run('detach', 'p', '--column', 'movieId', '--table', images)).status).toBe(0)
  expect((await run('use', 'p', '--table', images)).json).toMatchObject({ error: { code: 'not-found' } })
}, 300_000)
