import { describe, expect, test } from 'vitest'
import { applyEdit } from '../../../src-main/project/edits'
import type { LockEvent, TableResult } from '../../../src-main/contract/runs'
import { sampledRows } from '../../../src-main/training/drift'
import { plan, sampleProject, trainHere, type Trained } from './project'

/** 25 steps an epoch. */
const overrides = { epochs: 3, batchSize: 4096 }

function locksOf({ messages }: Trained): LockEvent[] {
  return messages.flatMap((message) => (message.type === 'lock' ? [message.lock] : []))
}

function tableOf({ outcome }: Trained, name: string): TableResult {
  const found = outcome.tables.find(({ table }) => table === name)
  if (!found) throw new Error(`there is no table ${name}`)
  return found
}

test('a frozen table trains from the epoch that its use names, and its drift says so', async () => {
  const { path, document } = await sampleProject()
  const thawing = applyEdit(document, { type: 'setUse', table: 'movieId', changes: { unfreezeAtEpoch: 2 } })
  const run = await trainHere(await plan(path, thawing, overrides))
  expect(locksOf(run)).toEqual([{ table: 'movieId', frozen: false, step: 25, epoch: 2 }])
  const { frozen, changed, drift, meanRowMovement } = tableOf(run, 'movieId')
  expect({ frozen, changed }).toEqual({ frozen: false, changed: true })
  expect(drift).toHaveLength(3)
  expect(drift[0]).toBe(0)
  expect(drift[1]).toBeGreaterThan(0)
  expect(drift[2]).toBeCloseTo(meanRowMovement, 6)
  // The epoch in which it was frozen is that of a run in which it always is.
  const kept = await trainHere(await plan(path, document, overrides))
  expect(run.epochs[0]?.train).toEqual(kept.epochs[0]?.train)
  expect(run.epochs[2]?.train.loss).not.toBe(kept.epochs[2]?.train.loss)
  expect(tableOf(kept, 'movieId')).toMatchObject({ frozen: true, changed: false, drift: [] })
})

describe('a lock turned in mid-run', () => {
  test('is in force at the next step, is told once, and shows in the proof', async () => {
    const { path, document } = await sampleProject()
    const run = await trainHere(await plan(path, document, overrides), Infinity, (step) => {
      if (step === 11) return [{ table: 'movieId', frozen: false }]
      // What is so already is no event.
      if (step === 12) return [{ table: 'movieId', frozen: false }]
      return step === 31 ? [{ table: 'userId', frozen: true }] : []
    })
    expect(locksOf(run)).toEqual([
      { table: 'movieId', frozen: false, step: 10, epoch: 1 },
      { table: 'userId', frozen: true, step: 30, epoch: 2 },
    ])
    expect(tableOf(run, 'movieId')).toMatchObject({ frozen: false, changed: true })
    const user = tableOf(run, 'userId')
    expect(user).toMatchObject({ frozen: false, changed: true })
    expect(user.drift[2]).toBe(user.drift[1])
    expect(user.drift[1]).toBeGreaterThan(user.drift[0] ?? Infinity)
    expect(run.steps.every(({ loss }) => Number.isFinite(loss))).toBe(true)
  })

  test('leaves the table as it was where it is unlocked and locked again before a step', async () => {
    const { path, document } = await sampleProject()
    const run = await trainHere(await plan(path, document, { ...overrides, epochs: 1 }), Infinity, (step) =>
      step === 5
        ? [
            { table: 'movieId', frozen: false },
            { table: 'movieId', frozen: true },
          ]
        : [],
    )
    expect(locksOf(run)).toHaveLength(2)
    expect(tableOf(run, 'movieId')).toMatchObject({ changed: false, drift: [0] })
  })
})

test('a residual and a projection of a frozen table train, and the table itself does not', async () => {
  const { path, document } = await sampleProject()
  const used = applyEdit(document, {
    type: 'setUse',
    table: 'movieId',
    changes: { residual: true, projection: { width: 24, hidden: null }, dropout: 0.2, l2: 0.01, maxNorm: 3 },
  })
  const once = await trainHere(await plan(path, used, { ...overrides, epochs: 1 }))
  expect(tableOf(once, 'movieId')).toMatchObject({ frozen: true, changed: false, meanRowMovement: 0 })
  expect(tableOf(once, 'movieId.residual')).toMatchObject({ frozen: false, changed: true, width: 128 })
  expect(once.model).toMatchObject({ inputWidth: 186 - 128 + 24 })
  // Dropout and all: the same seed gives the same losses.
  const again = await trainHere(await plan(path, used, { ...overrides, epochs: 1 }))
  expect(again.steps.map(({ loss }) => loss)).toEqual(once.steps.map(({ loss }) => loss))
})

test('a large table is judged by stretches spread over it, first and last rows among them', () => {
  expect(sampledRows({ rows: 1681, width: 128 })).toEqual([{ first: 0, count: 1681 }])
  const places = sampledRows({ rows: 10_000_000, width: 64 })
  expect(places).toHaveLength(64)
  expect(places[0]?.first).toBe(0)
  const last = places[63]
  expect((last?.first ?? 0) + (last?.count ?? 0)).toBe(10_000_000)
  expect(places.reduce((sum, { count }) => sum + count, 0) * 64 * 4).toBeLessThanOrEqual(16 * 2 ** 20)
})
