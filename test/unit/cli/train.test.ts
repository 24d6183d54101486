import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { exportResult, trainResult, wireError } from '../../../src-main/contract'
import { graft } from './graft'

/** Training and export as a script sees them: documents, exit status, what Ctrl-C does. */

let folder: string
let env: NodeJS.ProcessEnv
const run = (...parameters: string[]) => graft(parameters, folder, env)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-cli-train-'))
  env = { GRAFT_HOME: join(folder, 'home') }
  expect((await run('new', 'p', '--sample', 'movielens-100k', '--json')).status).toBe(0)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('train and export', { timeout: 180_000 }, () => {
  it('print what the contract says, and leave the run and the folder', async () => {
    const trained = await run(
      'train',
      'p',
      '--epochs',
      '1',
      '--seed',
      '7',
      '--set',
      'training.batchSize=2048',
      '--json',
    )
    expect(trained.stderr).toMatch(/epoch 1\/1 {2}loss 0\.\d{4} {2}AUC 0\.\d{4}/)
    const result = trainResult.parse(trained.json)
    expect(result).toMatchObject({ seed: 7, target: 'rating_binary', stoppedBecause: 'completed' })
    expect(result.model).toMatchObject({ inputWidth: 186, parameters: 328_485, trainableParameters: 113_317 })
    expect(result.epochs).toHaveLength(1)
    expect(result.epochs[0]?.validation).toBeNull()
    for (const { table, frozen, changed, hashBefore, hashAfter } of result.tables) {
      expect(frozen, table).toBe(table === 'movieId')
      expect(changed, table).toBe(!frozen)
      expect(hashBefore === hashAfter, table).toBe(frozen)
    }
    expect(result.path).toBe(join(folder, 'p', 'runs', result.run))

    const exported = await run('export', 'p', '--run', result.run, '--out', 'model', '--json')
    const { path, files, check } = exportResult.parse(exported.json)
    expect(path).toBe(join(folder, 'model'))
    expect(check.rows).toBe(100)
    expect(check.maxDifference).toBeLessThan(1e-5)
    for (const { name, bytes } of files) expect((await stat(join(path, name))).size, name).toBe(bytes)
    const again = await run('export', 'p', '--run', result.run, '--out', 'model', '--json')
    expect(again).toMatchObject({ status: 1, json: { error: { code: 'already-exists' } } })
    expect(
      (await run('export', 'p', '--run', result.run, '--out', 'model', '--force', '--json')).status,
    ).toBe(0)
  })

  it('for people, ends with metrics and what became of each table', async () => {
    const { status, stdout } = await run(
      'train',
      'p',
      '--epochs',
      '1',
      '--model',
      'mlp',
      '--optimizer',
      'sgd',
    )
    expect(status).toBe(0)
    expect(stdout).toMatch(/^epoch +loss +AUC +rows\/s +seconds$/m)
    expect(stdout).toMatch(/^movieId +1,681 +128 +yes +no +0\.000000$/m)
    expect(stdout).toMatch(/^Completed: .*runs/m)
  })

  it.each([
    ['unknown-column', ['--target', 'nothing']],
    ['invalid-target', ['--target', 'movieId']],
    ['invalid-setting', ['--model', 'nothing']],
    ['invalid-setting', ['--optimizer', 'nothing']],
    ['invalid-setting', ['--set', 'training.nothing=1']],
    ['invalid-setting', ['--set', 'training.epochs=many']],
    ['not-found', ['--initial-weights', 'nowhere.npz']],
  ])('%s: %j starts no run', async (code, parameters) => {
    const before = await readdir(join(folder, 'p', 'runs'))
    const { status, json } = await run('train', 'p', ...parameters, '--json')
    expect(status).toBe(1)
    expect(json).toMatchObject({ error: { code } })
    expect(await readdir(join(folder, 'p', 'runs'))).toEqual(before)
  })

  it('Ctrl-C, which reaches the trainer too, stops the run and keeps what it learnt', async () => {
    const cli = resolve(import.meta.dirname, '../../../out/main/cli.cjs')
    const child = spawn(process.execPath, [cli, 'train', join(folder, 'p'), '--epochs', '5000', '--json'], {
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
    const pid = child.pid ?? 0
    child.stderr.on('data', (data: Buffer) => {
      // A negative id is the whole process group, as the terminal's Ctrl-C.
      if (data.toString().includes('epoch 1/')) process.kill(-pid, 'SIGINT')
    })
    expect(await new Promise((done) => child.once('close', done))).toBe(0)
    const result = trainResult.parse(JSON.parse(stdout))
    expect(result.stoppedBecause).toBe('stopped')
    expect(result.epochs.length).toBeGreaterThanOrEqual(1)
    const exported = await run('export', 'p', '--run', result.run, '--out', 'stopped', '--json')
    expect(exported.status).toBe(0)
  })

  it('without TensorFlow, and none to be had, says so', async () => {
    const cache = join(folder, 'empty-cache')
    const blocked = {
      ...env,
      GRAFT_CACHE: cache,
      PIP_INDEX_URL: 'http://127.0.0.1:9',
      PIP_RETRIES: '0',
      PIP_FIND_LINKS: '',
      PIP_NO_CACHE_DIR: '1',
      HTTPS_PROXY: 'http://127.0.0.1:9',
      HTTP_PROXY: 'http://127.0.0.1:9',
      TFJS_NODE_BASE_URI: 'http://127.0.0.1:9/',
      npm_config_tfjs_binary_host_mirror: 'http://127.0.0.1:9',
    }
    const { status, json } = await graft(['train', 'p', '--json'], folder, blocked)
    expect(status).toBe(1)
    const { error } = z.strictObject({ error: wireError }).parse(json)
    expect(error.code).toBe('engine-missing')
    expect(error.hint).not.toBe('')
  })
})
