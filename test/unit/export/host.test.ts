import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportInProcess, planExport } from '../../../src-main/export'
import type { RunFolder } from '../../../src-main/training/runFolder'
import { nodeTrainer } from '../../../src-main/training/worker'
import { testEngineFolder, testTensorFlow } from '../../engine'
import { trainerEntry } from '../../trainer'
import { trainedRun } from './trainedRun'

let scratch: string
let run: RunFolder
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-export-host-'))
  run = await trainedRun(join(scratch, 'runs'), testTensorFlow())
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

describe('an export in a process of its own', () => {
  it('tells its progress and its result', async () => {
    const plan = await planExport({ run, folder: join(scratch, 'model'), force: false })
    const phases: string[] = []
    const result = await exportInProcess(plan, {
      fork: nodeTrainer(await trainerEntry()),
      engine: testEngineFolder(),
      report: (phase) => phases.push(phase),
    })
    expect(result.check.maxDifference).toBeLessThanOrEqual(1e-6)
    expect(result.files.map(({ name }) => name).sort()).toEqual(
      (await readdir(result.path, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(result.path.length + 1))
        .sort(),
    )
    expect(phases).toContain('Writing embedding tables')
  })

  it('reports what was wrong there', async () => {
    const plan = await planExport({ run, folder: join(scratch, 'model'), force: false })
    const working = exportInProcess(plan, {
      fork: nodeTrainer(await trainerEntry()),
      engine: testEngineFolder(),
    })
    await expect(working).rejects.toMatchObject({ code: 'already-exists' })
  })

  it('is cancelled before it begins, and while it works', async () => {
    const plan = await planExport({ run, folder: join(scratch, 'cancelled', 'model'), force: false })
    const fork = nodeTrainer(await trainerEntry())
    const controller = new AbortController()
    const working = exportInProcess(plan, {
      fork,
      engine: testEngineFolder(),
      signal: controller.signal,
      report: () => controller.abort(),
    })
    await expect(working).rejects.toMatchObject({ code: 'cancelled' })
    expect(await readdir(join(scratch, 'cancelled'))).toEqual([])
    const again = exportInProcess(plan, { fork, engine: testEngineFolder(), signal: controller.signal })
    await expect(again).rejects.toMatchObject({ code: 'cancelled' })
  })
})
