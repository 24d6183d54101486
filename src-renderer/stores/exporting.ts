import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { exportResult, type ExportPreview, type ExportResult } from '../../src-main/contract'
import { api } from '../api'
import { useJobs } from './jobs'

/** What an export would write, and what the last one of each run wrote. */
export const useExporting = defineStore('exporting', () => {
  const results = shallowRef<ReadonlyMap<string, ExportResult>>(new Map())

  const preview = (run: string, folder: string | null): Promise<ExportPreview> =>
    api.export.preview({ run, folder })

  /** Writes the model folder, has it reloaded and checked. */
  async function write(run: string, folder: string, force: boolean): Promise<void> {
    const { job } = await api.export.write({ run, folder, force })
    const finished = await useJobs().finished(job)
    results.value = new Map(results.value).set(run, exportResult.parse(finished.result))
  }

  return { results, preview, write }
})
