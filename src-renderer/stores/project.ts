import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { type DocumentCommand, type ProjectSnapshot } from '../../src-main/contract'
import { api } from '../api'
import { useJobs } from './jobs'
import { type Projection } from './projection'

/** The open project as main derives it. Every edit is a command to main; the change comes back as an event. */
export const useProject = defineStore('project', () => {
  const snapshot = shallowRef<ProjectSnapshot | null>(null)
  /** Counts the openings, so that caches of another project's rows or tables can be dropped. */
  const opening = shallowRef(0)

  const document = computed(() => snapshot.value?.document ?? null)
  const columns = computed(() => snapshot.value?.columns ?? [])
  const tables = computed(() => snapshot.value?.tables ?? [])
  const problems = computed(() => snapshot.value?.problems ?? [])
  const dataset = computed(() => snapshot.value?.dataset ?? null)
  const model = computed(() => snapshot.value?.model ?? null)
  const targets = computed(() => columns.value.filter((column) => column.role === 'target'))
  const totalRows = computed(() => dataset.value?.parts.reduce((sum, part) => sum + part.rows, 0) ?? null)

  function take(next: ProjectSnapshot | null): void {
    if (next?.path !== snapshot.value?.path) opening.value += 1
    snapshot.value = next
  }

  const projection: Projection = {
    reset: (session) => take(session.project),
    receive: (message) => {
      if (message.name === 'project.changed') take(message.data.project)
    },
  }

  const execute = async (command: DocumentCommand): Promise<void> =>
    void (await api.project.execute({ command }))
  const undo = async (): Promise<void> => void (await api.project.undo({}))
  const redo = async (): Promise<void> => void (await api.project.redo({}))
  const open = async (path: string): Promise<void> => void (await api.project.open({ path }))
  const close = async (): Promise<void> => void (await api.project.close({}))

  /** A new project folder, empty or with a sample; resolves when it is open. */
  async function create(path: string, sample: string | null): Promise<void> {
    const { job } = await api.project.create({ path, sample })
    await useJobs().finished(job)
  }

  const suggestPath = async (sample: string | null): Promise<string> =>
    (await api.project.suggestPath({ sample })).path

  /** What changed since the schema was imported, as it was when it was last asked for. */
  const comparison = shallowRef<Awaited<ReturnType<typeof api.schema.diff>> | null>(null)
  async function compareSchema(): Promise<void> {
    comparison.value = await api.schema.diff({})
  }

  /** Takes in a schema file. Rows that were imported raw are encoded by it, or nothing changes. */
  async function importSchema(path: string): Promise<void> {
    if (snapshot.value?.document.source?.kind !== 'tables') await api.schema.import({ path })
    else await useJobs().finished((await api.tables.encode({ schema: path })).job)
  }

  return {
    snapshot,
    opening,
    document,
    columns,
    tables,
    problems,
    dataset,
    model,
    targets,
    totalRows,
    ...projection,
    execute,
    undo,
    redo,
    open,
    close,
    create,
    suggestPath,
    comparison,
    compareSchema,
    importSchema,
  }
})
