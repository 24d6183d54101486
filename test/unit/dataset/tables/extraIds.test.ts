import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { encodeNewRows, extendedParts, type ExtraIds } from '../../../../src-main/dataset'
import { canonicalForm } from '../../../../src-main/embeddings'
import { writeKeys } from '../../../../src-main/embeddings/extraKeys'
import type { KeyRule } from '../../../../src-main/contract'
import { folder, importFiles, rowsOf, write } from './support'

/** Training knows a and b, ids 1 and 2; the held-out parts and new rows have others. */
const rows = [
  'city,size,liked,part',
  'a,1,1,train',
  'a,2,0,train',
  'b,1,1,train',
  'c,2,1,validation',
  'a,1,0,validation',
  'D,1,1,validation',
  ',2,0,validation',
  'e,1,1,test',
  'b,2,0,test',
  '',
].join('\n')
const encoding = {
  kind: 'categorical',
  minCount: 1,
  maxSize: null,
  buckets: null,
  nulls: 'unknown',
  domain: null,
} as const

async function project(
  name: string,
): Promise<{ path: string; source: Awaited<ReturnType<typeof importFiles>>['source'] }> {
  const path = join(folder, name)
  await mkdir(path, { recursive: true })
  write(`${name}.csv`, rows)
  const { source } = await importFiles([join(folder, `${name}.csv`)], {
    project: path,
    split: 'column:part',
    target: { column: 'liked', above: null },
    encoding: { city: encoding, size: encoding },
  })
  return { path, source }
}

async function extraIds(keys: readonly string[], rules: readonly KeyRule[]): Promise<ExtraIds[]> {
  const path = join(folder, `keys-${keys.join('-').replace(/\W/g, '_')}.parquet`)
  await writeKeys(path, 3, keys)
  return [{ column: 'city', rows: keys.length, keys: path, rules, form: canonicalForm(rules) }]
}

const cities = (found: Record<string, unknown>[]): unknown[] => found.map(({ city }) => city)

it('held-out rows look up the rows of ids that only the table has; what training knows and all else stay', async () => {
  const { path, source } = await project('held')
  const extra = await extraIds(['d', 'c', 'x'], ['case'])
  const parts = await extendedParts({ project: path, source, extra, key: 'one' })
  expect(parts).toMatchObject({ validation: { rows: 4 }, test: { rows: 2 } })
  const validation = await rowsOf('extended/one/validation.parquet', path)
  // c is the second key and D is the first where case is forgiven; a is known, and nothing is unknown.
  expect(cities(validation)).toEqual([4, 1, 3, 0])
  expect(cities(await rowsOf('extended/one/test.parquet', path))).toEqual([0, 2])
  const before = await rowsOf('encoded/validation/part-00000.parquet', path)
  expect(cities(before)).toEqual([0, 1, 0, 0])
  expect(validation.map((row) => ({ ...row, city: 0 }))).toEqual(before.map((row) => ({ ...row, city: 0 })))
  // Without the rule only the exact key is the same.
  const strict = await extendedParts({
    project: path,
    source,
    extra: await extraIds(['d', 'c', 'y'], []),
    key: 'two',
  })
  expect(strict.validation?.files).toEqual([join(path, 'dataset', 'extended', 'two', 'validation.parquet')])
  expect(cities(await rowsOf('extended/two/validation.parquet', path))).toEqual([4, 1, 0, 0])
})

it('new raw rows look them up, too, and are no longer counted as unknown', async () => {
  const { path, source } = await project('new')
  const file = write('new-rows.csv', 'city,size,part\nb,1,\ntown_7,2,\nnowhere,1,\n,1,\n')
  const extra = await extraIds(['7', 'other'], ['prefix'])
  const scratch = join(folder, 'scratch')
  await mkdir(scratch)
  const given = { project: path, source, files: [file], target: 'liked', labelled: false, scratch }
  const found = await encodeNewRows({ ...given, extra })
  expect(cities(await rowsOf('../../scratch/encoded.parquet', path))).toEqual([2, 3, 0, 0])
  expect(found.unknown).toContainEqual({ column: 'city', share: 0.5 })
  const without = await encodeNewRows({ ...given, extra: [] })
  expect(without.unknown).toContainEqual({ column: 'city', share: 0.75 })
})

it('raw rows that are not those that were encoded are told, and nothing is written', async () => {
  const { path, source } = await project('moved')
  const extra = await extraIds(['c', 'D', 'e'], [])
  const other = { ...source, split: 'random:0.2,0.4,0.4', seed: 3 }
  await expect(extendedParts({ project: path, source: other, extra, key: 'x' })).rejects.toMatchObject({
    code: 'invalid-data',
  })
  expect(existsSync(join(path, 'dataset', 'extended', 'x', 'validation.parquet'))).toBe(false)
})
