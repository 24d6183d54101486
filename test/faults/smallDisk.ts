import { execFile } from 'node:child_process'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

const run = promisify(execFile)

/** A real file system of its own, which can run full or be made read-only; gone when the test is finished. */
export interface SmallDisk {
  readonly path: string
  makeReadOnly(): Promise<void>
}

/**
 * Mounts a tmpfs of that size. Mounting is root's: CI runs as root, elsewhere `sudo` must not ask for a password.
 * @param kilobytes a multiple of 4, the size of a page
 */
export async function smallDisk(kilobytes: number): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'graft-disk-'))
  await asRoot('mount', '-t', 'tmpfs', '-o', `size=${kilobytes}k,mode=777`, 'tmpfs', path)
  onTestFinished(async () => {
    await asRoot('umount', '--lazy', path)
    await rmdir(path)
  })
  return { path, makeReadOnly: () => asRoot('mount', '-o', 'remount,ro', path) }
}

async function asRoot(command: string, ...parameters: string[]): Promise<void> {
  const isRoot = process.getuid?.() === 0
  await (isRoot ? run(command, parameters) : run('sudo', ['-n', command, ...parameters]))
}
