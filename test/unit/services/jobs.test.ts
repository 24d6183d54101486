import { describe, expect, it } from 'vitest'
import { GraftError, type Job } from '../../../src-main/contract'
import { EventBus } from '../../../src-main/services/eventBus'
import { type JobContext, JobService } from '../../../src-main/services/jobs'

/** A job that the test drives: what it reports, when it ends, and what time it is. */
function setUp() {
  const bus = new EventBus()
  const told: Job[] = []
  bus.subscribe(({ name, data }) => {
    if (name === 'job.changed') told.push(data.job)
  })
  let now = 0
  const jobs = new JobService(bus, () => now)
  let context: JobContext | null = null
  let finish: (value: unknown) => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const id = jobs.start('import', 'Import', (given) => {
    context = given
    return new Promise((resolve, reject) => {
      finish = resolve
      fail = reject
    })
  })
  const job = (): Job => {
    const [found] = jobs.list()
    if (!found) throw new Error('the job is gone')
    return found
  }
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    bus,
    jobs,
    id,
    told,
    job,
    settle,
    at: (ms: number) => (now = ms),
    report: (phase: string, done: number, total: number | null) =>
      context?.report({ phase, done, total, unit: 'rows' }),
    signal: () => context?.signal,
    finish: (value: unknown) => finish(value),
    fail: (error: unknown) => fail(error),
  }
}

describe('jobs', () => {
  it('measure their rate and tell the time left, phase by phase', async () => {
    const { at, report, job, settle } = setUp()
    await settle()
    report('reading', 0, 1000)
    at(1000)
    report('reading', 250, 1000)
    expect(job()).toMatchObject({ rate: 250, secondsLeft: 3, done: 250, total: 1000 })
    report('writing', 0, 10)
    expect(job()).toMatchObject({ phase: 'writing', rate: null, secondsLeft: null })
    at(3000)
    report('writing', 4, null)
    expect(job()).toMatchObject({ rate: 2, secondsLeft: null })
  })

  it('tell at most ten times a second, but every new phase', async () => {
    const { at, report, told, settle } = setUp()
    await settle()
    const before = told.length
    for (let ms = 0; ms < 1000; ms += 1) {
      at(ms)
      report('reading', ms, 1000)
    }
    expect(told.length - before).toBeLessThanOrEqual(11)
    report('writing', 0, 1)
    expect(told[told.length - 1]?.phase).toBe('writing')
  })

  it('end with their result', async () => {
    const { finish, job, told, settle } = setUp()
    await settle()
    finish({ rows: 3 })
    await settle()
    expect(job()).toMatchObject({ state: 'done', result: { rows: 3 }, error: null })
    expect(told.map(({ state }) => state)).toEqual(['running', 'done'])
  })

  it('end with their error', async () => {
    const { fail, job, settle } = setUp()
    await settle()
    fail(new GraftError('disk-full', 'full', 'free some'))
    await settle()
    expect(job()).toMatchObject({ state: 'failed', error: { code: 'disk-full', hint: 'free some' } })
  })

  it('say that they are cancelled once they have cleaned up', async () => {
    const { jobs, id, fail, job, signal, settle } = setUp()
    await settle()
    jobs.cancel(id)
    expect(signal()?.aborted).toBe(true)
    expect(job().state).toBe('running')
    expect(() => jobs.dismiss(id)).toThrow(expect.objectContaining({ code: 'busy' }))
    fail(new GraftError('cancelled', 'cancelled'))
    await settle()
    expect(job()).toMatchObject({ state: 'cancelled', error: null })
    jobs.dismiss(id)
    expect(jobs.list()).toEqual([])
  })

  it('that are not there cannot be cancelled', () => {
    const { jobs } = setUp()
    expect(() => jobs.cancel('job-99')).toThrow(expect.objectContaining({ code: 'not-found' }))
  })

  it('are cancelled and awaited when the process ends', async () => {
    const { jobs, signal, finish, job, settle } = setUp()
    await settle()
    let closed = false
    const closing = jobs.close().then(() => (closed = true))
    await settle()
    expect(signal()?.aborted).toBe(true)
    expect(closed).toBe(false)
    finish(null)
    await closing
    expect(job().state).not.toBe('running')
  })
})

describe('events', () => {
  it('are numbered in order, and end when nobody listens', () => {
    const bus = new EventBus()
    const heard: number[] = []
    const stop = bus.subscribe(({ sequence }) => heard.push(sequence))
    bus.emit('job.dismissed', { job: 'a' })
    bus.emit('job.dismissed', { job: 'b' })
    stop()
    bus.emit('job.dismissed', { job: 'c' })
    expect(heard).toEqual([1, 2])
    expect(bus.sequence).toBe(3)
  })
})
