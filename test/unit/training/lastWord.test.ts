import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { fromTrainer, type FromTrainer, type ToTrainer } from '../../../src-main/training/protocol'
import { nodeTrainer } from '../../../src-main/training/worker'
import { trainerEntry } from '../../trainer'

test('a trainer lives until its last word was heard: an exit must not outrun it', async () => {
  const worker = nodeTrainer(await trainerEntry())()
  const send = (message: ToTrainer): void => worker.send(message)
  const exit = new Promise<number | null>((resolve) => worker.onExit((code) => resolve(code)))
  const last = new Promise<FromTrainer>((resolve) =>
    worker.onMessage((raw) => {
      const message = fromTrainer.parse(raw)
      if (message.type === 'failed') resolve(message)
    }),
  )
  const plan = { path: 'nowhere.npy', array: '', method: 'pca', metric: 'cosine', neighbors: 15 } as const
  send({ type: 'start', job: { kind: 'map', plan } })
  expect(await last).toMatchObject({ error: { message: expect.stringContaining('nowhere.npy') as string } })
  expect(await Promise.race([exit, wait(300, 'alive')])).toBe('alive')
  send({ type: 'heard' })
  expect(await exit).toBe(0)
})
