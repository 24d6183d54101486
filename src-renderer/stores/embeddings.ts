import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import {
  type AlignmentReport,
  alignmentReport,
  type TableExport,
  tableExport,
  type TableStatistics,
  type VectorFile,
} from '../../src-main/contract'
import { api } from '../api'
import { useJobs } from './jobs'

export type Attachment = Parameters<typeof api.embeddings.attach>[0]
export type TableExportRequest = Parameters<typeof api.embeddings.exportTable>[0]

/** Vector files before they are attached, and the statistics of tables that are. */
export const useEmbeddings = defineStore('embeddings', () => {
  /** By the hash of the vectors, which never change under one hash. */
  const statistics = shallowRef<ReadonlyMap<string, TableStatistics>>(new Map())

  /** @param ids a file with the keys of the rows */
  const inspectFile = (path: string, ids: string | null = null): Promise<VectorFile> =>
    api.embeddings.inspectFile({ path, ids })

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

  /**
   * What that would find, without attaching anything. Rejects with the refusal, or `cancelled`.
   * @param started called with the job, by which it is cancelled
   */
  async function preview(attachment: Attachment, started: (job: string) => void): Promise<AlignmentReport> {
    const { job } = await api.embeddings.preview(attachment)
    started(job)
    const jobs = useJobs()
    try {
      const { result } = await jobs.finished(job)
      return alignmentReport.parse(result)
    } finally {
      // The sheet shows what became of it; it is nothing to keep on the list of jobs.
      void jobs.dismiss(job).catch(() => undefined)
    }
  }

  /** Writes a column's table with its keys. */
  async function exportTable(request: TableExportRequest): Promise<TableExport> {
    const { job } = await api.embeddings.exportTable(request)
    const { result } = await useJobs().finished(job)
    return tableExport.parse(result)
  }

  return { statistics, inspectFile, loadStatistics, attach, preview, exportTable }
})
