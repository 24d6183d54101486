import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { GraftError } from '../contract'

/** A lock is held for the length of one write; one this old was left behind by a process on another machine. */
const staleAfter = 30_000 // ms
const giveUpAfter = 5_000 // ms

interface Holder {
  pid: number
  host: string
  token: string
}

function isHolder(value: unknown): value is Holder {
  return typeof value === 'object' && value !== null && 'pid' in value && 'host' in value && 'token' in value
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    const holder: unknown = JSON.parse(await readFile(path, 'utf8'))
    return isHolder(holder) ? holder : null
  } catch {
    return null
  }
}

/** Whether there is such a process on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Whether whoever wrote the lock can no longer be at work: dead on this machine, or silent for too long. */
async function isStale(path: string): Promise<boolean> {
  const [holder, facts] = await Promise.all([readHolder(path), stat(path).catch(() => null)])
  if (!facts) return false
  const age = Date.now() - facts.mtimeMs
  if (!holder) return age > 1_000 // cut off while it was written
  return holder.host === hostname() ? !isAlive(holder.pid) : age > staleAfter
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function take(path: string, holder: Holder): Promise<boolean> {
  try {
    const handle = await open(path, 'wx')
    try {
      await handle.writeFile(JSON.stringify(holder))
    } finally {
      await handle.close()
    }
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/**
 * Takes a stale lock out of the way by renaming it, which only one process can do; a lock that another process put
 * there in the meantime goes back.
 */
async function bury(path: string): Promise<void> {
  const grave = `${path}.${randomBytes(4).toString('hex')}`
  try {
    await rename(path, grave)
  } catch {
    return // somebody else was faster
  }
  if (await isStale(grave)) await rm(grave, { force: true })
  else await rename(grave, path)
}

/**
 * Does `work` while no other process that asks for the same lock file does. A lock whose holder is gone is taken over.
 * @param patience how long to wait for another process, in milliseconds
 * @throws GraftError `busy` where another process keeps it for longer
 */
export async function withLock<T>(path: string, work: () => Promise<T>, patience = giveUpAfter): Promise<T> {
  const holder: Holder = { pid: process.pid, host: hostname(), token: randomBytes(8).toString('hex') }
  const deadline = Date.now() + patience
  while (!(await take(path, holder))) {
    if (await isStale(path)) await bury(path)
    else if (Date.now() > deadline)
      throw new GraftError(
        'busy',
        `Another process is writing to this project (${path}).`,
        'Wait until it is done, then try again.',
      )
    else await pause(10 + Math.random() * 20)
  }
  try {
    return await work()
  } finally {
    // Taken over while we were suspended: the file is no longer ours to remove.
    const current = await readHolder(path)
    if (current?.token === holder.token) await rm(path, { force: true })
  }
}
