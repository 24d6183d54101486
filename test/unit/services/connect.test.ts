import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { makeServices } from './support'

it('reads the samples once, and again only where that failed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'graft-connect-'))
  const samples = join(folder, 'samples')
  const services = makeServices(join(folder, 'home'), null, undefined, samples)
  onTestFinished(async () => {
    await services.bench.close()
    await rm(folder, { recursive: true, force: true })
  })
  const connect = () => services.client.session.connect({})
  await expect(connect()).rejects.toMatchObject({ code: 'not-found' })
  await cp(resolve(__dirname, '..', '..', '..', 'resources', 'samples'), samples, { recursive: true })
  const first = await connect()
  expect(first.app.samples.map(({ id }) => id)).toContain('movielens-100k')
  // A window that asks later is answered from memory: nothing is read.
  await rm(samples, { recursive: true })
  expect((await connect()).app.samples).toEqual(first.app.samples)
})
