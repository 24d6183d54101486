import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { type ColumnProfile, type Part, type RowWindow } from '../../src-main/contract'
import { api } from '../api'
import { useJobs } from './jobs'
import { useProject } from './project'

/** Rows and profiles of the dataset, asked for as they come into sight. */
export const useDataset = defineStore('dataset', () => {
  const project = useProject()
  const profiles = shallowRef<ReadonlyMap<string, ColumnProfile>>(new Map())
  const profiled = shallowRef<string | null>(null)

  /** Names the rows that a window shows: it changes when they may have changed. */
  const version = computed(() => {
    const parts = project.dataset?.parts.map((entry) => `${entry.part}:${entry.rows}`).join(' ') ?? ''
    return `${project.opening} ${parts} ${JSON.stringify(project.document?.source ?? null)}`
  })

  const rows = (part: Part, offset: number, limit: number): Promise<RowWindow> =>
    api.dataset.rows({ part, offset, limit })

  /** Profiles every column of a part, once for a version of the data. */
  async function loadProfiles(part: Part): Promise<void> {
    const key = `${version.value} ${part}`
    if (profiled.value === key) return
    const { columns } = await api.dataset.profile({ part })
    profiles.value = new Map(columns.map((profile) => [profile.column, profile]))
    profiled.value = key
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
