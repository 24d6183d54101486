import { useEventListener } from '@vueuse/core'
import { ref, type Ref } from 'vue'
import { type DroppedFolder } from '../transport/transport'
import { isFolder } from '../transport/upload'

/** The folders of a drop: to be asked for while the event lasts, for it forgets its items. */
function foldersOf({ dataTransfer }: DragEvent): DroppedFolder[] {
  return [...(dataTransfer?.items ?? [])].flatMap((item) => {
    const entry = item.webkitGetAsEntry()
    const file = entry && isFolder(entry) ? item.getAsFile() : null
    return entry && isFolder(entry) && file ? [{ file, entry }] : []
  })
}

/** Follows a file dragged over the window, wherever it is dropped. Text dragged within the window is let alone. */
export function useDrop(dropped: (files: File[], folders: DroppedFolder[]) => void): { over: Ref<boolean> } {
  const over = ref(false)
  // dragenter and dragleave come for every element passed; only the sum says whether the pointer left the window.
  let depth = 0

  const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false

  useEventListener(window, 'dragenter', (event) => {
    if (!holdsFiles(event)) return
    event.preventDefault()
    depth += 1
    over.value = true
  })
  useEventListener(window, 'dragover', (event) => {
    if (!holdsFiles(event)) return
    event.preventDefault()
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy'
  })
  useEventListener(window, 'dragleave', (event) => {
    if (!holdsFiles(event)) return
    depth = Math.max(0, depth - 1)
    if (depth === 0) over.value = false
  })
  useEventListener(window, 'drop', (event) => {
    depth = 0
    over.value = false
    const files = [...(event.dataTransfer?.files ?? [])]
    if (files.length === 0) return
    event.preventDefault()
    dropped(files, foldersOf(event))
  })

  return { over }
}

export type DropKind = 'vectors' | 'schema' | 'table' | 'project' | 'unknown'

/** Endings of files that hold vectors and nothing else. */
const vectorEndings = [
  'npy',
  'npz',
  'vec',
  'w2v',
  'glove',
  'safetensors',
  'h5',
  'hdf5',
  'bin',
  'txt',
  'index',
]

/** Endings to choose vectors by: tables and plain text may hold them too. */
export const vectorExtensions = [...vectorEndings, 'csv', 'parquet', 'tsv', 'arrow', 'feather']

const tablePattern =
  /\.(csv|tsv|jsonl|ndjson|parquet|feather|ftr|arrows?|ipc)(\.(gz|gzip|zst|zstd))?$|\.(json|txt)\.(gz|gzip|zst|zstd)$/

/** What a dropped file is, judged by its name. Folders are judged by main, which sees what they hold. */
export function dropKind(name: string): DropKind {
  const lower = name.toLowerCase()
  if (vectorEndings.some((ending) => lower.endsWith(`.${ending}`))) return 'vectors'
  if (lower === 'graft.json') return 'project'
  if (/\.(json|pbtxt)$/.test(lower)) return 'schema'
  if (tablePattern.test(lower)) return 'table'
  return 'unknown'
}

/** What a dropped file is: by its name, and by its beginning where a `.json` may be a schema or a table of records. */
export async function kindOfFile(file: File): Promise<DropKind> {
  const kind = dropKind(file.name)
  if (kind !== 'schema' || !/\.json$/i.test(file.name)) return kind
  const head = (await file.slice(0, 65_536).text()).trimStart()
  // A schema is one object with its columns in `feature`; records are a list, or one object a line.
  return head.startsWith('{') && /"feature"\s*:\s*\[/.test(head) ? 'schema' : 'table'
}
