import fc from 'fast-check'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dtype, type DocumentCommand, type ProjectDocument, role } from '../../../src-main/contract'
import { writeParquet } from '../../../src-main/dataset'
import { partFolder } from '../../../src-main/dataset/files'
import { emptyDocument, parseDocument, printDocument } from '../../../src-main/project/document'
import { Project } from '../../../src-main/project/project'
import { intDomain, makeColumn, writeSchema, type Column } from '../../../src-main/schema'
import { type Services } from '../../../src-main/services/compose'
import { makeServices } from './support'

/** Edits of a wide schema by the requests that the window makes. */

const rows = 50
const width = 500
const columns: Column[] = Array.from({ length: width }, (_, i) => {
  if (i === 0) return makeColumn('label', 'int32', { tags: ['target', 'binary_classification'] })
  return i % 3 === 0
    ? makeColumn(`x${i}`, 'float32', { tags: ['continuous'] })
    : makeColumn(`id${i}`, 'int32', { tags: ['categorical'], domain: intDomain(`id${i}`, rows, 0) })
})
const names = columns.map(({ name }) => name)

let folder: string
let services: Services
const path = (): string => join(folder, 'wide')
const document = (): ProjectDocument => services.bench.requireSession().document
const onDisk = async (): Promise<ProjectDocument> =>
  parseDocument(await readFile(join(path(), 'graft.json'), 'utf8'), 'graft.json')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-wide-'))
  services = makeServices(join(folder, 'home'))
  await (
    await Project.create(path(), { ...emptyDocument('wide'), schema: { columns, rest: {} }, target: 'label' })
  ).close()
  await writeParquet(
    join(partFolder(path(), 'train'), 'part-00000.parquet'),
    columns.map(({ name, dtype }, i) =>
      dtype === 'float32'
        ? { name, dtype, values: Float32Array.from({ length: rows }, (_, row) => row / 7) }
        : {
            name,
            dtype: 'int32',
            values: Int32Array.from({ length: rows }, (_, row) => (i === 0 ? row % 2 : row + 1)),
          },
    ),
  )
  await services.client.project.open({ path: path() })
})
afterAll(async () => {
  await services.bench.close()
  await rm(folder, { recursive: true, force: true })
})

const tag = fc.constantFrom('categorical', 'continuous', 'user', 'item_id', 'context', 'own')
const command: fc.Arbitrary<DocumentCommand> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('setColumns' as const),
      columns: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 40 }),
      changes: fc.oneof(
        fc.record({
          addTags: fc.uniqueArray(tag, { maxLength: 2 }),
          removeTags: fc.uniqueArray(tag, { maxLength: 2 }),
        }),
        fc.record({ tags: fc.subarray(['categorical', 'user', 'own']) }),
        fc.record({ role: fc.constantFrom(...role.options) }),
        fc.record({ dtype: fc.constantFrom(...dtype.options) }),
        fc.record({ width: fc.constantFrom(8, 64, 'nvtabular' as const, null) }),
        fc.record({ domainMax: fc.integer({ min: 1, max: 100_000 }) }),
      ),
    }),
  },
  fc.record({ type: fc.constant('rename' as const), name: fc.string({ minLength: 1, maxLength: 12 }) }),
  fc.record({
    type: fc.constant('setWidthRule' as const),
    rule: fc.constantFrom('merlin' as const, 'schema' as const, 'nvtabular' as const),
  }),
)

describe('a thousand commands on 500 columns', () => {
  it('undone give the exact first document, in memory and on disk, and redone the exact last', async () => {
    const first = document()
    const text = printDocument(first)
    const sample = fc.sample(command, { numRuns: 1600, seed: 11 })
    let made = 0
    for (const one of sample) {
      if (made === 1000) break
      const reply = await services.dispatch('project.execute', { command: one })
      if (reply.ok) made += 1
    }
    expect(made).toBe(1000)
    const last = printDocument(document())
    expect(last).not.toBe(text)
    for (let i = 0; i < 1000; i += 1) await services.client.project.undo({})
    expect(document()).toBe(first)
    expect(printDocument(document())).toBe(text)
    await services.bench.save()
    expect(printDocument(await onDisk())).toBe(text)
    expect((await services.client.project.undo({})).undo).toBeNull()
    const { project } = services.bench.requireSession()
    for (let i = 0; i < 1000; i += 1) project.redo()
    expect(printDocument(document())).toBe(last)
    for (let i = 0; i < 1000; i += 1) project.undo()
    expect(document()).toBe(first)
  }, 300_000)

  it('a tag for all of them is one step of undo', async () => {
    const first = document()
    await services.client.project.execute({
      command: { type: 'setColumns', columns: names, changes: { addTags: ['own'] } },
    })
    expect(document().schema.columns.every(({ tags }) => tags.includes('own'))).toBe(true)
    const { undo } = await services.client.project.undo({})
    expect(undo).toBeNull()
    expect(document()).toBe(first)
  })
})

describe('a domain', () => {
  const problems = () =>
    services.bench
      .requireSession()
      .snapshot()
      .problems.filter(({ column }) => column === 'id1')

  it('that ends before the ids of the data is told, with what to do', async () => {
    const [view] = services.bench
      .requireSession()
      .snapshot()
      .columns.filter(({ name }) => name === 'id1')
    expect(view?.largest).toBe(rows)
    expect(problems()).toEqual([])
    const set = (domainMax: number) =>
      services.client.project.execute({
        command: { type: 'setColumns', columns: ['id1'], changes: { domainMax } },
      })
    await set(rows - 1)
    expect(problems()).toMatchObject([{ code: 'domain-too-small', severity: 'error', place: 'schema' }])
    expect(problems()[0]?.hint).toContain(String(rows))
    await set(rows + 1)
    expect(problems()).toEqual([])
    await services.client.project.undo({})
    await services.client.project.undo({})
  })
})

describe('the imported schema', () => {
  it('is kept, and what changed since is told field by field, through undo and a new opening', async () => {
    const { client, bench } = services
    expect(await client.schema.diff({})).toEqual({ imported: null, columns: [] })
    const file = join(folder, 'given.json')
    await writeFile(file, writeSchema(file, { columns, rest: {} }))
    await client.schema.import({ path: file })
    expect(await client.schema.diff({})).toMatchObject({ imported: { file: 'given.json' }, columns: [] })
    await client.project.execute({
      command: { type: 'setColumns', columns: ['id1', 'id2'], changes: { role: 'ignored', domainMax: 70 } },
    })
    const told = (await client.schema.diff({})).columns
    expect(told.map(({ column }) => column)).toEqual(['id1', 'id2'])
    expect(told[0]?.fields.map(({ field }) => field)).toEqual(['role', 'domain'])
    const changed = () =>
      bench
        .requireSession()
        .snapshot()
        .columns.filter((view) => view.changed.length > 0)
    expect(changed().map(({ name, changed: fields }) => [name, fields])).toEqual([
      ['id1', ['role', 'domain']],
      ['id2', ['role', 'domain']],
    ])
    await client.project.close({})
    await client.project.open({ path: path() })
    expect((await client.schema.diff({})).columns).toEqual(told)
    expect(changed()).toHaveLength(2)
  })

  it('goes with undo: what was imported before is compared with again', async () => {
    const { client } = services
    const before = await client.schema.diff({})
    const file = join(folder, 'other.pbtxt')
    await writeFile(file, writeSchema(file, { columns: columns.slice(0, 10), rest: {} }))
    await client.schema.import({ path: file })
    expect(await client.schema.diff({})).toMatchObject({ imported: { file: 'other.pbtxt' }, columns: [] })
    await client.project.undo({})
    expect(await client.schema.diff({})).toEqual(before)
    await client.project.redo({})
    expect(await client.schema.diff({})).toMatchObject({ imported: { file: 'other.pbtxt' } })
  })
})
