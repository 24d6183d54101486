import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { evaluationResult, exportResult } from '../../src-main/contract'
import { Random } from '../../src-main/dataset'
import { type Services } from '../../src-main/services/compose'
import { nodeTrainer } from '../../src-main/training/worker'
import { trainerEntry } from '../trainer'
import { makeServices, predictionsIn, resultOf } from '../unit/services/support'
import { runPython } from './python'

let folder: string
let services: Services
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-regression-'))
  services = makeServices(join(folder, 'home'), null, nodeTrainer(await trainerEntry()))
})
afterAll(async () => {
  await services.bench.close()
  await rm(folder, { recursive: true, force: true })
})

const finished = (start: () => Promise<{ job: string }>): Promise<unknown> => resultOf(services, start)

/** Ratings of 1 to 5 that follow how kind a user is and how good an item is. */
function draw(rows: number): { csv: string; ratings: number[] } {
  const random = new Random(5, 'ratings')
  const [kind, good] = [60, 40].map((count) => Array.from({ length: count }, () => random.normal()))
  const ratings: number[] = []
  const lines = Array.from({ length: rows }, () => {
    const [user, item] = [random.below(60), random.below(40)]
    const mean = 3 + 0.8 * (kind?.[user] ?? 0) + 0.8 * (good?.[item] ?? 0)
    const rating = Math.min(5, Math.max(1, Math.round(mean + 0.3 * random.normal())))
    ratings.push(rating)
    return `u${user},i${item},${rating}`
  })
  return { csv: ['user_id,item_id,rating', ...lines, ''].join('\n'), ratings }
}

it('a rating is learnt, measured, predicted and exported as a number', async () => {
  const { client, bench } = services
  const { csv, ratings } = draw(8000)
  const file = join(folder, 'ratings.csv')
  await writeFile(file, csv)
  await finished(() => client.project.create({ path: join(folder, 'p'), sample: null }))
  await finished(() =>
    client.tables.import({
      files: [{ part: null, path: file }],
      joins: [],
      options: { delimiter: null, quote: null, header: null },
      split: 'random:0.8,0.1,0.1',
      seed: 3,
      target: 'rating',
    }),
  )
  const overrides = { epochs: 8, batchSize: 256, optimizer: 'adam', learningRate: 0.01 }
  const { run } = await client.training.start({ overrides })
  const session = bench.requireSession()
  const record = await session.runs.wait(run)
  expect(record).toMatchObject({ status: 'completed', error: null })
  const first = record.epochs[0]?.validation
  const last = record.epochs.at(-1)
  // Guessing the mean has the deviation of the ratings for its RMSE.
  const mean = ratings.reduce((sum, rating) => sum + rating, 0) / ratings.length
  const deviation = Math.sqrt(ratings.reduce((sum, rating) => sum + (rating - mean) ** 2, 0) / ratings.length)
  expect(last?.validation?.rmse).toBeLessThan(0.6 * deviation)
  expect(last?.validation?.rmse).toBeLessThan(first?.rmse ?? 0)
  expect(last?.train).toMatchObject({ auc: null })
  expect(last?.train.loss).toBeCloseTo((last?.train.rmse ?? 0) ** 2, 4)
  const { steps, summary } = await client.runs.detail({ run })
  expect(summary).toMatchObject({ task: 'regression' })
  expect(summary.sentence).toMatch(/RMSE 0\.\d{4}/)
  expect(steps.every(({ auc, rmse }) => auc === null && typeof rmse === 'number')).toBe(true)

  const measured = evaluationResult.parse(
    await finished(() => client.evaluation.evaluate({ run, part: 'test', data: [], slices: ['item_id'] })),
  )
  expect(measured).toMatchObject({
    task: 'regression',
    metrics: { auc: null, logLoss: null, accuracy: null, perUserAuc: null },
  })
  expect(measured.metrics.loss).toBeCloseTo(measured.metrics.rmse ** 2, 4)
  expect(measured.slices.filter(({ by }) => by === 'value')).toHaveLength(10)
  for (const { metrics } of measured.slices) expect(metrics).toMatchObject({ auc: null, accuracy: null })

  const out = join(folder, 'predicted.csv')
  await finished(() => client.evaluation.predict({ run, data: [file], out, force: false }))
  const ours = predictionsIn(await readFile(out, 'utf8'))
  expect(ours).toHaveLength(ratings.length)
  expect(Math.max(...ours)).toBeGreaterThan(3.5)
  const whole = evaluationResult.parse(
    await finished(() => client.evaluation.evaluate({ run, part: null, data: [file] })),
  )
  const theirs = await runPython(
    `import json, pandas, sys
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
rows = pandas.read_csv(sys.argv[1])
print(json.dumps([f(rows["rating"], rows["prediction"]) for f in (root_mean_squared_error, mean_absolute_error)]))`,
    [out],
  )
  const [rmse, mae]: unknown[] = JSON.parse(theirs)
  expect(whole.metrics.rmse).toBeCloseTo(Number(rmse), 6)
  expect(whole.metrics.mae).toBeCloseTo(Number(mae), 6)

  const exported = join(folder, 'exported')
  const { check } = exportResult.parse(
    await finished(() => client.export.write({ run, folder: exported, force: false })),
  )
  expect(check.maxDifference).toBeLessThanOrEqual(1e-5)
  const python = predictionsIn(await runPython(join(exported, 'predict.py'), [file]))
  ours.forEach((value, i) => expect(Math.abs(value - (python[i] ?? NaN))).toBeLessThanOrEqual(1e-5))
  expect(await readFile(join(exported, 'README.md'), 'utf8')).toContain('the prediction of rating, a number')
})
