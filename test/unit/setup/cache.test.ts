import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildFolder, cacheFolder, folderSize } from '../../../scripts/lib/cache.mjs'

let cache: string
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'graft-cache-'))
})
afterEach(() => rmSync(cache, { recursive: true, force: true }))

const never = (): boolean => false

/** The number of a process that has ended. */
const deadProcess = (): number => spawnSync(process.execPath, ['-e', '']).pid

describe('cacheFolder', () => {
  it('takes GRAFT_CACHE first, made absolute', () => {
    expect(cacheFolder({ GRAFT_CACHE: 'here' }, 'linux')).toBe(resolve('here'))
  })

  it('else takes the platform’s own folder', () => {
    expect(cacheFolder({}, 'linux')).toBe(join(homedir(), '.cache', 'graft'))
    expect(cacheFolder({ XDG_CACHE_HOME: '/x' }, 'linux')).toBe(join('/x', 'graft'))
    expect(cacheFolder({}, 'darwin')).toBe(join(homedir(), 'Library', 'Caches', 'graft'))
    expect(cacheFolder({ LOCALAPPDATA: '/local' }, 'win32')).toBe(join('/local', 'graft', 'Cache'))
  })
})

describe('buildFolder', () => {
  it('makes the folder as a whole and leaves no staging', async () => {
    const folder = await buildFolder(cache, 'engines/one', never, async (staging, scratch) => {
      writeFileSync(join(staging, 'file'), 'content')
      writeFileSync(join(scratch, 'waste'), 'waste')
      expect(existsSync(join(cache, 'engines', 'one'))).toBe(false)
    })
    expect(folder).toBe(join(cache, 'engines', 'one'))
    expect(readdirSync(folder)).toEqual(['file'])
    expect(readdirSync(join(cache, 'staging'))).toEqual([])
  })

  it('leaves nothing where the building fails, and the folder that was there before', async () => {
    mkdirSync(join(cache, 'one'))
    writeFileSync(join(cache, 'one', 'old'), 'old')
    const failing = buildFolder(cache, 'one', never, async (staging) => {
      writeFileSync(join(staging, 'half'), 'half')
      throw new Error('no more')
    })
    await expect(failing).rejects.toThrow('no more')
    expect(readdirSync(join(cache, 'one'))).toEqual(['old'])
    expect(readdirSync(join(cache, 'staging'))).toEqual([])
  })

  it('replaces a folder that is there but not whole', async () => {
    mkdirSync(join(cache, 'one'))
    writeFileSync(join(cache, 'one', 'broken'), '')
    await buildFolder(cache, 'one', never, async (staging) => writeFileSync(join(staging, 'new'), ''))
    expect(readdirSync(join(cache, 'one'))).toEqual(['new'])
  })

  it('sweeps away what a killed process left, and its lock, but not what a living one has', async () => {
    const dead = deadProcess()
    const staging = join(cache, 'staging')
    mkdirSync(join(staging, `${dead}-abcd`), { recursive: true })
    mkdirSync(join(staging, `${process.pid}-abcd`), { recursive: true })
    writeFileSync(join(staging, 'one.lock'), String(dead))
    await buildFolder(cache, 'one', never, async () => undefined)
    expect(readdirSync(staging)).toEqual([`${process.pid}-abcd`])
  })

  it('lets one of several builders build, and the others find it', async () => {
    let builds = 0
    const isReady = (): boolean => existsSync(join(cache, 'one', 'done'))
    const build = async (staging: string): Promise<void> => {
      builds += 1
      await new Promise((done) => setTimeout(done, 50))
      writeFileSync(join(staging, 'done'), '')
    }
    await Promise.all([1, 2, 3].map(() => buildFolder(cache, 'one', isReady, build)))
    expect(builds).toBe(1)
  })

  it('stops waiting for another builder when it is cancelled', async () => {
    mkdirSync(join(cache, 'staging'))
    writeFileSync(join(cache, 'staging', 'one.lock'), String(process.pid))
    const controller = new AbortController()
    const waiting = buildFolder(cache, 'one', never, async () => undefined, controller.signal)
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
    expect(readFileSync(join(cache, 'staging', 'one.lock'), 'utf8')).toBe(String(process.pid))
  })

  it('says which folder may not be written', async () => {
    const failing = buildFolder(cache, 'one', never, async () => {
      throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' })
    })
    await expect(failing).rejects.toMatchObject({
      code: 'read-only',
      hint: expect.stringContaining('GRAFT_CACHE'),
    })
  })
})

describe('folderSize', () => {
  it('adds up files below a folder, and nothing for one that is not there', async () => {
    mkdirSync(join(cache, 'a', 'b'), { recursive: true })
    writeFileSync(join(cache, 'a', 'one'), Buffer.alloc(10))
    writeFileSync(join(cache, 'a', 'b', 'two'), Buffer.alloc(32))
    expect(await folderSize(cache)).toBe(42)
    expect(await folderSize(join(cache, 'none'))).toBe(0)
  })
})
