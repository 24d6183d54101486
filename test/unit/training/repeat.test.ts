import { expect, test } from 'vitest'
import { plan, sampleProject, trainHere } from './project'

test('the same seed gives the same losses and tables bit for bit, another seed others', async () => {
  const { path, document } = await sampleProject()
  const once = async (seed: number) => trainHere(await plan(path, document, { epochs: 2, seed }))
  const [a, b, c] = [await once(3), await once(3), await once(4)]
  expect(b.steps).toEqual(a.steps)
  expect(b.outcome.tables).toEqual(a.outcome.tables)
  expect(c.steps[0]?.loss).not.toBe(a.steps[0]?.loss)
})

test.each(['adam', 'sgd'])('%s trains, too', async (optimizer) => {
  const { path, document } = await sampleProject()
  const { epochs, outcome } = await trainHere(await plan(path, document, { epochs: 1, optimizer }))
  expect(epochs[0]?.train.loss).toBeGreaterThan(0.6)
  expect(epochs[0]?.train.loss).toBeLessThan(0.75)
  for (const { frozen, changed } of outcome.tables) expect(changed).toBe(!frozen)
})

test('a run that is stopped between steps tells what it did until then', async () => {
  const { path, document } = await sampleProject()
  const { outcome, steps, epochs } = await trainHere(await plan(path, document), 150)
  expect(outcome.stoppedBecause).toBe('stopped')
  expect(steps).toHaveLength(150)
  expect(epochs).toHaveLength(2)
})

test('a loss that is no number ends the run with an error that says where', async () => {
  const { path, document } = await sampleProject()
  const run = await plan(path, document, {
    optimizer: 'sgd',
    learningRate: 1000,
    // Units that cannot die: every step makes the next one larger.
    set: [{ path: 'model.settings.activation', value: 'leaky_relu' }],
  })
  await expect(trainHere(run)).rejects.toMatchObject({
    code: 'non-finite',
    message: expect.stringMatching(/step \d+/),
  })
})
