import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { electronBinary, electronFlags } from '../../../scripts/lib/electron.mjs'
import { isInstalled } from '../../../scripts/lib/packages.mjs'
import { formatBytes } from '../../../scripts/lib/terminal.mjs'
import { readTally } from '../../../scripts/lib/vitest-results.mjs'
import { runCommand } from '../../../scripts/lib/command.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graft-scripts-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

describe('readTally', () => {
  const write = (report: object): string => {
    const file = join(folder, 'report.json')
    writeFileSync(file, JSON.stringify(report))
    return file
  }
  const counts = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 }

  it('counts tests', () => {
    const report = { ...counts, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1, testResults: [] }
    expect(readTally(write(report), 1)).toEqual({ passed: 5, failed: 2, skipped: 2 })
  })

  it('counts a file that could not be loaded as a failure', () => {
    const testResults = [{ status: 'failed', assertionResults: [] }]
    expect(readTally(write({ ...counts, testResults }), 1)).toEqual({ passed: 5, failed: 1, skipped: 0 })
  })

  it('never says less than the exit status', () => {
    expect(readTally(write({ ...counts, testResults: [] }), 1).failed).toBe(1)
    expect(readTally(join(folder, 'none.json'), 0).failed).toBe(1)
  })
})

describe('isInstalled', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '2.0.0', optional: true },
    },
  }
  const record = (packages: object): string => {
    const file = join(folder, 'record.json')
    writeFileSync(file, JSON.stringify({ packages }))
    return file
  }

  it('takes npm’s record, in which packages for other platforms may be missing', () => {
    expect(isInstalled(lock, record({ 'node_modules/a': { version: '1.0.0' } }))).toBe(true)
  })

  it('sees another version, a missing package and a missing record', () => {
    expect(isInstalled(lock, record({ 'node_modules/a': { version: '1.0.1' } }))).toBe(false)
    expect(isInstalled(lock, record({}))).toBe(false)
    expect(isInstalled(lock, join(folder, 'none.json'))).toBe(false)
  })
})

describe('electronBinary', () => {
  const program = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }
  const name =
    process.platform === 'darwin' || process.platform === 'win32' ? program[process.platform] : 'electron'

  it('honours ELECTRON_OVERRIDE_DIST_PATH, and tells a stand-in by its version', () => {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), '')
    writeFileSync(join(folder, 'version'), 'v40.1.2')
    vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', folder)
    expect(electronBinary(folder, folder)).toEqual({
      path: join(folder, name),
      version: '40.1.2',
      standIn: false,
    })
    writeFileSync(join(folder, 'version'), '22.3.25')
    expect(electronBinary(folder, folder)?.standIn).toBe(true)
  })

  it('finds none in an empty folder', () => {
    vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', folder)
    expect(electronBinary(folder, folder)).toBeNull()
    vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', '')
    expect(electronBinary(folder, folder)).toBeNull()
  })

  it('turns the sandbox off for root on Linux and for nobody else', () => {
    const isRoot = process.platform === 'linux' && process.getuid?.() === 0
    expect(electronFlags()).toEqual(isRoot ? ['--no-sandbox'] : [])
  })
})

describe('runCommand', () => {
  it('collects both outputs, reports lines and gives the status', async () => {
    const lines: string[] = []
    const code = 'console.log("one\\ntwo"); console.error("three"); process.exitCode = 3'
    const result = await runCommand(process.execPath, ['-e', code], { onLine: (line) => lines.push(line) })
    expect(result).toEqual({ status: 3, stdout: 'one\ntwo\n', stderr: 'three\n' })
    expect(lines.sort()).toEqual(['one', 'three', 'two'])
  })

  it('gives 127 for a program that is not there', async () => {
    expect((await runCommand(join(folder, 'none'), [])).status).toBe(127)
  })

  it('kills the program when it is cancelled', async () => {
    const controller = new AbortController()
    const running = runCommand(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], {
      signal: controller.signal,
    })
    setTimeout(() => controller.abort(), 50)
    await expect(running).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('formatBytes', () => {
  it('uses decimal units, as package indexes do', () => {
    expect([formatBytes(1500), formatBytes(273.8e6), formatBytes(3.34e9)]).toEqual([
      '2 kB',
      '274 MB',
      '3.34 GB',
    ])
  })
})
