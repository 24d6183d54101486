import { mkdir, copyFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { readNpzArrays } from '../../../src-main/embeddings/readers/npzArrays'
import { plan, sampleProject, trainHere } from './project'

const reference = resolve(__dirname, '..', '..', 'fixtures', 'parity', 'movielens-100k-dcn')

/**
 * A reference run of Merlin Models, replayed from its first weights on its rows. How far float32 replays drift apart, and
 * hence the tolerances, is in the folder's README.
 */
test('the reference run of Merlin Models is replayed', async () => {
  const { path, document } = await sampleProject()
  const folder = join(path, 'dataset', 'encoded', 'train')
  await mkdir(folder, { recursive: true })
  await copyFile(join(reference, 'data.parquet'), join(folder, 'part-00000.parquet'))
  const overrides = { shuffle: false, seed: 7, initialWeights: join(reference, 'init.npz') }
  const run = await trainHere(await plan(path, document, overrides))

  const expected = (await readNpzArrays(join(reference, 'final.npz'))).get('steps')
  expect(expected?.shape).toEqual([490, 3])
  const value = (step: number, column: number): number => expected?.values[3 * step + column] ?? Number.NaN
  expect(run.steps).toHaveLength(490)
  const differences = run.steps.map((step, i) => Math.abs(step.loss - value(i, 0)))
  const early = Math.max(...differences.slice(0, 100))
  const late = Math.max(...differences)
  expect(early).toBeLessThanOrEqual(1e-6)
  expect(late).toBeLessThanOrEqual(2e-3)

  const losses = [0.6969368, 0.6933875, 0.6932179, 0.6930923, 0.6930159]
  const aucs = [0.4998806, 0.5044818, 0.5066826, 0.5088196, 0.5100496]
  run.epochs.forEach((epoch, i) => {
    expect(Math.abs(epoch.train.loss - (losses[i] ?? Number.NaN))).toBeLessThanOrEqual(1e-4)
    const tolerance = i === 0 ? 1e-5 : 1e-3
    expect(Math.abs((epoch.train.auc ?? Number.NaN) - (aucs[i] ?? Number.NaN))).toBeLessThanOrEqual(tolerance)
  })
  const measured = {
    early,
    late,
    losses: run.epochs.map((epoch, i) => epoch.train.loss - (losses[i] ?? 0)),
    aucs: run.epochs.map((epoch, i) => (epoch.train.auc ?? 0) - (aucs[i] ?? 0)),
  }
  console.info('measured differences', JSON.stringify(measured))
})
