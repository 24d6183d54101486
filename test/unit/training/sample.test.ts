import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { plan, sampleProject, trainHere } from './project'

test('the sample trains to what the example promises', async () => {
  const { path, document } = await sampleProject()
  const run = await plan(path, document)
  const { outcome, epochs, steps, model } = await trainHere(run)

  expect(model).toMatchObject({
    name: 'dcn',
    inputWidth: 186,
    parameters: 328_485,
    trainableParameters: 113_317,
  })
  expect(epochs).toHaveLength(5)
  expect(steps).toHaveLength(5 * 98)
  const last = epochs[4]
  expect(last?.train.loss).toBeGreaterThan(0.69)
  expect(last?.train.loss).toBeLessThan(0.696)
  expect(last?.train.auc).toBeGreaterThan(0.5)
  expect(last?.train.auc).toBeLessThan(0.52)
  expect(last?.validation).toBeNull()

  expect(outcome.stoppedBecause).toBe('completed')
  expect(outcome.tables.map(({ table, frozen, changed }) => [table, frozen, changed])).toEqual(
    expect.arrayContaining([
      ['movieId', true, false],
      ['userId', false, true],
      ['zip_code', false, true],
      ['genres', false, true],
      ['age', false, true],
      ['gender', false, true],
    ]),
  )
  for (const { frozen, hashBefore, hashAfter, meanRowMovement } of outcome.tables) {
    expect(hashBefore === hashAfter).toBe(frozen)
    if (frozen) expect(meanRowMovement).toBe(0)
    else expect(meanRowMovement).toBeGreaterThan(0)
  }
  expect(outcome.tables.find(({ table }) => table === 'movieId')?.hashBefore).toBe(document.tables[0]?.hash)
  for (const file of ['variables.index', 'model.json', 'replay.json'])
    expect(existsSync(join(run.folder, 'weights', file))).toBe(true)
})
