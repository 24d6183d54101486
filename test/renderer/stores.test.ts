import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { GraftError, type Job } from '../../src-main/contract'
import { useDataset } from '../../src-renderer/stores/dataset'
import { useExporting } from '../../src-renderer/stores/exporting'
import { useJobs } from '../../src-renderer/stores/jobs'
import { useProject } from '../../src-renderer/stores/project'
import { useRuns } from '../../src-renderer/stores/runs'
import { useSession } from '../../src-renderer/stores/session'
import { start } from '../../src-renderer/stores/start'
import { stepStates } from '../../src-renderer/stores/steps'
import { fakeMain, type FakeMain } from './support/fakeMain'
import { epoch, projectSnapshot, runDetail, runSummary, sessionSnapshot } from './support/snapshot'

const job = (fields: Partial<Job> = {}): Job => ({
  id: 'job',
  kind: 'attach',
  title: 'Attach vectors',
  state: 'running',
  phase: 'Reading',
  done: 1,
  total: 4,
  unit: 'rows',
  rate: null,
  secondsLeft: null,
  error: null,
  result: null,
  ...fields,
})

let main: FakeMain
beforeEach(() => {
  setActivePinia(createPinia())
  main = fakeMain()
})

describe('following main', () => {
  it('shows the snapshot, then events in their order', async () => {
    main.answer('session.connect', () => sessionSnapshot())
    await start()
    expect(useSession().line).toBe('connected')
    expect(useProject().document?.name).toBe('sample')
    main.emit({ name: 'project.changed', data: { project: null } })
    expect(useProject().snapshot).toBeNull()
  })

  it('applies events that overtook the snapshot after it, and drops those that it contains', async () => {
    const early = fakeMain(9)
    early.answer('session.connect', () => {
      early.emit({ name: 'project.changed', data: { project: null } }) // 9: contained in the snapshot of 10
      early.emit({
        name: 'engine.changed',
        data: { engine: { ...sessionSnapshot().engine, label: 'at 10' } },
      })
      early.emit({ name: 'runs.changed', data: { runs: [runSummary('late')] } }) // 11: newer
      return sessionSnapshot({ sequence: 10 })
    })
    await start()
    expect(useProject().snapshot).not.toBeNull()
    expect(useSession().engine?.label).not.toBe('at 10')
    expect(useRuns().list.map((run) => run.id)).toEqual(['late'])
  })

  it('asks for a new snapshot when the line comes back', async () => {
    main.answer('session.connect', () => sessionSnapshot())
    await start()
    main.line('open')
    main.line('lost')
    expect(useSession().line).toBe('lost')
    main.answer('session.connect', () => sessionSnapshot({ sequence: 3, project: null }))
    main.line('open')
    await expect.poll(() => useSession().line).toBe('connected')
    expect(useProject().snapshot).toBeNull()
  })

  it('says so when main was started anew and does not know the window', async () => {
    main.answer('session.connect', () => sessionSnapshot())
    await start()
    main.line('lost')
    main.line('refused')
    expect(useSession().line).toBe('refused')
  })

  it('says so when main refuses', async () => {
    main.answer('session.connect', () => {
      throw new GraftError('invalid-request', 'The link was used already.', 'Print a new one.')
    })
    await start()
    expect(useSession().line).toBe('lost')
    expect(useSession().lineError?.hint).toBe('Print a new one.')
  })
})

describe('jobs', () => {
  beforeEach(async () => {
    main.answer('session.connect', () => sessionSnapshot())
    await start()
  })

  it('waits for the end of a job, whichever comes first, its id or its end', async () => {
    const jobs = useJobs()
    main.emit({ name: 'job.changed', data: { job: job({ state: 'done', result: 7 }) } })
    await expect(jobs.finished('job')).resolves.toMatchObject({ result: 7 })
    const later = jobs.finished('other')
    main.emit({ name: 'job.changed', data: { job: job({ id: 'other', state: 'done' }) } })
    await expect(later).resolves.toMatchObject({ id: 'other' })
  })

  it('rejects with the error of the job, as main wrote it', async () => {
    const wire = new GraftError('shape-mismatch', 'plots.npy has 12 rows.', 'movieId needs 1,681.').toWire()
    main.emit({ name: 'job.changed', data: { job: job({ state: 'failed', error: wire }) } })
    await expect(useJobs().finished('job')).rejects.toMatchObject({
      code: 'shape-mismatch',
      hint: 'movieId needs 1,681.',
    })
  })

  it('gives up on jobs that a restarted main does not know', async () => {
    main.line('open')
    const waiting = useJobs().finished('gone')
    main.line('open')
    await expect(waiting).rejects.toMatchObject({ code: 'crashed' })
  })

  it('knows how much of all work is done', () => {
    main.emit({ name: 'job.changed', data: { job: job({ id: 'a', done: 1, total: 4 }) } })
    main.emit({ name: 'job.changed', data: { job: job({ id: 'b', done: 3, total: 4 }) } })
    expect(useJobs().progress).toBe(0.5)
    main.emit({ name: 'job.dismissed', data: { job: 'a' } })
    expect(useJobs().progress).toBe(0.75)
  })

  it('keeps what an export reported', async () => {
    main.answer('export.write', () => ({ job: 'job' }))
    const result = {
      path: '/out',
      files: [{ name: 'saved_model.pb', bytes: 3 }],
      check: { rows: 100, maxDifference: 0 },
    }
    main.emit({ name: 'job.changed', data: { job: job({ state: 'done', result }) } })
    await useExporting().write('run', '/out', false)
    expect(useExporting().results.get('run')).toEqual(result)
  })
})

describe('runs', () => {
  beforeEach(async () => {
    const running = runSummary('r1', { status: 'running', epochs: [epoch(1)], finishedAt: null })
    main.answer('session.connect', () => sessionSnapshot({ runs: [running] }))
    main.answer('runs.detail', () => runDetail(running, { log: ['started'] }))
    await start()
    await useRuns().load('r1')
  })

  it('grows the open run by its events', () => {
    const runs = useRuns()
    const step = { epoch: 1, loss: 0.6, meanLoss: 0.65, auc: 0.7 }
    main.emit({ name: 'run.steps', data: { run: 'r1', steps: [{ step: 1, ...step }] } })
    main.emit({
      name: 'run.steps',
      data: {
        run: 'r1',
        steps: [
          { step: 1, ...step },
          { step: 2, ...step },
        ],
      },
    })
    main.emit({ name: 'run.epoch', data: { run: 'r1', epoch: epoch(2) } })
    main.emit({ name: 'run.epoch', data: { run: 'r1', epoch: epoch(2) } })
    main.emit({ name: 'run.log', data: { run: 'r1', lines: ['epoch 2'] } })
    expect(runs.details.get('r1')?.steps.map((one) => one.step)).toEqual([1, 2])
    expect(runs.active?.epochs).toHaveLength(2)
    expect(runs.details.get('r1')?.log).toEqual(['started', 'epoch 2'])
  })

  it('reads the record anew when a run ends, and forgets its progress', async () => {
    const ended = runSummary('r1', { status: 'crashed' })
    main.answer('runs.detail', () => runDetail(ended))
    main.emit({ name: 'run.changed', data: { run: ended } })
    expect(useRuns().active).toBeNull()
    await expect.poll(() => useRuns().details.get('r1')?.record.status).toBe('crashed')
    expect(useRuns().lastFinished).toBeNull()
  })

  it('puts a new run first', () => {
    main.emit({ name: 'run.changed', data: { run: runSummary('r2', { status: 'starting' }) } })
    expect(useRuns().list.map((run) => run.id)).toEqual(['r2', 'r1'])
  })
})

describe('the dataset', () => {
  it('profiles each column of a part once, a few at a time, and again when the data changed', async () => {
    main.answer('session.connect', () => sessionSnapshot())
    main.answer('dataset.profile', () => ({ columns: [] }))
    await start()
    const asked = (): unknown[] =>
      main.calls.filter((call) => call.name === 'dataset.profile').map((call) => call.input)
    await useDataset().loadProfiles('train', ['movie', 'user'])
    await useDataset().loadProfiles('train', ['user', 'age'])
    expect(asked()).toEqual([
      { part: 'train', columns: ['movie', 'user'] },
      { part: 'train', columns: ['age'] },
    ])
    const parts = [{ part: 'train' as const, rows: 2000, targetRate: null }]
    main.emit({
      name: 'project.changed',
      data: { project: projectSnapshot({ dataset: { parts, columns: [], report: null, made: null } }) },
    })
    await useDataset().loadProfiles('train', ['movie'])
    expect(asked()).toHaveLength(3)
    await useDataset().loadProfiles(
      'train',
      Array.from({ length: 40 }, (_, i) => `c${i}`),
    )
    expect(asked()).toHaveLength(6)
  })

  it('asks again for what failed', async () => {
    main.answer('session.connect', () => sessionSnapshot())
    await start()
    await expect(useDataset().loadProfiles('train', ['movie'])).rejects.toThrow()
    main.answer('dataset.profile', () => ({ columns: [] }))
    await useDataset().loadProfiles('train', ['movie'])
    expect(main.calls.filter((call) => call.name === 'dataset.profile')).toHaveLength(2)
  })
})

describe('the states of the steps', () => {
  const problem = {
    severity: 'error',
    place: 'schema',
    column: 'movie',
    code: 'c',
    message: 'm',
    hint: 'h',
  } as const

  it('says what is empty, ready, wrong and running', () => {
    const project = projectSnapshot({
      problems: [problem, { ...problem, severity: 'warning', place: 'data' }],
    })
    const states = stepStates(project, [runSummary('r', { status: 'running' })], [])
    expect(states.schema).toEqual({ state: 'attention', errors: 1, warnings: 0 })
    expect(states.data).toEqual({ state: 'ready', errors: 0, warnings: 1 })
    expect(states.train.state).toBe('running')
    expect(states.model.state).toBe('empty')
    expect(states.export.state).toBe('empty')
  })
})
