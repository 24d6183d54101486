import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { findPython } from '../../scripts/lib/engine/python.mjs'
import { pythonVersions, tensorflowVersion } from '../../scripts/lib/engine/versions.mjs'
import { toGraftError } from '../../src-main/contract/errors'
import { engineFolder, provisionEngine, type EngineProgress } from '../../src-main/tensorflow/provision'
import { writeWheel, type Member } from '../unit/setup/wheels'

/**
 * Provisioning where something is missing, broken or in the way: each failure says why and what to do, and leaves no
 * half-made engine. No host is reached: pip and the tfjs-node package's download are pointed at a closed port.
 */
const closedPort = 'http://127.0.0.1:9'
const root = resolve(import.meta.dirname, '..', '..')

let folder: string
let cache: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graft-provisioning-'))
  cache = join(folder, 'cache')
  vi.stubEnv('PIP_INDEX_URL', `${closedPort}/simple`)
  vi.stubEnv('PIP_RETRIES', '0')
  vi.stubEnv('PIP_FIND_LINKS', '')
  vi.stubEnv('PIP_CONFIG_FILE', '/dev/null')
  vi.stubEnv('CDN_STORAGE', `${closedPort}/`)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

/** A program that stands before all others on PATH. */
function writeProgram(name: string, script: string): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  const path = join(bin, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  vi.stubEnv('PATH', `${bin}${delimiter}${process.env['PATH'] ?? ''}`)
  return path
}

/** Puts a wheel into the cache as if pip had brought it: TensorFlow's names, not its contents. */
async function keepWheel(library: Buffer, more: readonly Member[] = []): Promise<string> {
  const python = await findPython()
  const version = python && pythonVersions.includes(python.version) ? python.version : pythonVersions[0]
  const tag = `cp${String(version).replace('.', '')}`
  mkdirSync(join(cache, 'wheels'), { recursive: true })
  const wheel = join(
    cache,
    'wheels',
    `tensorflow_cpu-${tensorflowVersion}-${tag}-${tag}-manylinux_2_27_x86_64.whl`,
  )
  writeWheel(wheel, [
    { name: 'tensorflow/libtensorflow_cc.so.2', content: library },
    { name: 'tensorflow/libtensorflow_framework.so.2', content: Buffer.from('framework') },
    ...more,
  ])
  return wheel
}

/** No engine, and nothing on the way to one. */
function expectNothingLeft(): void {
  expect(engineFolder(cache)).toBeNull()
  expect(existsSync(join(cache, 'engines')) ? readdirSync(join(cache, 'engines')) : []).toEqual([])
  expect(readdirSync(join(cache, 'staging'))).toEqual([])
}

describe('no TensorFlow to be had', () => {
  it('says that pip and the package’s own download failed, and why', async () => {
    const error = toGraftError(await provisionEngine({ cache }).catch((thrown: unknown) => thrown))
    expect(error.code).toBe('engine-missing')
    expect(error.message).toContain(`tensorflow-cpu==${tensorflowVersion}`)
    expect(error.message).toContain('own download failed too')
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.hint).toContain('network')
    expectNothingLeft()
  })

  it('says that there is no Python', async () => {
    for (const name of ['python3', 'python', 'py']) writeProgram(name, 'exit 127')
    const error = toGraftError(await provisionEngine({ cache }).catch((thrown: unknown) => thrown))
    expect(error.code).toBe('engine-missing')
    expect(error.message).toContain('No Python 3 was found')
    expect(error.hint).toContain('GRAFT_PYTHON')
    expectNothingLeft()
  })

  it('says that there is no compiler, where none can be installed either', async () => {
    for (const name of ['g++', 'clang++', 'c++']) writeProgram(name, 'exit 127')
    vi.stubEnv('CXX', '')
    const error = toGraftError(await provisionEngine({ cache }).catch((thrown: unknown) => thrown))
    expect(error.code).toBe('engine-missing')
    expect(error.message).toContain('no C++ compiler')
    expectNothingLeft()
  })
})

describe('a download that is damaged', () => {
  it('is refused by its checksum, and removed so that the next try downloads anew', async () => {
    const library: Member = { name: 'tensorflow/include/tensorflow/c/c_api.h', content: Buffer.from('//') }
    const wheel = await keepWheel(Buffer.from('cc'), [{ ...library, recordedHash: 'A'.repeat(43) }])
    const error = toGraftError(await provisionEngine({ cache }).catch((thrown: unknown) => thrown))
    expect(error.code).toBe('engine-failed')
    expect(error.message).toContain('checksum')
    expect(existsSync(wheel)).toBe(false)
    expectNothingLeft()
  })
})

describe('a build that fails', () => {
  it('shows the compiler’s own words and keeps the wheel for the next try', async () => {
    const wheel = await keepWheel(Buffer.from('cc'))
    vi.stubEnv(
      'CXX',
      writeProgram(
        'cxx',
        '[ "$1" = --version ] && echo cxx 1.0 && exit 0; echo out of registers >&2; exit 1',
      ),
    )
    const error = toGraftError(await provisionEngine({ cache }).catch((thrown: unknown) => thrown))
    expect(error.code).toBe('engine-failed')
    expect(error.message).toContain('out of registers')
    expect(error.hint).toContain('CXX')
    expect(existsSync(wheel)).toBe(true)
    expectNothingLeft()
  })

  it('is noticed where the result does not run', async () => {
    await keepWheel(Buffer.from('cc'))
    // A compiler that is content with anything and writes what it was told to write.
    const script =
      '[ "$1" = --version ] && echo cxx 1.0 && exit 0; for last; do :; done; echo nothing > "$last"'
    vi.stubEnv('CXX', writeProgram('cxx', script))
    const error = toGraftError(await provisionEngine({ cache }).catch((thrown: unknown) => thrown))
    expect(error.code).toBe('engine-failed')
    expect(error.message).toContain('does not run here')
    expectNothingLeft()
  })
})

describe('a set-up that is stopped', () => {
  const slowCompiler = '[ "$1" = --version ] && echo cxx 1.0 && exit 0; echo compiling; exec sleep 60'

  it('ends at once when it is cancelled', async () => {
    await keepWheel(Buffer.from('cc'))
    vi.stubEnv('CXX', writeProgram('cxx', slowCompiler))
    const controller = new AbortController()
    const onProgress = ({ phase }: EngineProgress): void => {
      if (phase === 'compile') setTimeout(() => controller.abort(), 100)
    }
    // The compiler sleeps for a minute, past this test's own limit: ending at all is ending at once.
    const thrown = await provisionEngine({ cache, onProgress, signal: controller.signal }).catch(
      (error: unknown) => error,
    )
    expect(toGraftError(thrown).code).toBe('cancelled')
    expectNothingLeft()
  }, 40_000)

  it('is swept away by the next one when it was killed', async () => {
    await keepWheel(Buffer.from('cc'))
    vi.stubEnv('CXX', writeProgram('cxx', slowCompiler))
    const engine = pathToFileURL(join(root, 'scripts', 'lib', 'engine.mjs')).href
    const code = `
      const { provisionEngine } = await import(${JSON.stringify(engine)})
      const onProgress = ({ phase }) => phase === 'compile' && console.log('compiling')
      await provisionEngine({ cache: process.argv[1], packages: process.argv[2], onProgress })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code, cache, root], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    await new Promise((done) => child.stdout.once('data', done))
    // The whole group: the compiler, too.
    process.kill(-Number(child.pid), 'SIGKILL')
    await new Promise((done) => child.once('close', done))
    expect(readdirSync(join(cache, 'staging'))).toHaveLength(2) // its folder and its lock
    expect(engineFolder(cache)).toBeNull()

    vi.stubEnv('CXX', writeProgram('cxx', '[ "$1" = --version ] && echo cxx 1.0 && exit 0; exit 1'))
    const error = toGraftError(await provisionEngine({ cache }).catch((thrown: unknown) => thrown))
    expect(error.code).toBe('engine-failed')
    expectNothingLeft()
  })
})

/** Only root can make a small disk; in CI, where nothing may be skipped, whoever runs the tests has to be root. */
const mayMount = process.getuid?.() === 0 || process.env['CI'] === 'true'

describe('a full disk', () => {
  it.runIf(mayMount)('is named, with the cache’s folder, and keeps nothing', async () => {
    // A disk of 20 MB, and a library of 30 MB that is no more than a few kB in its wheel.
    mkdirSync(cache)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', cache])
    expect(mounted.status, `mounting a tmpfs needs root: ${mounted.stderr.toString()}`).toBe(0)
    try {
      await keepWheel(Buffer.alloc(30e6))
      const error = toGraftError(await provisionEngine({ cache }).catch((thrown: unknown) => thrown))
      expect(error.code).toBe('disk-full')
      expect(error.message).toContain(cache)
      expect(error.hint).toContain('GRAFT_CACHE')
      expectNothingLeft()
    } finally {
      spawnSync('umount', [cache])
    }
  })
})
