import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newName } from '../../src-main/dataset/folderNames'
import { parseDocument } from '../../src-main/project/document'
import { type Services } from '../../src-main/services/compose'
import { makeServices } from '../unit/services/support'

const cli = resolve(import.meta.dirname, '../../out/main/cli.cjs')
const hook = resolve(import.meta.dirname, 'killAtStep.mjs')
const split = 'random:0.8,0.1,0.1'

let scratch: string
let csv: string
let services: Services
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-exchange-'))
  services = makeServices(join(scratch, 'home'))
  csv = join(scratch, 'rows.csv')
  const rows = Array.from({ length: 300 }, (_, i) => `u${i % 50},${(i * 7919) % 997},${i % 2}`)
  await writeFile(csv, ['user_id,age,liked', ...rows, ''].join('\n'))
})
afterAll(async () => {
  await services.bench.close()
  await rm(scratch, { recursive: true, force: true })
})

/** Runs a command, killed before one of its steps. @returns whether it was, or else came to its end */
async function wasKilled(parameters: readonly string[], step: number): Promise<boolean> {
  const child = spawn(process.execPath, ['--import', hook, cli, ...parameters, '--json'], {
    env: { ...process.env, GRAFT_HOME: join(scratch, 'cli'), GRAFT_TEST_KILL_AT: String(step) },
    stdio: 'ignore',
  })
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done) => {
    child.once('close', (...ended) => done(ended))
  })
  if (signal === 'SIGKILL') return true
  expect(status).toBe(0)
  return false
}

/** What of the rows depends on the seed: the bytes of the training part; null where there are no rows. */
async function trainingRows(project: string): Promise<string | null> {
  const bytes = await readFile(join(project, 'dataset/encoded/train/part-00000.parquet')).catch(() => null)
  return bytes && createHash('sha256').update(bytes).digest('hex')
}

interface State {
  /** The seed of the split that the document tells. */
  seed: number | null
  rows: string | null
}

async function stateOf(project: string): Promise<State> {
  const document = parseDocument(await readFile(join(project, 'graft.json'), 'utf8'), 'graft.json')
  return { seed: document.source?.seed ?? null, rows: await trainingRows(project) }
}

/** What an exchange leaves beside the rows, but for the lock of a dead process, which the next one takes over. */
const left = async (project: string): Promise<string[]> =>
  (await readdir(project)).filter((name) => name.startsWith('.dataset') && name !== '.dataset.lock')

const importWith = (project: string, seed: number): string[] => [
  ...['import', project, csv, '--split', split, '--target', 'liked', '--seed', String(seed)],
]

describe('a process that is killed while rows and document are exchanged', () => {
  it.each([
    ['at a first import', null],
    ['while rows are split anew', 1],
  ])('%s leaves, once the project is opened, both as before or both new', async (_when, seedBefore) => {
    const template = join(scratch, `template-${seedBefore}`)
    const create = ['new', template]
    expect(await wasKilled(create, -1)).toBe(false)
    if (seedBefore !== null) expect(await wasKilled(importWith(template, seedBefore), -1)).toBe(false)
    const change = (project: string): string[] =>
      seedBefore === null ? importWith(project, 2) : ['split', project, split, '--seed', '2']
    const before = await stateOf(template)
    const whole = join(scratch, `whole-${seedBefore}`)
    await cp(template, whole, { recursive: true })
    expect(await wasKilled(change(whole), -1)).toBe(false)
    const after = await stateOf(whole)
    expect(after.seed).toBe(2)
    expect(after.rows).not.toBe(before.rows)
    const found: State[] = []
    for (let step = 0; ; step++) {
      const project = join(scratch, `killed-${seedBefore}-${step}`)
      await cp(template, project, { recursive: true })
      if (!(await wasKilled(change(project), step))) break
      const { dataset } = await services.client.project.open({ path: project })
      await services.client.project.close({})
      const state = await stateOf(project)
      expect([before, after], `killed before step ${step}`).toContainEqual(state)
      expect(dataset?.parts.length ?? 0).toBe(state.rows === null ? 0 : 3)
      expect(await left(project), `killed before step ${step}`).toEqual([])
      found.push(state)
    }
    expect(found).toContainEqual(before)
    expect(found).toContainEqual(after)
  })
})

describe('processes that write rows into the same project', () => {
  it('each fill a folder of their own: rows and document are those of one of them', async () => {
    const seeds = [2, 3]
    const rows = new Map<number, string | null>()
    for (const seed of seeds) {
      const alone = join(scratch, `alone-${seed}`)
      expect(await wasKilled(['new', alone], -1)).toBe(false)
      expect(await wasKilled(importWith(alone, seed), -1)).toBe(false)
      rows.set(seed, await trainingRows(alone))
    }
    expect(rows.get(2)).not.toBe(rows.get(3))
    const project = join(scratch, 'together')
    expect(await wasKilled(['new', project], -1)).toBe(false)
    const ended = await Promise.allSettled(seeds.map((seed) => wasKilled(importWith(project, seed), -1)))
    expect(ended.map(({ status }) => status)).toContain('fulfilled')
    const state = await stateOf(project)
    expect(state.rows).toBe(rows.get(state.seed ?? 0))
    expect(await left(project)).toEqual([])
  })

  it('leave nothing for good: what a dead one was filling goes when the project is opened', async () => {
    const project = join(scratch, 'abandoned')
    expect(await wasKilled(['new', project], -1)).toBe(false)
    const dead = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
    await once(dead, 'close')
    const [gone, filled] = [dead.pid ?? 0, process.ppid].map((pid) => {
      const own = basename(newName(join(project, 'dataset')))
      return own.replace(String(process.pid), String(pid))
    })
    for (const name of [gone, filled]) await mkdir(join(project, name ?? '', 'encoded'), { recursive: true })
    await services.client.project.open({ path: project })
    await services.client.project.close({})
    expect(await left(project)).toEqual([filled])
  })
})
