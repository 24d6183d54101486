import { type Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { type FolderContent, type FolderFile, GraftError, toGraftError } from '../contract'
import { filesUnder, findMerlin, isTableName } from '../dataset'
import { openVectorFile } from '../embeddings'
import { projectFiles } from '../project/folders'

/** Formats of vectors that hold tables of rows as well; which of them it is, is asked where a file is looked at. */
const tableFormats: readonly string[] = ['parquet', 'csv', 'tsv', 'arrow']

/** More files are not opened one by one: a folder of so many is no collection of vectors. */
const mostFiles = 200

/**
 * Judges a folder by what lies in it: a project, data that NVTabular preprocessed, tables (also in folders within it,
 * which are then taken as one table, or as one for each part), or files of vectors.
 * @throws GraftError `not-found`, `invalid-file` for a file, `unsupported-file` that says what was looked for
 */
export async function lookAtFolder(given: string): Promise<FolderContent> {
  const path = resolve(given)
  const entries = await list(path)
  const names = entries.map(({ name }) => name)
  if (names.includes(projectFiles.document)) return { kind: 'project', path }
  if (await findMerlin(path)) return { kind: 'merlin', path }
  if (names.includes('saved_model.pb') && names.includes('variables')) {
    const index = join(path, 'variables', 'variables.index')
    return { kind: 'files', path, files: [{ ...(await facts(index)), holds: 'vectors' }] }
  }
  const inside = entries.filter((entry) => entry.isFile() && !/^[._]/.test(entry.name))
  const files: FolderFile[] = []
  for (const { name } of inside.slice(0, mostFiles)) {
    const file = await facts(join(path, name))
    files.push({ ...file, holds: await holdsOf(file.path) })
  }
  const nested = await nestedTables(path, entries)
  const hasTables = files.some(({ holds }) => holds === 'table')
  if (!hasTables && nested.length > 0) return { kind: 'files', path, files: [...nested, ...files] }
  // Tables at both levels, or more pieces than anybody wants to see listed, are one table: the folder's.
  const isWhole = nested.length > 0 || inside.length > mostFiles || arePieces(files)
  if (hasTables && isWhole) return { kind: 'files', path, files: [await wholeOf(path)] }
  if (files.some(({ holds }) => holds !== null)) return { kind: 'files', path, files }
  throw new GraftError(
    'unsupported-file',
    `${path} holds nothing that Graft knows.`,
    'It looks for a project (graft.json), preprocessed data (schema.pbtxt with Parquet files in train/ or beside it), tables (CSV, TSV, JSON lines, Parquet, Arrow; also in folders within it) and vectors (.npy, .npz, .safetensors, .h5, tensors.tsv with metadata.tsv, …).',
  )
}

async function list(path: string): Promise<Dirent[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw toGraftError(error, path)
  })
  if (!found.isDirectory())
    throw new GraftError('invalid-file', `${path} is a file and no folder.`, 'Choose the folder it is in.')
  const entries = await readdir(path, { withFileTypes: true })
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function facts(path: string): Promise<Omit<FolderFile, 'holds'>> {
  return { path, name: basename(path), bytes: (await stat(path)).size }
}

async function holdsOf(path: string): Promise<FolderFile['holds']> {
  const table = isTableName(path) && !/\.txt$/i.test(path) ? 'table' : null
  try {
    const file = await openVectorFile(path)
    await file.close()
    return tableFormats.includes(file.format) ? table : 'vectors'
  } catch {
    // What cannot be read as vectors is a table where its name says so; its import tells what is wrong with it.
    return table
  }
}

/** A folder's tables as one, with the bytes of all. */
async function wholeOf(path: string): Promise<FolderFile> {
  const files = (await filesUnder(path)).filter(isTableName)
  let bytes = 0
  for (const file of files) bytes += (await stat(file)).size
  return { path, name: basename(path), bytes, holds: 'table' }
}

/** Folders of tables within a folder: each by itself where they are called as parts are, else all as one table. */
async function nestedTables(path: string, entries: readonly Dirent[]): Promise<FolderFile[]> {
  const folders: FolderFile[] = []
  for (const entry of entries) {
    if (!entry.isDirectory() || /^[._]/.test(entry.name)) continue
    const whole = await wholeOf(join(path, entry.name))
    if (whole.bytes > 0) folders.push(whole)
  }
  if (folders.length === 0) return []
  const isPart = ({ name }: FolderFile): boolean => /^(train|valid|val|test|eval|dev)/i.test(name)
  return folders.every(isPart) ? folders : [await wholeOf(path)]
}

/** Whether all files are pieces of one table: their names differ in digits alone (`part-00000.csv`). */
function arePieces(files: readonly FolderFile[]): boolean {
  const stems = files.map(({ name }) => name.toLowerCase().replace(/[\d_\-\s]+/g, ''))
  return files.length > 1 && files.every(({ holds }) => holds === 'table') && new Set(stems).size === 1
}
