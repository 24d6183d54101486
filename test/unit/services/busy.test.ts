import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { GraftError } from '../../../src-main/contract'
import { type Services } from '../../../src-main/services/compose'
import { nodeTrainer } from '../../../src-main/training/worker'
import { trainerEntry } from '../../trainer'
import { makeServices, waitForJob } from './support'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

let folder: string
let services: Services

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-busy-'))
  services = makeServices(join(folder, 'home'), null, nodeTrainer(await trainerEntry()))
})
afterAll(async () => {
  await services.bench.close()
  await rm(folder, { recursive: true, force: true })
})

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof GraftError && error.code === 'busy') return `${error.message} ${error.hint}`
    throw error
  }
  return 'not refused'
}

it('rows are replaced neither while a run trains on them nor while another job writes them, and no project is left meanwhile', async () => {
  const { client, bench } = services
  const path = join(folder, 'rows.csv')
  const rows = Array.from({ length: 20_000 }, (_, i) => `u${i % 90},i${(i * 7) % 113},${(i * 31) % 2}`)
  await writeFile(path, ['user,item,liked', ...rows, ''].join('\n'))
  const given = {
    files: [{ part: null, path }],
    joins: [],
    options: {},
    split: 'random:0.8,0.1,0.1',
    seed: 1,
    target: 'liked',
  }
  const [project, elsewhere] = [join(folder, 'p'), join(folder, 'elsewhere')]
  await waitForJob(services, () => client.project.create({ path: elsewhere, sample: null }))
  await waitForJob(services, () => client.tables.import({ ...given, newProject: project }))
  const session = bench.requireSession()
  expect(session.path).toBe(project)

  const { run } = await client.training.start({ overrides: { epochs: 10_000, batchSize: 64 } })
  const encoded = { train: [path], validation: [], test: [], split: null, seed: 1 }
  const asked = [
    () => client.tables.import(given),
    () => client.tables.encode({}),
    () => client.dataset.importEncoded(encoded),
  ]
  for (const ask of asked)
    expect(await refusal(ask())).toBe(
      `Run ${run} is training on the rows that would be replaced. Wait until it is done, or stop it first; what it learnt is kept.`,
    )
  const aside = { ...given, newProject: join(folder, 'other') }
  for (const leave of [() => client.tables.import(aside), () => client.project.close({})])
    expect(await refusal(leave())).toMatch(new RegExp(`^Run ${run} of the open project is still training`))
  expect(await readdir(folder)).not.toContain('other')
  await client.training.stop({ run })
  await session.runs.wait(run)

  const job = await waitForJob(services, async () => {
    const started = await client.tables.encode({ seed: 2 })
    for (const ask of asked)
      expect(await refusal(ask())).toBe(
        'Encode rows is still under way. Wait until it is done, or cancel it.',
      )
    const leave = [
      () => client.training.start({ overrides: {} }),
      () => client.project.open({ path: elsewhere }),
      () => client.project.create({ path: join(folder, 'new'), sample: null }),
      () => client.project.close({}),
    ]
    for (const ask of leave) expect(await refusal(ask())).toMatch(/^Encode rows is still under way/)
    // Opening what is open is no leaving.
    expect((await client.project.open({ path: project })).path).toBe(project)
    return started
  })
  expect(job.error).toBeNull()
  expect((await client.project.open({ path: elsewhere })).path).toBe(elsewhere)
})
