import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { type ColumnProfile, type Part, type RowWindow } from '../../src-main/contract'
import { api } from '../api'
import { useJobs } from './jobs'
import { useProject } from './project'

const profilesAtOnce = 16

/** Rows and profiles of the dataset, asked for as they come into sight. */
export const useDataset = defineStore('dataset', () => {
  const project = useProject()
  const profiles = shallowRef<ReadonlyMap<string, ColumnProfile>>(new Map())
  /** The rows that the profiles are of, and the columns that were asked for. */
  let profiled = ''
  const asked = new Set<string>()

  /** Names the rows that a window shows: it changes when they may have changed. */
  const version = computed(() => {
    const parts = project.dataset?.parts.map((entry) => `${entry.part}:${entry.rows}`).join(' ') ?? ''
    return `${project.opening} ${parts} ${JSON.stringify(project.document?.source ?? null)}`
  })

  const rows = (part: Part, offset: number, limit: number, columns: string[]): Promise<RowWindow> =>
    api.dataset.rows({ part, offset, limit, columns })

  /**
   * Profiles these columns of a part, each once for a version of the data: a few at a time, so that a wide table shows
   * its first plots at once.
   */
  async function loadProfiles(part: Part, names: readonly string[]): Promise<void> {
    const key = `${version.value} ${part}`
    if (profiled !== key) {
      profiled = key
      asked.clear()
      profiles.value = new Map()
    }
    const wanted = names.filter((name) => !asked.has(name))
    for (const name of wanted) asked.add(name)
    for (let from = 0; from < wanted.length; from += profilesAtOnce) {
      const piece = wanted.slice(from, from + profilesAtOnce)
      try {
        const { columns } = await api.dataset.profile({ part, columns: piece })
        if (profiled !== key) return
        const next = new Map(profiles.value)
        for (const profile of columns) next.set(profile.column, profile)
        profiles.value = next
      } catch (thrown) {
        if (profiled === key) for (const name of wanted.slice(from)) asked.delete(name)
        throw thrown
      }
    }
  }

  /** Takes Parquet files whose ids are encoded as the dataset; without a validation file all rows train. */
  async function importEncoded(train: string[]): Promise<void> {
    const { job } = await api.dataset.importEncoded({
      train,
      validation: [],
      test: [],
      split: null,
      seed: 42,
    })
    await useJobs().finished(job)
  }

  return { profiles, version, rows, loadProfiles, importEncoded }
})
