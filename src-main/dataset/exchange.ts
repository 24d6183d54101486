import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { toGraftError } from '../contract/errors'
import { exists, syncFolder, writeFileAtomic } from '../project/files'
import { projectFiles } from '../project/folders'
import { isAlive } from '../project/lock'
import { exchangeNote, newName, oldName, ownerOf, thisMachine, undoneName } from './folderNames'

/**
 * What is noted beside `dataset/` while it is exchanged together with the document. Removing the note is what makes the new
 * pair count; a process that was killed before left both folders, and the document tells which of them it describes.
 */
const note = z.object({
  /** SHA-256 of `graft.json` as it was before. */
  document: z.string(),
  /** Whether there were rows before. */
  replaces: z.boolean(),
  pid: z.int(),
  host: z.string(),
})

/** An exchange takes far less; who holds it for longer is no longer the process that began it. */
const longestExchange = 60_000 // ms
/** Whether a process of another machine is still at work cannot be seen; one that fills a folder for longer is not. */
const longestFilling = 24 * 3600_000 // ms

/** Notes that `folder` is about to be exchanged. */
export async function beginExchange(folder: string): Promise<void> {
  const begun: z.output<typeof note> = {
    document: await hashDocument(folder),
    replaces: await exists(folder),
    pid: process.pid,
    host: hostname(),
  }
  await writeFileAtomic(exchangeNote(folder), JSON.stringify(begun))
}

/** The exchange is done, or taken back: what is there now belongs together. */
export async function endExchange(folder: string): Promise<void> {
  await rm(exchangeNote(folder), { force: true })
  await syncFolder(dirname(folder))
}

/**
 * Brings rows and document together where a process died while it exchanged them: the new rows stay where the document that
 * describes them was saved, else the old ones come back. Folders that a dead process was filling are removed. Does nothing
 * to an exchange that is under way, and is cheap where there was none.
 * @throws GraftError `read-only`, … where that cannot be done
 */
export async function settleExchange(folder: string): Promise<void> {
  await removeAbandoned(folder)
  const path = exchangeNote(folder)
  // Looked for before the note: what lies there without one is what a finished exchange had yet to remove.
  const leftOver = (await exists(oldName(folder))) && (await exists(folder))
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) {
    if (leftOver) await rm(oldName(folder), { recursive: true, force: true }).catch(() => undefined)
    return
  }
  const begun = note.parse(JSON.parse(text))
  const isOurs = begun.pid === process.pid
  const age = Date.now() - (await stat(path)).mtimeMs
  if (begun.host === hostname() && !isOurs && age < longestExchange && isAlive(begun.pid)) return
  if ((await hashDocument(folder)) === begun.document) {
    const [undone, before] = [undoneName(folder), oldName(folder)]
    const isExchanged = begun.replaces ? await exists(before) : await exists(folder)
    if (isExchanged) {
      await rm(undone, { recursive: true, force: true })
      await moveIfThere(folder, undone)
      await moveIfThere(before, folder)
    }
  }
  await endExchange(folder)
  for (const left of [undoneName(folder), oldName(folder)]) await rm(left, { recursive: true, force: true })
}

/** Removes the new folders whose processes ended before they took the place of `folder`. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder)).catch(() => [])) {
    const owner = ownerOf(folder, name)
    if (!owner || name === basename(newName(folder))) continue
    const left = join(dirname(folder), name)
    const isFilled =
      owner.machine === thisMachine
        ? isAlive(owner.pid)
        : Date.now() - ((await stat(left).catch(() => null))?.mtimeMs ?? 0) < longestFilling
    // What cannot be removed now, as on a disk that may only be read, goes another time.
    if (!isFilled) await rm(left, { recursive: true, force: true }).catch(() => undefined)
  }
}

export async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (toGraftError(error).code !== 'not-found') throw error
  }
}

async function hashDocument(folder: string): Promise<string> {
  const text = await readFile(join(dirname(folder), projectFiles.document)).catch(() => '')
  return createHash('sha256').update(text).digest('hex')
}
