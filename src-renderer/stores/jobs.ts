import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { GraftError, type Job } from '../../src-main/contract'
import { api } from '../api'
import { type Projection } from './projection'

interface Waiter {
  resolve(job: Job): void
  reject(error: GraftError): void
}

/** Long work under way in main, and what became of it. */
export const useJobs = defineStore('jobs', () => {
  const all = shallowRef<ReadonlyMap<string, Job>>(new Map())
  const running = computed(() => [...all.value.values()].filter((job) => job.state === 'running'))
  /** Newest first. */
  const list = computed(() => [...all.value.values()].reverse())
  /** Share done of all running jobs, null where none knows its total. */
  const progress = computed(() => {
    const known = running.value.filter((job) => job.total !== null && job.total > 0)
    if (known.length === 0) return null
    return known.reduce((sum, job) => sum + job.done / (job.total ?? 1), 0) / known.length
  })
  const waiters = new Map<string, Waiter[]>()

  function put(job: Job): void {
    const next = new Map(all.value)
    next.set(job.id, job)
    all.value = next
    settle(job)
  }

  function settle(job: Job): void {
    if (job.state === 'running') return
    for (const waiter of waiters.get(job.id) ?? []) {
      if (job.state === 'done') waiter.resolve(job)
      else if (job.error) waiter.reject(GraftError.fromWire(job.error))
      else waiter.reject(new GraftError('cancelled', `${job.title} was cancelled.`))
    }
    waiters.delete(job.id)
  }

  const projection: Projection = {
    reset(snapshot) {
      all.value = new Map(snapshot.jobs.map((job) => [job.id, job]))
      for (const job of snapshot.jobs) settle(job)
      // A job that main no longer knows ended with the process that ran it.
      for (const [id, waiting] of waiters) {
        if (all.value.has(id)) continue
        const error = new GraftError(
          'crashed',
          'Graft was restarted while this was under way.',
          'Start it again.',
        )
        for (const waiter of waiting) waiter.reject(error)
        waiters.delete(id)
      }
    },
    receive(message) {
      if (message.name === 'job.changed') put(message.data.job)
      if (message.name === 'job.dismissed') {
        const next = new Map(all.value)
        next.delete(message.data.job)
        all.value = next
      }
    },
  }

  /** Resolves with the job when it is done; rejects with its error, or `cancelled`. */
  function finished(id: string): Promise<Job> {
    return new Promise((resolve, reject) => {
      waiters.set(id, [...(waiters.get(id) ?? []), { resolve, reject }])
      const known = all.value.get(id)
      if (known) settle(known)
    })
  }

  const cancel = async (job: string): Promise<void> => void (await api.jobs.cancel({ job }))
  const dismiss = async (job: string): Promise<void> => void (await api.jobs.dismiss({ job }))

  return { all, list, running, progress, ...projection, finished, cancel, dismiss }
})
