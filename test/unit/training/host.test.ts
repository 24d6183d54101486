import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { EventData, EventName } from '../../../src-main/contract/events'
import { RunService } from '../../../src-main/training/host'
import { nodeTrainer, type ForkTrainer, type WorkerPort } from '../../../src-main/training/worker'
import { trainerEntry } from '../../trainer'
import { plan, sampleProject } from './project'

interface Heard {
  readonly names: EventName[]
  readonly steps: number[]
  readonly statuses: string[]
}

async function service(path: string): Promise<{ runs: RunService; heard: Heard; worker: () => WorkerPort }> {
  const heard: Heard = { names: [], steps: [], statuses: [] }
  const fork = nodeTrainer(await trainerEntry())
  let last: WorkerPort | null = null
  const remembering: ForkTrainer = () => (last = fork())
  const emit = <N extends EventName>(name: N, data: EventData<N>): void => {
    heard.names.push(name)
    if ('steps' in data) heard.steps.push(...data.steps.map((step) => step.step))
    if ('run' in data && typeof data.run === 'object') heard.statuses.push(data.run.status)
  }
  const runs = new RunService({ runs: join(path, 'runs'), fork: remembering, emit, version: '0.0.0' })
  return {
    runs,
    heard,
    worker: () => {
      if (!last) throw new Error('nothing was forked')
      return last
    },
  }
}

test('a run goes through its states, and its record, metrics and log are on disk', async () => {
  const { path, document } = await sampleProject()
  const { runs, heard } = await service(path)
  const id = await runs.start(await plan(path, document, { epochs: 2 }))
  await expect(plan(path, document).then((second) => runs.start(second))).rejects.toMatchObject({
    code: 'busy',
  })
  const record = await runs.wait(id)
  expect(record.error).toBeNull()
  expect(record.status).toBe('completed')
  expect(runs.running).toBeNull()
  expect([...new Set(heard.statuses)]).toEqual(['starting', 'running', 'completed'])
  expect(heard.steps).toEqual(Array.from({ length: 2 * 98 }, (_, i) => i + 1))

  const result = await runs.result(id)
  expect(result).toMatchObject({
    run: id,
    target: 'rating_binary',
    stoppedBecause: 'completed',
    model: { name: 'dcn', inputWidth: 186, parameters: 328_485, trainableParameters: 113_317 },
  })
  expect(result.epochs).toHaveLength(2)
  expect(result.sessionShare).toBeGreaterThan(0.5)
  const detail = await runs.detail(id)
  expect(detail.steps).toHaveLength(196)
  expect(detail.log.join('\n')).toContain('328485 parameters')
  expect(detail.record.versions.tensorflow).toMatch(/^2\./)
  expect(existsSync(join(result.path, 'trainer.pid'))).toBe(false)
  expect((await readFile(join(result.path, 'metrics.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(196)

  expect((await runs.list()).map((run) => run.id)).toEqual([id])
  await runs.remove(id)
  expect(await runs.list()).toEqual([])
})

test('a lock turned while a run trains is in its record', async () => {
  const { path, document } = await sampleProject()
  const { runs, heard } = await service(path)
  const id = await runs.start(await plan(path, document, { epochs: 1000 }))
  expect(() => runs.setFrozen('another', 'movieId', false)).toThrow(/not training/)
  expect(() => runs.setFrozen(id, 'nothing', false)).toThrow(/no table nothing/)
  await vi.waitFor(() => expect(heard.steps.length).toBeGreaterThan(5), { timeout: 60_000 })
  runs.setFrozen(id, 'movieId', false)
  await vi.waitFor(async () => expect((await runs.list())[0]?.locks).toHaveLength(1), { timeout: 60_000 })
  runs.stop(id)
  const record = await runs.wait(id)
  expect(record.locks).toMatchObject([{ table: 'movieId', frozen: false }])
  expect(record.tables.find(({ table }) => table === 'movieId')).toMatchObject({
    frozen: false,
    changed: true,
  })
  const [summary] = await runs.list()
  expect(summary?.sentence).toContain('movieId was unlocked in epoch')
  expect(summary?.trains.find(({ table }) => table === 'movieId')?.frozen).toBe(true)
})

test('a stopped run keeps what it learnt', async () => {
  const { path, document } = await sampleProject()
  const { runs, heard } = await service(path)
  const id = await runs.start(await plan(path, document, { epochs: 1000 }))
  await vi.waitFor(() => expect(heard.steps.length).toBeGreaterThan(20), { timeout: 60_000 })
  runs.stop(id)
  const record = await runs.wait(id)
  expect(record.status).toBe('stopped')
  expect(record.tables.find(({ table }) => table === 'userId')?.changed).toBe(true)
  expect(existsSync(join(runs.folder(id).path, 'weights', 'variables.index'))).toBe(true)
  expect((await runs.detail(id)).steps.length).toBe(heard.steps.length)
})

test('a trainer that is killed leaves a crashed run with its metrics, and a new run starts', async () => {
  const { path, document } = await sampleProject()
  const { runs, heard, worker } = await service(path)
  const id = await runs.start(await plan(path, document, { epochs: 1000 }))
  await vi.waitFor(() => expect(heard.steps.length).toBeGreaterThan(20), { timeout: 60_000 })
  process.kill(worker().pid ?? 0, 'SIGKILL')
  const record = await runs.wait(id)
  expect(record.status).toBe('crashed')
  expect(record.error).toMatchObject({ code: 'crashed', message: expect.stringContaining('SIGKILL') })
  expect(record.error?.hint).toContain('memory')
  expect((await runs.detail(id)).steps.length).toBeGreaterThan(20)
  expect((await runs.list())[0]).toMatchObject({ id, status: 'crashed' })

  const next = await runs.start(await plan(path, document, { epochs: 1 }))
  expect((await runs.wait(next)).status).toBe('completed')
})

test('a run whose processes are all gone is found to have crashed', async () => {
  const { path, document } = await sampleProject()
  const { runs } = await service(path)
  const id = await runs.start(await plan(path, document, { epochs: 1 }))
  const record = await runs.wait(id)
  const lost = `${id}-lost`
  await mkdir(join(path, 'runs', lost))
  await copyFile(join(path, 'runs', id, 'metrics.jsonl'), join(path, 'runs', lost, 'metrics.jsonl'))
  await runs.folder(lost).writeRecord({ ...record, id: lost, status: 'running', finishedAt: null })
  // A process that lives claims it: it still trains, started by somebody else.
  await runs.folder(lost).claim(process.pid)
  expect((await runs.record(lost)).status).toBe('running')
  await runs.folder(lost).release()
  expect((await runs.record(lost)).status).toBe('crashed')
  expect((await runs.detail(lost)).steps).toHaveLength(98)
  expect((await runs.folder(lost).readRecord())?.status).toBe('crashed')
})

test('ids of runs cannot lead out of the folder', async () => {
  const { path } = await sampleProject()
  const { runs } = await service(path)
  for (const id of ['..', '../x', 'a/b', 'a\\b', '.hidden', ''])
    await expect(runs.detail(id)).rejects.toMatchObject({ code: 'invalid-request' })
  await expect(runs.detail('nothing')).rejects.toMatchObject({ code: 'not-found' })
})

test('a run that cannot begin leaves nothing behind, and the next one starts', async () => {
  const { path, document } = await sampleProject()
  const { runs } = await service(path)
  const broken = new RunService({
    runs: join(path, 'runs'),
    fork: () => {
      throw Object.assign(new Error('spawn ENOMEM'), { code: 'ENOMEM' })
    },
    emit: () => undefined,
    version: '0.0.0',
  })
  await expect(broken.start(await plan(path, document))).rejects.toThrow(/ENOMEM/)
  expect(await broken.list()).toEqual([])
  expect(await readdir(join(path, 'runs'))).toEqual([])
  const id = await runs.start(await plan(path, document, { epochs: 1 }))
  expect((await runs.wait(id)).status).toBe('completed')
})

test('a record that cannot be written ends the run as failed, with the reason', async () => {
  const { path, document } = await sampleProject()
  const { runs, heard } = await service(path)
  const id = await runs.start(await plan(path, document, { epochs: 1000 }))
  await vi.waitFor(() => expect(heard.steps.length).toBeGreaterThan(20), { timeout: 60_000 })
  const record = join(runs.folder(id).path, 'run.json')
  await rm(record)
  await mkdir(record) // nothing can be renamed onto a folder
  const ended = await runs.wait(id)
  expect(ended.status).toBe('failed')
  expect(ended.error).not.toBeNull()
})
