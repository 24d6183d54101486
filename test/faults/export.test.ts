import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportInProcess, planExport, runExport } from '../../src-main/export'
import { stagingPath } from '../../src-main/project/files'
import type { RunFolder } from '../../src-main/training/runFolder'
import { nodeTrainer, type WorkerPort } from '../../src-main/training/worker'
import { testEngineFolder, testTensorFlow } from '../engine'
import { trainerEntry } from '../trainer'
import { trainedRun } from '../unit/export/trainedRun'
import { smallDisk } from './smallDisk'

const engine = testTensorFlow()
let scratch: string
let run: RunFolder
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-export-faults-'))
  run = await trainedRun(join(scratch, 'runs'), engine)
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

describe('exporting', () => {
  // About 150 KB are written: the disk runs full in TensorFlow's own writing, in a table, and in the documents.
  it.each([8, 48, 96, 140])(
    'to a disk of %i KB says that it is full, and leaves nothing behind',
    async (kilobytes) => {
      const { path } = await smallDisk(kilobytes)
      const plan = await planExport({ run, folder: join(path, 'model'), force: false })
      await expect(runExport(plan, engine, () => undefined)).rejects.toMatchObject({ code: 'disk-full' })
      expect(await readdir(path)).toEqual([])
    },
  )

  it('to a disk that may only be read says so', async () => {
    const disk = await smallDisk(1024)
    await disk.makeReadOnly()
    const plan = await planExport({ run, folder: join(disk.path, 'exports', 'model'), force: false })
    await expect(runExport(plan, engine, () => undefined)).rejects.toMatchObject({ code: 'read-only' })
  })

  it('in a process that is killed says so, and leaves nothing behind', async () => {
    const exports = join(scratch, 'killed')
    const plan = await planExport({ run, folder: join(exports, 'model'), force: false })
    const fork = nodeTrainer(await trainerEntry())
    let worker: WorkerPort | null = null
    const working = exportInProcess(plan, {
      fork: () => (worker = fork()),
      engine: testEngineFolder(),
      report: () => worker?.kill(),
    })
    await expect(working).rejects.toMatchObject({ code: 'crashed', details: { signal: 'SIGKILL' } })
    expect((await readdir(exports)).filter((name) => name !== 'model')).toEqual([])
    expect(stagingPath(plan.folder)).not.toBe(plan.staging)
  })
})
