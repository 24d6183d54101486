import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { type TableStatistics, type VectorFile } from '../../src-main/contract'
import { api } from '../api'
import { useJobs } from './jobs'

export interface Attachment {
  column: string
  path: string
  array: string | null
  frozen: boolean
  byPosition: boolean
}

/** Vector files before they are attached, and the statistics of tables that are. */
export const useEmbeddings = defineStore('embeddings', () => {
  /** By the hash of the vectors, which never change under one hash. */
  const statistics = shallowRef<ReadonlyMap<string, TableStatistics>>(new Map())

  const inspectFile = (path: string): Promise<VectorFile> => api.embeddings.inspectFile({ path })

  async function loadStatistics(table: string, hash: string): Promise<void> {
    if (statistics.value.has(hash)) return
    const found = await api.embeddings.statistics({ table })
    statistics.value = new Map(statistics.value).set(hash, found)
  }

  /** Lays a file's vectors onto a column; resolves when the project has them. */
  async function attach(attachment: Attachment): Promise<void> {
    const { job } = await api.embeddings.attach(attachment)
    await useJobs().finished(job)
  }

  return { statistics, inspectFile, loadStatistics, attach }
})
