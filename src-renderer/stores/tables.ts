import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import {
  type FolderFile,
  GraftError,
  tablesReport,
  type TablesPreview,
  type TablesReport,
} from '../../src-main/contract'
import { api, pathOf } from '../api'
import { type DropGroup, groupDropped } from './dropGroups'
import { arrange, projectName, type ImportFile } from './importForm'
import { useJobs } from './jobs'
import { useProject } from './project'

type ImportRequest = Parameters<typeof api.tables.import>[0]
type EncodeRequest = Parameters<typeof api.tables.encode>[0]
type PreviewRequest = Parameters<typeof api.tables.preview>[0]

/** Raw tables on their way in: the files of the import sheet, its job, and what the last import told. */
export const useTables = defineStore('tables', () => {
  const project = useProject()
  const jobs = useJobs()
  /** The sheet is open while there are any. */
  const files = shallowRef<readonly ImportFile[]>([])
  const running = ref<string | null>(null)
  const told = shallowRef<{ project: string; report: TablesReport } | null>(null)

  const job = computed(() => (running.value === null ? null : (jobs.all.get(running.value) ?? null)))
  /** Of the open project only. */
  const report = computed(() =>
    told.value && told.value.project === project.snapshot?.path ? told.value.report : null,
  )

  /** Brings files into the sheet; in served mode they are uploaded first. */
  async function bring(given: readonly File[]): Promise<void> {
    const brought = await Promise.all(
      given.map(async (file) => ({ path: await pathOf(file), name: file.name, bytes: file.size })),
    )
    files.value = arrange(brought, files.value)
  }

  function change(path: string, fields: Partial<Pick<ImportFile, 'use' | 'on' | 'key'>>): void {
    files.value = files.value.map((file) => (file.path === path ? { ...file, ...fields } : file))
  }

  function remove(path: string): void {
    files.value = files.value.filter((file) => file.path !== path)
  }

  function close(): void {
    files.value = []
    void stopPreview().catch(() => undefined)
  }

  /** Tells this window's questions from those of others. */
  const asker = crypto.randomUUID()
  const preview = (request: Omit<PreviewRequest, 'asker'>): Promise<TablesPreview> =>
    api.tables.preview({ ...request, asker })
  const stopPreview = async (): Promise<void> => void (await api.tables.stopPreview({ asker }))

  /** Imports into the open project, or into a new one of this name. Rejects with the job's error, or `cancelled`. */
  async function importTables(request: ImportRequest, newProject: string | null): Promise<void> {
    const place =
      newProject === null ? null : (await api.project.suggestPath({ sample: null, name: newProject })).path
    const { job: id } = await api.tables.import({ ...request, newProject: place })
    running.value = id
    try {
      const { result } = await jobs.finished(id)
      keepReport(result)
    } finally {
      running.value = null
    }
  }

  /**
   * Takes in a folder by what it holds: a project is opened, what NVTabular preprocessed becomes a new one, tables go
   * into the sheet.
   * @returns its files of vectors, which the caller shows
   */
  async function openFolder(folder: string): Promise<DropGroup<FolderFile>[]> {
    const content = await api.dataset.lookAtFolder({ path: folder })
    if (content.kind === 'files') return takeFiles(content.path, content.files)
    if (content.kind === 'project') await project.open(content.path)
    else await openMerlin(content.path)
    return []
  }

  function takeFiles(folder: string, found: readonly FolderFile[]): DropGroup<FolderFile>[] {
    const groups = groupDropped(found)
    const vectors = groups.filter(
      ({ main, beside, keys }) => main.holds === 'vectors' || beside.length > 0 || keys !== null,
    )
    const others = groups.filter((group) => !vectors.includes(group)).map(({ main }) => main)
    const rows = others.filter(({ holds }) => holds === 'table')
    if (vectors.length > 0 && rows.length > 0)
      throw new GraftError(
        'unsupported-file',
        `${folder} holds tables of rows and files of vectors.`,
        'Bring either by themselves: drop the files, not their folder.',
      )
    if (vectors.length > 0 && !project.snapshot)
      throw new GraftError(
        'invalid-file',
        `The vectors in ${folder} need a project to go to.`,
        'Open or create one, then bring them again.',
      )
    if (rows.length > 0) files.value = arrange(rows, files.value)
    return vectors
  }

  async function openMerlin(path: string): Promise<void> {
    const name = projectName(path.replace(/[\\/]+$/, '').replace(/^.*[\\/]/, ''))
    const place = await api.project.suggestPath({ sample: null, name })
    const { job: id } = await api.dataset.importMerlin({ path, newProject: place.path })
    await jobs.finished(id)
  }

  function keepReport(result: unknown): void {
    const parsed = tablesReport.safeParse(result)
    if (!parsed.success) throw new GraftError('internal', parsed.error.message)
    if (project.snapshot) told.value = { project: project.snapshot.path, report: parsed.data }
  }

  /** Encodes the rows of the open project anew. Rejects with the job's error, or `cancelled`. */
  async function encode(changes: EncodeRequest): Promise<void> {
    const { job: id } = await api.tables.encode(changes)
    keepReport((await jobs.finished(id)).result)
  }

  function dismissReport(): void {
    told.value = null
  }

  /** Shows what the last import of the open project told, though it was long ago. */
  async function showReport(): Promise<void> {
    const path = project.snapshot?.path
    const { report: found } = await api.tables.report({})
    if (found && path !== undefined) told.value = { project: path, report: found }
  }

  return {
    files,
    job,
    report,
    bring,
    change,
    remove,
    close,
    preview,
    stopPreview,
    importTables,
    openFolder,
    encode,
    dismissReport,
    showReport,
  }
})
