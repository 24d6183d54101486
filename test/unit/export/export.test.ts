import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GraftError } from '../../../src-main/contract/errors'
import { openVectorFile, TableHash } from '../../../src-main/embeddings'
import { planExport, previewExport, runExport, type ExportPlan } from '../../../src-main/export'
import { RunFolder } from '../../../src-main/training/runFolder'
import { leakCheckedTensorFlow } from '../../engine'
import { tableFileNames } from '../../../src-main/export/documents'
import { spec, trainedRun } from './trainedRun'

let scratch: string
let run: RunFolder
const engine = leakCheckedTensorFlow()

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-export-'))
  run = await trainedRun(join(scratch, 'runs'), engine)
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const plan = (name: string, force = false): Promise<ExportPlan> =>
  planExport({ run, folder: join(scratch, 'exports', name), force })

const write = (content: ExportPlan) => runExport(content, engine, () => undefined)

async function failure(work: Promise<unknown>): Promise<GraftError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  if (error instanceof GraftError) return error
  throw new Error(`expected a GraftError, got ${String(error)}`)
}

describe('export', () => {
  it('writes a folder that predicts what was trained, and says by how much it differs', async () => {
    const phases: string[] = []
    const content = await plan('model')
    const result = await runExport(content, engine, (phase) => phases.push(phase))
    expect(result.path).toBe(join(scratch, 'exports', 'model'))
    expect(result.check.rows).toBe(100)
    expect(result.check.maxDifference).toBeLessThanOrEqual(1e-6)
    expect(result.files.map(({ name }) => name)).toEqual([
      'README.md',
      'embeddings/covers.npy',
      'embeddings/genre, %22main%22.npy',
      'embeddings/movieId.npy',
      'embeddings/movieId.residual.npy',
      'example.csv',
      'predict.py',
      'saved_model.pb',
      'schema.pbtxt',
      'training.json',
      'variables/variables.data-00000-of-00001',
      'variables/variables.index',
    ])
    for (const { name, bytes } of result.files)
      expect((await readFile(join(result.path, name))).length).toBe(bytes)
    expect(phases[0]).toBe('Writing the model')
    expect(phases.at(-1)).toBe('Reloading and replaying rows')
    expect(await readdir(join(scratch, 'exports'))).toEqual(['model'])
  })

  it('the tables are those that the run ended with', async () => {
    const content = await plan('tables')
    const { path } = await write(content)
    for (const table of content.record.tables) {
      const file = await openVectorFile(join(path, tableFileNames(content.model).get(table.table) ?? ''))
      expect(file.arrays[0]).toMatchObject({ dtype: 'float32', shape: [table.rows, table.width] })
      const hash = new TableHash()
      for await (const block of file.read('')) hash.add(block.rows)
      await file.close()
      expect(hash.hex()).toBe(table.hashAfter)
    }
  })

  it('the preview names the files and sizes that are then written', async () => {
    const content = await plan('previewed')
    const preview = await previewExport(content)
    expect(preview.exists).toBe(false)
    const { files, path } = await write(content)
    const sizes = new Map(files.map(({ name, bytes }) => [name, bytes]))
    expect(preview.files.map(({ name }) => name).sort()).toEqual(files.map(({ name }) => name))
    for (const { name, bytes } of preview.files) {
      if (name.endsWith('.index')) expect(bytes).toBeGreaterThan((sizes.get(name) ?? 0) / 2)
      else expect({ name, bytes }).toEqual({ name, bytes: sizes.get(name) })
    }
    expect(preview.snippet).toContain(JSON.stringify(path))
    expect((await previewExport(content)).exists).toBe(true)
  })

  it('training.json says what was trained, and how', async () => {
    const { path } = await write(await plan('described'))
    const content: unknown = JSON.parse(await readFile(join(path, 'training.json'), 'utf8'))
    expect(content).toMatchObject({
      run: 'first',
      seed: 7,
      target: 'liked',
      training: { optimizer: { name: 'adagrad', settings: { learningRate: expect.any(Number) } } },
      model: { settings: { structure: 'stacked' } },
      inputs: spec.inputs.map(({ column, kind }) => ({ column, kind })),
      tables: [
        { table: 'movieId', frozen: true, file: 'embeddings/movieId.npy' },
        { table: 'genre, "main"', frozen: false, file: 'embeddings/genre, %22main%22.npy' },
        { table: 'covers', frozen: true, file: 'embeddings/covers.npy' },
        { table: 'movieId.residual', frozen: false, file: 'embeddings/movieId.residual.npy' },
      ],
    })
  })

  it('refuses a folder that exists, and replaces an earlier export when told to', async () => {
    const { path } = await write(await plan('twice'))
    const error = await failure(write(await plan('twice')))
    expect(error.code).toBe('already-exists')
    await writeFile(join(path, 'left over'), '')
    await write(await plan('twice', true))
    expect(await readdir(path)).not.toContain('left over')
  })

  it('never replaces a folder of other things, even when told to', async () => {
    const folder = join(scratch, 'exports', 'documents')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'thesis.txt'), 'years of work')
    const error = await failure(write(await plan('documents', true)))
    expect(error.code).toBe('already-exists')
    expect(await readdir(folder)).toEqual(['thesis.txt'])
  })

  it('weights that are not the recorded ones are refused, and nothing is left behind', async () => {
    const content = await plan('damaged')
    const tables = content.record.tables.map((table) => ({ ...table, hashAfter: 'other' }))
    const error = await failure(write({ ...content, record: { ...content.record, tables } }))
    expect(error.code).toBe('invalid-file')
    expect(await readdir(join(scratch, 'exports'))).not.toContain('damaged')
    expect((await readdir(join(scratch, 'exports'))).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('a model that does not predict what was recorded is not exported', async () => {
    const content = await plan('wrong')
    const predictions = content.replay.predictions.map((value, row) =>
      row === 42 ? 1 - value + 0.01 : value,
    )
    const error = await failure(write({ ...content, replay: { ...content.replay, predictions } }))
    expect(error.code).toBe('internal')
    expect(error.message).toContain('row 42')
    expect(await readdir(join(scratch, 'exports'))).not.toContain('wrong')
  })

  it('says what a run lacks', async () => {
    const request = { folder: join(scratch, 'none'), force: false }
    const nothing = new RunFolder(join(scratch, 'runs', 'nothing'), 'nothing')
    expect((await failure(planExport({ ...request, run: nothing }))).code).toBe('not-found')
    const training = new RunFolder(join(scratch, 'runs', 'training'), 'training')
    await cp(run.path, training.path, { recursive: true })
    const record = (await plan('any')).record
    await training.writeRecord({ ...record, id: 'training', status: 'running' })
    expect((await failure(planExport({ ...request, run: training }))).code).toBe('busy')
    const crashed = new RunFolder(join(scratch, 'runs', 'crashed'), 'crashed')
    await cp(run.path, crashed.path, { recursive: true })
    await rm(join(crashed.path, 'weights'), { recursive: true })
    const error = await failure(planExport({ ...request, run: crashed }))
    expect(error).toMatchObject({ code: 'not-found', message: 'Run crashed has no saved weights.' })
  })

  it('refuses formats that it does not know', async () => {
    expect((await failure(write({ ...(await plan('other')), target: 'onnx' }))).code).toBe('invalid-setting')
  })
})
