import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { engineName, recipeFor, tensorflowVersion } from '../../../scripts/lib/engine/versions.mjs'
import { verifyEngine } from '../../../scripts/lib/engine/verify.mjs'
import { provisionEngine as provision } from '../../../scripts/lib/engine.mjs'
import { engineFolder, engineManifest, type Device } from '../../../src-main/tensorflow/provision'

let cache: string
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'graft-engine-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(cache, { recursive: true, force: true })
})

/** An engine folder as a finished set-up leaves it, but for what is in the library. */
function writeEngine(device: Device): string {
  const folder = join(cache, engineName(device, process.platform, process.arch))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'library'), Buffer.alloc(100))
  const files = [{ name: 'library', bytes: 100, sha256: '' }]
  writeFileSync(join(folder, 'engine.json'), JSON.stringify({ tensorflow: '2.21.0', device, files }))
  return folder
}

describe('engineFolder', () => {
  it('is null in an empty cache', () => {
    expect(engineFolder(cache)).toBeNull()
  })

  it('finds a whole engine, the GPU’s first, unless one is named', () => {
    const cpu = writeEngine('cpu')
    expect(engineFolder(cache)).toBe(cpu)
    const gpu = writeEngine('gpu')
    expect(engineFolder(cache)).toBe(gpu)
    vi.stubEnv('GRAFT_ENGINE_DEVICE', 'cpu')
    expect(engineFolder(cache)).toBe(cpu)
  })

  it('takes an engine whose library was cut off, or whose manifest is broken, for none', () => {
    const folder = writeEngine('cpu')
    truncateSync(join(folder, 'library'), 99)
    expect(engineFolder(cache)).toBeNull()
    writeEngine('cpu')
    writeFileSync(join(folder, 'engine.json'), '{ "files": ')
    expect(engineFolder(cache)).toBeNull()
  })

  it('is found without any work by provisionEngine', async () => {
    const folder = writeEngine('cpu')
    expect(await provision({ cache, device: 'cpu', packages: cache })).toBe(folder)
  })
})

describe('recipeFor', () => {
  it('has a wheel for Linux and for Apple processors, and none elsewhere', () => {
    expect(recipeFor('cpu', 'linux', 'x64')?.project).toBe('tensorflow-cpu')
    expect(recipeFor('gpu', 'linux', 'x64')?.project).toBe('tensorflow')
    expect(recipeFor('cpu', 'linux', 'arm64')?.tags).toContain('manylinux_2_27_aarch64')
    expect(recipeFor('cpu', 'darwin', 'arm64')?.library).toBe('libtensorflow_cc.2.dylib')
    expect(recipeFor('gpu', 'darwin', 'arm64')).toBeNull()
    expect(recipeFor('cpu', 'darwin', 'x64')).toBeNull()
    expect(recipeFor('cpu', 'win32', 'x64')).toBeNull()
  })
})

describe('the engine of this machine', () => {
  const real = engineFolder()

  it('is there and says what it is', () => {
    expect(real).not.toBeNull()
    const manifest = engineManifest(real ?? '')
    expect(manifest?.tensorflow).toBe(tensorflowVersion)
    expect(manifest?.platform).toBe(`${process.platform}-${process.arch}`)
    expect(manifest?.files.map(({ name }) => name)).toContain('tfjs_binding.node')
    for (const { sha256 } of manifest?.files ?? []) expect(sha256).toMatch(/^[\da-f]{64}$/)
  })

  it('multiplies two matrices in a process of its own', async () => {
    expect(await verifyEngine(real ?? '')).toMatchObject({ version: tensorflowVersion })
  })

  it('is told from a binding that does not load', async () => {
    const binding = join(cache, 'tfjs_binding.node')
    writeFileSync(binding, 'no library')
    await expect(verifyEngine(dirname(binding))).rejects.toMatchObject({ code: 'engine-failed' })
  })
})
