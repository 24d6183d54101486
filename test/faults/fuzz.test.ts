import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildFuzz } from '../../scripts/lib/fuzz.mjs'
import { fuzzAll, parsers, type FuzzResult } from '../fuzz/run'

/**
 * Five seconds of damaged files for each parser of vectors, two at a time: each is read or refused, without a crash, within
 * ten seconds and within 64 MB and twice the decoded size. `npm run fuzz` does a minute of each.
 */

const root = resolve(import.meta.dirname, '..', '..')
const results = new Map<string, FuzzResult>()
let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-fuzz-test-'))
  // Inside of the repository, whose packages it needs.
  const out = join(root, 'out', 'fuzz-test')
  await buildFuzz(root, out)
  const options = {
    child: join(out, 'child.mjs'),
    scratch,
    fixtures: join(root, 'test', 'fixtures', 'vectors'),
    keep: join(root, 'out', 'fuzz-failures'),
    seconds: 5,
    seed: Date.now() % 2 ** 31,
  }
  await fuzzAll(parsers, options, 2, (result) => results.set(result.parser, result))
}, 300_000)
afterAll(() => rm(scratch, { recursive: true, force: true }))

it.each(parsers)('%s', (parser) => {
  const result = results.get(parser)
  expect(result?.failure, `first seed ${result?.seed}`).toBe(null)
  // Fewer would mean that nothing was tried.
  expect(result?.cases).toBeGreaterThan(10)
})
