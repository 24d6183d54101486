import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EventMessage, events, findRequest, type Part } from '../../../src-main/contract'
import { type Services } from '../../../src-main/services/compose'
import { makeServices, waitForJob } from './support'

/** The whole of main below its transports, on the real sample: every answer is held against the contract. */
describe('the workbench', () => {
  let folder: string
  let services: Services
  const heard: EventMessage[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'graft-services-'))
    services = makeServices(join(folder, 'home'))
    services.bench.bus.subscribe((message) => heard.push(message))
    const path = join(folder, 'sample')
    const job = await waitForJob(services, () =>
      services.client.project.create({ path, sample: 'movielens-100k' }),
    )
    expect(job).toMatchObject({ state: 'done', result: path })
  })

  afterAll(async () => {
    await services.bench.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function ask(name: string, input: unknown): Promise<unknown> {
    const reply = await services.dispatch(name, input)
    if (!reply.ok) throw new Error(`${name}: ${reply.error.code}: ${reply.error.message}`)
    const output = findRequest(name)?.output
    expect(output?.parse(reply.value), name).toEqual(reply.value)
    return reply.value
  }

  it.each(['x.y', 'project', '__proto__.toString', 7, null, undefined])(
    'refuses the name %j',
    async (name) => {
      expect(await services.dispatch(name, {})).toMatchObject({
        ok: false,
        error: { code: 'invalid-request' },
      })
    },
  )

  it('refuses input that does not fit, naming the field', async () => {
    const reply = await services.dispatch('dataset.rows', { part: 'train', offset: -1, limit: 5 })
    expect(reply).toMatchObject({ ok: false, error: { code: 'invalid-request' } })
    expect(reply.ok || reply.error.message).toContain('offset')
  })

  it('shows the sample as the example has it', async () => {
    const snapshot = await services.client.session.connect({})
    const { project } = snapshot
    expect(project?.problems).toEqual([])
    expect(project?.dataset?.parts).toMatchObject([{ part: 'train', rows: 100_000 }])
    expect(project?.document.target).toBe('rating_binary')
    expect(project?.tables.find(({ id }) => id === 'movieId')).toMatchObject({
      rows: 1681,
      width: 128,
      frozen: true,
    })
    expect(project?.model).toMatchObject({
      inputWidth: 186,
      parameters: 328_485,
      trainableParameters: 113_317,
    })
  })

  it('answers as the contract says', async () => {
    await ask('session.connect', {})
    await ask('engine.status', {})
    await ask('model.catalog', {})
    await ask('embeddings.statistics', { table: 'movieId' })
    await ask('dataset.profile', { part: 'train' })
    await ask('project.suggestPath', { sample: null })
    await ask('model.preview', { document: services.bench.requireSession().document })
    const rows = await services.client.dataset.rows({ part: 'train', offset: 99_990, limit: 100 })
    expect(rows.total).toBe(100_000)
    expect(rows.columns.every(({ values }) => values.length === 10)).toBe(true)
  })

  it('makes, undoes and makes again an edit, and tells each time', async () => {
    heard.length = 0
    const before = services.bench.requireSession().document
    await ask('project.execute', { command: { type: 'detach', column: 'movieId' } })
    const detached = services.bench.requireSession().snapshot()
    expect(detached.undo).toBe('detach the table of movieId')
    expect(detached.tables.find(({ id }) => id === 'movieId')).toMatchObject({ attached: null, width: 16 })
    await ask('project.undo', {})
    expect(services.bench.requireSession().document).toEqual(before)
    await ask('project.redo', {})
    await ask('project.undo', {})
    expect(services.bench.requireSession().document).toEqual(before)
    expect(heard.filter(({ name }) => name === 'project.changed').length).toBeGreaterThanOrEqual(4)
  })

  it('refuses settings that the architecture does not have, and changes nothing', async () => {
    const before = services.bench.requireSession().document
    const wrong = [
      { type: 'setModel', model: { architecture: 'dcn', settings: { crosLayers: 2 } } },
      { type: 'setModel', model: { architecture: 'none', settings: {} } },
      { type: 'setTraining', changes: { optimizer: { name: 'adam', settings: { learningRate: -1 } } } },
      { type: 'setTarget', target: 'movieId' },
      { type: 'setFrozen', table: 'userId', frozen: true },
      { type: 'detach', column: 'userId' },
    ]
    for (const command of wrong)
      expect(await services.dispatch('project.execute', { command }), JSON.stringify(command)).toMatchObject({
        ok: false,
        error: { code: 'invalid-setting' },
      })
    expect(
      await services.dispatch('project.execute', { command: { type: 'detach', column: 'nothing' } }),
    ).toMatchObject({ ok: false, error: { code: 'unknown-column' } })
    expect(services.bench.requireSession().document).toBe(before)
  })

  it.each(['validation', 'test'] satisfies Part[])('says that there is no %s part', async (part) => {
    expect(await services.dispatch('dataset.rows', { part, offset: 0, limit: 1 })).toMatchObject({
      ok: false,
      error: { code: 'not-found' },
    })
  })

  it('has no desktop to show dialogs on', async () => {
    expect(await services.dispatch('desktop.showInFolder', { path: folder })).toMatchObject({
      ok: false,
      error: { code: 'invalid-request' },
    })
  })

  it('refuses to create over something, and says so in the job', async () => {
    const path = resolve(folder, 'sample')
    const job = await waitForJob(services, () => services.client.project.create({ path, sample: null }))
    expect(job).toMatchObject({ state: 'failed', error: { code: 'already-exists' } })
  })

  it('tells nothing that the contract does not know, in growing order', () => {
    for (const { name, data } of heard) expect(events[name].safeParse(data).success, name).toBe(true)
    const numbers = heard.map(({ sequence }) => sequence)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(new Set(numbers).size).toBe(numbers.length)
  })
})
