import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  alignmentReport,
  evaluationResult,
  tablesReport,
  type AlignmentReport,
} from '../../../src-main/contract'
import { Random } from '../../../src-main/dataset'
import { type Services } from '../../../src-main/services/compose'
import { nodeTrainer } from '../../../src-main/training/worker'
import { trainerEntry } from '../../trainer'
import { makeServices, waitForJob } from './support'

/**
 * What pretrained vectors are for: a label that depends on latent factors of users and items, vectors that carry the items'
 * factors with noise, and a fifth of the items in no training row. Real training, asked of the services as the window asks.
 */

const users = 300
const items = 400
/** Items m321 … m400 are in no training row. */
const known = 320
const factors = 4
const width = 8

const normals = (random: Random, count: number): Float64Array =>
  Float64Array.from({ length: count }, () => random.normal())
const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)

interface Drawn {
  /** CSV of user, item, liked. */
  readonly train: string
  readonly unseen: string
  /** Keyed CSV of all items, in no order; with the items' own vectors, and with each that of another item. */
  readonly vectors: string
  readonly shuffled: string
}

function draw(seed: number): Drawn {
  const random = new Random(seed, 'tastes')
  const tastes = Array.from({ length: users }, () => normals(random, factors))
  const traits = Array.from({ length: items }, () => normals(random, factors))
  const mixing = Array.from({ length: width }, () => normals(random, factors))
  const rows = (count: number, first: number, last: number): string => {
    const lines = Array.from({ length: count }, () => {
      const user = random.below(users)
      const item = first + random.below(last - first)
      const logit = 2 * dot(tastes[user] ?? new Float64Array(), traits[item] ?? new Float64Array())
      const liked = random.uniform() < 1 / (1 + Math.exp(-logit)) ? 1 : 0
      return `u${user + 1},m${item + 1},${liked}`
    })
    return ['user_id,item_id,liked', ...lines, ''].join('\n')
  }
  const [train, unseen] = [rows(36_000, 0, known), rows(8_000, known, items)]
  const vectorOf = traits.map((trait) => mixing.map((axis) => dot(axis, trait) + 0.5 * random.normal()))
  const order = shuffle(random, items)
  const others = shuffle(random, items)
  const table = (of: (item: number) => number): string =>
    [
      `item_id,${Array.from({ length: width }, (_, c) => `v${c}`).join(',')}`,
      ...order.map((item) => [`m${item + 1}`, ...(vectorOf[of(item)] ?? [])].join(',')),
      '',
    ].join('\n')
  return { train, unseen, vectors: table((item) => item), shuffled: table((item) => others[item] ?? 0) }
}

function shuffle(random: Random, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0]
  }
  return order
}

interface Scores {
  readonly auc: number
  readonly perUser: number
}

let folder: string
let services: Services

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-unseen-'))
  services = makeServices(join(folder, 'home'), null, nodeTrainer(await trainerEntry()))
})
afterAll(async () => {
  await services.bench.close()
  await rm(folder, { recursive: true, force: true })
})

/** A project of the drawn rows, the unseen items as its test part. */
async function bring(seed: number): Promise<{ files: Record<keyof Drawn, string> }> {
  const drawn = draw(seed)
  const { client } = services
  const file = (name: string): string => join(folder, `${name}-${seed}.csv`)
  const files = {
    train: file('train'),
    unseen: file('unseen'),
    vectors: file('vectors'),
    shuffled: file('shuffled'),
  }
  for (const name of ['train', 'unseen', 'vectors', 'shuffled'] as const)
    await writeFile(files[name], drawn[name])
  await waitForJob(services, () =>
    client.project.create({ path: join(folder, `tastes-${seed}`), sample: null }),
  )
  const imported = await waitForJob(services, () =>
    client.tables.import({
      files: [
        { part: 'train', path: files.train },
        { part: 'test', path: files.unseen },
      ],
      joins: [],
      options: { delimiter: null, quote: null, header: null },
      split: null,
      seed,
      target: 'liked',
    }),
  )
  const report = tablesReport.parse(imported.result)
  expect(report.unseen).toEqual([{ column: 'item_id', part: 'test', share: 1 }])
  await client.project.execute({
    command: { type: 'setColumns', columns: ['user_id', 'item_id'], changes: { width } },
  })
  const settings = { crossLayers: 1, deepLayers: [16] }
  await client.project.execute({ command: { type: 'setModel', model: { architecture: 'dcn', settings } } })
  return { files }
}

async function attach(path: string, extraRows: boolean): Promise<AlignmentReport> {
  const job = await waitForJob(services, () =>
    services.client.embeddings.attach({
      column: 'item_id',
      path,
      array: null,
      frozen: true,
      byPosition: false,
      extraRows,
    }),
  )
  if (job.error) throw new Error(job.error.message)
  return alignmentReport.parse(job.result)
}

/** Trains on the known items and scores rows of the unseen ones. */
async function score(seed: number): Promise<{ run: string; scores: Scores }> {
  const { client, bench } = services
  const session = bench.requireSession()
  const { run } = await client.training.start({
    overrides: { epochs: 8, batchSize: 1024, optimizer: 'adam', learningRate: 0.02, seed },
  })
  expect(await session.runs.wait(run)).toMatchObject({ status: 'completed', error: null })
  const job = await waitForJob(services, () => client.evaluation.evaluate({ run, part: 'test', data: [] }))
  if (job.error) throw new Error(job.error.message)
  const { metrics } = evaluationResult.parse(job.result)
  return { run, scores: { auc: metrics.auc ?? 0, perUser: metrics.perUserAuc ?? 0 } }
}

describe('items that are in no training row, scored by their vectors', () => {
  it.each([1, 2, 3])(
    'seed %i: frozen pretrained AUC past 0.8, per user too; random, shuffled vectors and no rows for new ids near 0.5',
    async (seed) => {
      const { files } = await bring(seed)
      const random = await score(seed)
      const report = await attach(files.vectors, true)
      expect(report).toMatchObject({
        rows: items + 1,
        vocabularySize: known,
        matchedIds: known,
        extraRows: items - known,
      })
      const pretrained = await score(seed)
      expect(await attach(files.shuffled, true)).toMatchObject({ extraRows: items - known })
      const shuffled = await score(seed)
      expect(await attach(files.vectors, false)).toMatchObject({ rows: known + 1, extraRows: 0 })
      const trainingIds = await score(seed)
      const table = { random, pretrained, shuffled, trainingIds }
      const text = Object.entries(table).map(
        ([name, { scores }]) => `${name} ${scores.auc.toFixed(3)} (per user ${scores.perUser.toFixed(3)})`,
      )
      console.info(`AUC on unseen items, seed ${seed}: ${text.join(', ')}`)
      for (const [name, { scores }] of Object.entries(table))
        for (const value of [scores.auc, scores.perUser])
          if (name === 'pretrained') expect(value, name).toBeGreaterThan(0.8)
          else expect(Math.abs(value - 0.5), name).toBeLessThan(0.1)
      // The same rows as a raw file, by the run that the table was taken from since.
      const job = await waitForJob(services, () =>
        services.client.evaluation.evaluate({ run: pretrained.run, part: null, data: [files.unseen] }),
      )
      expect(evaluationResult.parse(job.result).metrics.auc).toBeCloseTo(pretrained.scores.auc, 6)
    },
  )
})
