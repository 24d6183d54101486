import { GraftError, reply, servedPaths, uploadReply } from '../../src-main/contract'

/** Where a file goes: by itself, where nothing is said. */
interface Place {
  /** The path of an earlier one: both then lie in one folder. */
  readonly beside?: string | undefined
  /** Folders that it lies in, `/` between them. */
  readonly under?: string
}

/** Served mode: the server may run on another machine; it gets the bytes and says where they lie. */
export async function sendFile(origin: string, file: File, { beside, under }: Place = {}): Promise<string> {
  const url = new URL(servedPaths.upload, origin)
  url.searchParams.set('name', file.name)
  if (beside !== undefined) url.searchParams.set('beside', beside)
  if (under !== undefined) url.searchParams.set('under', under)
  const response = await fetch(url, { method: 'POST', body: file, credentials: 'same-origin' })
  const body: unknown = await response.json().catch(() => null)
  const uploaded = uploadReply.safeParse(body)
  if (response.ok && uploaded.success) return uploaded.data.path
  const refused = reply.safeParse(body)
  if (refused.success && !refused.data.ok) throw GraftError.fromWire(refused.data.error)
  throw new GraftError(
    'not-found',
    `${file.name} could not be sent to Graft (status ${response.status}).`,
    'Drop it once more, or give its path on the machine that runs Graft.',
  )
}

interface FolderFile {
  readonly entry: FileSystemFileEntry
  /** The folders from the dropped one to the file's. */
  readonly under: string
}

/** More than anybody drops on purpose: a disk, or a home. */
const mostFiles = 10_000

/**
 * Sends a folder with all that is in it, file by file, as it lies; hidden files stay.
 * @param told called with files sent, and files in all
 * @returns the folder's path on the server's machine
 * @throws GraftError `unsupported-file` for a project, which opens where it lies, and for a folder of nothing or of too much
 */
export async function sendFolder(
  origin: string,
  folder: FileSystemDirectoryEntry,
  told: (sent: number, all: number) => void,
): Promise<string> {
  const files = await filesIn(folder, folder.name)
  const [first, ...others] = files
  if (!first)
    throw new GraftError(
      'unsupported-file',
      `${folder.name} is an empty folder.`,
      'Drop one with files in it.',
    )
  if (files.some(({ entry, under }) => under === folder.name && entry.name === 'graft.json'))
    throw new GraftError(
      'unsupported-file',
      `${folder.name} is a project: it opens where it lies, not as a copy.`,
      'Close this project and type its path, on the machine that runs Graft, on the start page.',
    )
  told(0, files.length)
  const { entry, under } = first
  const path = await sendFile(origin, await fileOf(entry), { under })
  for (const [index, { entry, under }] of others.entries()) {
    told(index + 1, files.length)
    await sendFile(origin, await fileOf(entry), { under, beside: path })
  }
  const inside = `${under}/${entry.name}`.length - folder.name.length
  return path.slice(0, path.length - inside)
}

async function filesIn(folder: FileSystemDirectoryEntry, under: string): Promise<FolderFile[]> {
  const files: FolderFile[] = []
  for (const entry of await entriesOf(folder)) {
    if (entry.name.startsWith('.')) continue
    if (isFolder(entry)) files.push(...(await filesIn(entry, `${under}/${entry.name}`)))
    else if (isFile(entry)) files.push({ entry, under })
    if (files.length > mostFiles)
      throw new GraftError(
        'unsupported-file',
        `${folder.name} holds more than ${mostFiles} files.`,
        'Type its path, on the machine that runs Graft, on the start page.',
      )
  }
  return files
}

/** All entries of a folder: a browser hands them over a hundred at a time. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const entries: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    entries.push(...some)
  }
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject))

export const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
