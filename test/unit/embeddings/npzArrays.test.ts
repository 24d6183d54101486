import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { readNpzArrays } from '../../../src-main/embeddings/readers/npzArrays'

const fixtures = join(import.meta.dirname, '../../fixtures/vectors')

it.each(['stored.npz', 'deflated.npz'])('reads every array of %s whole, whatever its order', async (name) => {
  const record = z.record(z.string(), z.object({ shape: z.array(z.int()), values: z.array(z.number()) }))
  const { expected } = z
    .object({ expected: z.record(z.string(), record) })
    .parse(JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')))
  const arrays = await readNpzArrays(join(fixtures, name))
  const found = [...arrays].map(([key, { shape, values }]) => [key, { shape, values: [...values] }])
  expect(Object.fromEntries(found)).toEqual(expected[name])
})

it('reads vectors, and refuses what holds no numbers', async () => {
  const arrays = await readNpzArrays(join(fixtures, 'mixed.npz'))
  expect(arrays.get('ids')).toEqual({ shape: [3], values: Float32Array.of(0, 1, 2) })
  await expect(readNpzArrays(join(fixtures, 'only-objects.npz'))).rejects.toMatchObject({
    code: 'unsafe-file',
  })
})
