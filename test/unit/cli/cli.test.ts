import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { alignmentReport, doctorReport, projectDocument, wireError } from '../../../src-main/contract'
import { writeNpy } from '../../../src-main/embeddings'
import { readSchema, schemaFromObject } from '../../../src-main/schema'
import { graft, type Outcome } from './graft'

/** What scripts may rely on: the documents on standard output, the exit status, and where paths are looked for. */

let folder: string
let env: NodeJS.ProcessEnv
const run = (...parameters: string[]): Promise<Outcome> => graft(parameters, folder, env)
const failure = z.strictObject({ error: wireError })
const codeOf = ({ json }: Outcome): string => failure.parse(json).error.code

async function document() {
  return projectDocument.parse(JSON.parse(await readFile(join(folder, 'p', 'graft.json'), 'utf8')))
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-cli-'))
  env = { GRAFT_HOME: join(folder, 'home') }
  const made = await run('new', 'p', '--sample', 'movielens-100k', '--json')
  expect(made).toMatchObject({ status: 0, json: { path: join(folder, 'p') } })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('wrong use', () => {
  it.each([
    [['nothing']],
    [['new']],
    [['schema', 'p']],
    [['schema', 'p', 'paint']],
    [['schema', 'p', 'set', 'userId']],
    [['schema', 'p', 'set', 'userId', '--width', 'wide']],
    [['schema', 'p', 'set', 'userId', '--dtype', 'int7']],
    [['attach', 'p', '--column', 'movieId']],
    [['attach', 'p', '--column', 'movieId', '--file', 'x.npy', '--frozen', '--trainable']],
    [['train', 'p', '--epochs', 'many']],
    [['train', 'p', '--learning-rate', '0']],
    [['train', 'p', '--set', 'epochs']],
    [['train', 'p', '--unknown']],
    [['import', 'p']],
    [['import', 'p', 'a.parquet', '--train', 'b.parquet']],
    [['serve', '--port', '70000']],
  ])('%j: status 2', async (parameters) => {
    const outcome = await run(...parameters, '--json')
    expect(outcome.status).toBe(2)
    expect(codeOf(outcome)).toBe('usage')
  })

  it('is told to people on standard error', async () => {
    const outcome = await run('nothing')
    expect(outcome).toMatchObject({ status: 2, stdout: '' })
    expect(outcome.stderr).toContain('nothing')
  })

  it('help and version are no errors', async () => {
    expect(await run('--help')).toMatchObject({ status: 0, stderr: '' })
    expect((await run('train', '--help')).stdout).toContain('--no-shuffle')
    expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('what cannot be done', () => {
  it.each([
    ['not-found', ['schema', 'nowhere', 'show']],
    ['already-exists', ['new', 'p']],
    ['not-found', ['new', 'q', '--sample', 'nothing']],
    ['unknown-column', ['schema', 'p', 'set', 'nothing', '--role', 'ignored']],
    ['invalid-schema', ['schema', 'p', 'set', 'userId', '--tags', 'categorical,continuous']],
    ['not-found', ['schema', 'p', 'import', 'nowhere.json']],
    ['unknown-column', ['freeze', 'p', '--column', 'nothing']],
    ['invalid-setting', ['freeze', 'p', '--column', 'userId']],
    ['invalid-setting', ['detach', 'p', '--column', 'userId']],
    ['not-found', ['attach', 'p', '--column', 'movieId', '--file', 'nowhere.npy']],
    ['unknown-column', ['attach', 'p', '--column', 'nothing', '--file', 'nowhere.npy']],
    ['invalid-setting', ['import', 'p', 'x.parquet', '--split', 'time:ts:0.8,0.1,0.1']],
    ['not-found', ['import', 'p', 'nowhere.parquet']],
    ['not-found', ['export', 'p', '--run', 'nothing', '--out', 'o']],
  ])('%s: %j, and nothing changed', async (code, parameters) => {
    const before = await document()
    const outcome = await run(...parameters, '--json')
    expect(outcome.status).toBe(1)
    expect(codeOf(outcome)).toBe(code)
    expect(await document()).toEqual(before)
  })

  it('is told to people with what to do, on standard error', async () => {
    const outcome = await run('schema', 'nowhere', 'show')
    expect(outcome).toMatchObject({ status: 1, stdout: '' })
    expect(outcome.stderr).toMatch(/^Error: .*nowhere/)
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(2)
  })
})

describe('schema', () => {
  it('show prints Merlin’s JSON, the attached size in it', async () => {
    const { json } = await run('schema', 'p', 'show', '--json')
    const schema = schemaFromObject(json)
    expect(schema.columns.map(({ name }) => name)).toContain('TE_movieId_rating')
    expect(schema.columns.find(({ name }) => name === 'movieId')?.embedding).toEqual({
      cardinality: 1680,
      dimension: 128,
    })
  })

  it('show is a table for people', async () => {
    const { stdout } = await run('schema', 'p', 'show')
    expect(stdout).toMatch(/^column +role +dtype +values +width +from +tags\n/)
    expect(stdout).toMatch(/\nmovieId +feature +int32 +1,680 +128 +pretrained +item, categorical, item_id\n/)
  })

  it.each(['s.json', 's.pbtxt'])('goes out to %s and comes back', async (name) => {
    expect(await run('schema', 'p', 'export', name, '--json')).toMatchObject({
      status: 0,
      json: { path: join(folder, name) },
    })
    expect(codeOf(await run('schema', 'p', 'export', name, '--json'))).toBe('already-exists')
    expect((await run('schema', 'p', 'export', name, '--force', '--json')).status).toBe(0)
    const before = readSchema(name, await readFile(join(folder, name), 'utf8'))
    expect((await run('schema', 'p', 'import', name, '--json')).status).toBe(0)
    const after = await document()
    expect(after.schema).toEqual(before)
    expect(after.tables.map(({ id }) => id)).toEqual(['movieId'])
  })

  it('a file that is none changes nothing, and is named', async () => {
    await writeFile(join(folder, 'broken.pbtxt'), 'feature { name: ')
    const outcome = await run('schema', 'p', 'import', 'broken.pbtxt', '--json')
    expect(codeOf(outcome)).toBe('invalid-schema')
    expect(failure.parse(outcome.json).error.message).toContain('broken.pbtxt')
  })

  it('set edits one column and says how it is now', async () => {
    const { json } = await run(
      'schema',
      'p',
      'set',
      'userId',
      '--tags',
      'categorical,user_id',
      '--width',
      '32',
      '--json',
    )
    expect(json).toMatchObject({
      name: 'userId',
      role: 'feature',
      tags: ['categorical', 'user_id'],
      width: { width: 32, from: 'user' },
    })
    const byRule = await run('schema', 'p', 'set', 'userId', '--width', 'schema', '--json')
    expect(byRule.json).toMatchObject({ width: { width: 74, from: 'schema' } })
    const ignored = await run('schema', 'p', 'set', 'age', '--role', 'ignored', '--json')
    expect(ignored.json).toMatchObject({ role: 'ignored', tags: ['categorical', 'user'] })
    await run('schema', 'p', 'set', 'age', '--role', 'feature', '--json')
  })
})

describe('tables', () => {
  it('attach prints the alignment report; freeze, unfreeze and detach what they did', async () => {
    const values = Float32Array.from({ length: 944 * 12 }, (_, i) => Math.sin(i))
    await writeNpy(join(folder, 'users.npy'), values, 12)
    const attached = await run(
      'attach',
      'p',
      '--column',
      'userId',
      '--file',
      'users.npy',
      '--trainable',
      '--json',
    )
    expect(alignmentReport.parse(attached.json)).toMatchObject({
      column: 'userId',
      rows: 944,
      width: 12,
      vocabularySize: 943,
      matchedRowsShare: 1,
      frozen: false,
    })
    expect((await run('freeze', 'p', '--column', 'userId', '--json')).json).toMatchObject({ frozen: true })
    expect((await document()).tables.find(({ columns }) => columns.includes('userId'))?.frozen).toBe(true)
    expect((await run('unfreeze', 'p', '--column', 'userId', '--json')).json).toMatchObject({ frozen: false })
    expect((await run('detach', 'p', '--column', 'userId', '--json')).json).toMatchObject({
      column: 'userId',
    })
    expect((await document()).tables.map(({ id }) => id)).toEqual(['movieId'])
  })

  it('a table with the wrong number of rows is refused, and says what it should be', async () => {
    await writeNpy(join(folder, 'wrong.npy'), new Float32Array(10 * 4), 4)
    const outcome = await run('attach', 'p', '--column', 'userId', '--file', 'wrong.npy', '--json')
    expect(codeOf(outcome)).toBe('shape-mismatch')
    expect(failure.parse(outcome.json).error.message).toContain('944')
  })
})

describe('doctor', () => {
  it('reports the machine', async () => {
    const { status, json } = await run('doctor', '--json')
    expect(status).toBe(0)
    expect(doctorReport.parse(json).folders.user).toBe(join(folder, 'home'))
  })
})
