import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ColumnEncoding, DerivedWish } from '../../../../src-main/contract'
import { encodeNewRows, importTables, Random } from '../../../../src-main/dataset'
import type { Json } from '../../../../src-main/schema'
import { exactAuc } from '../../../../src-main/training/metrics'
import { encoded, folder, importFiles, rowsOf, write, type Given } from './support'

const plain: ColumnEncoding = {
  kind: 'continuous',
  transform: 'none',
  bins: 100,
  fill: 'mean',
  indicator: false,
}
const te = (columns: string[], more: { smoothing?: number; folds?: number; target?: string } = {}) => ({
  kind: 'targetEncoding' as const,
  name: null,
  columns,
  target: more.target ?? null,
  smoothing: more.smoothing ?? 20,
  folds: more.folds ?? 5,
})
const count = (...columns: string[]): DerivedWish => ({ kind: 'count', name: null, columns })
const numbers = (rows: Record<string, Json>[], name: string): number[] => rows.map((row) => Number(row[name]))
const foldOf = (seed: number, row: number, folds: number): number =>
  Number(createHash('md5').update(`${seed}:${row}`).digest().readBigUInt64LE(8) % BigInt(folds))

interface Row {
  key: string
  y: number
  part: string
}

/** The definition, row by row. */
function expected(rows: readonly Row[], { seed = 1, folds = 5, smoothing = 20 }): number[] {
  const train = rows.flatMap((row, i) =>
    row.part === 'train' ? [{ ...row, fold: foldOf(seed, i, folds) }] : [],
  )
  const mean = (of: readonly { y: number }[]): number => of.reduce((sum, { y }) => sum + y, 0) / of.length
  const overall = mean(train)
  return rows.map((row, i) => {
    const known = row.part === 'train' ? train.filter(({ fold }) => fold !== foldOf(seed, i, folds)) : train
    const own = known.filter(({ key }) => key === row.key)
    const sum = own.reduce((total, { y }) => total + y, 0)
    return own.length + smoothing === 0 ? overall : (sum + smoothing * overall) / (own.length + smoothing)
  })
}

const random = new Random(3, 'derived')
const rows: Row[] = Array.from({ length: 400 }, (_, i) => ({
  key: i % 50 === 0 ? '' : `k${random.below(i < 300 ? 20 : 30)}`,
  y: random.uniform() < 0.3 ? 1 : 0,
  part: i < 300 ? 'train' : i < 350 ? 'validation' : 'test',
}))

function importRows(derived: DerivedWish[], given: Given = {}) {
  write('d.csv', `key,label,part\n${rows.map(({ key, y, part }) => `${key},${y},${part}`).join('\n')}\n`)
  return importFiles([join(folder, 'd.csv')], {
    split: 'column:part',
    encoding: { TE_key_label: plain, key_count: plain },
    ...given,
    derived,
  })
}

async function everyPart(name: string): Promise<number[]> {
  const parts = await Promise.all(['train', 'validation', 'test'].map((part) => encoded(part)))
  return numbers(parts.flat(), name)
}

describe('target encoding', () => {
  it.each([
    { smoothing: 20, folds: 5 },
    { smoothing: 0, folds: 2 },
    { smoothing: 3.5, folds: 11 },
  ])('is the smoothed mean, out of fold in training: %o', async (settings) => {
    const { schema, source, report } = await importRows([te(['key'], settings)])
    const found = await everyPart('TE_key_label')
    expected(rows, settings).forEach((value, i) => expect(found[i]).toBeCloseTo(value, 6))
    expect(schema.columns.find(({ name }) => name === 'TE_key_label')).toMatchObject({
      dtype: 'float32',
      tags: ['continuous'],
    })
    expect(source.derived).toContainEqual({ ...te(['key'], settings), name: 'TE_key_label', target: 'label' })
    expect(report.columns.find(({ name }) => name === 'TE_key_label')?.reason).toContain('out of fold')
  })

  it('does not tell a training row its own target', async () => {
    // Ids that mean nothing, two rows each: within the fold their mean would give the target away.
    const pure = new Random(7, 'ids')
    const lines = Array.from({ length: 20_000 }, () => [
      `i${pure.below(10_000)}`,
      pure.uniform() < 0.4 ? 1 : 0,
    ])
    write('r.csv', `thing,label\n${lines.map((line) => line.join(',')).join('\n')}\n`)
    await importFiles([join(folder, 'r.csv')], {
      derived: [te(['thing'], { smoothing: 1 })],
      encoding: { TE_thing_label: plain },
    })
    const train = await encoded()
    const labels = Float32Array.from(numbers(train, 'label'))
    const honest = exactAuc(Float32Array.from(numbers(train, 'TE_thing_label')), labels)
    expect(Math.abs((honest ?? 0) - 0.5)).toBeLessThan(0.03)
    const stored = await rowsOf('derived/TE_thing_label.parquet')
    const naive = new Map(stored.map(({ key_1: key, value }) => [key, Number(value)]))
    const leaking = lines.map(([id]) => naive.get(id ?? '') ?? 0)
    expect(exactAuc(Float32Array.from(leaking), labels)).toBeGreaterThan(0.8)
  })

  it('takes several columns, texts of two classes and other targets', async () => {
    const lines = Array.from({ length: 60 }, (_, i) => [
      `a${i % 2}`,
      `b${i % 3}`,
      i % 4 ? 'no' : 'yes',
      i % 7,
    ])
    write('m.csv', `a,b,bought,price\n${lines.map((line) => line.join(',')).join('\n')}\n`)
    await importFiles([join(folder, 'm.csv')], {
      target: { column: 'bought', above: null },
      derived: [te(['a', 'b'], { smoothing: 0 }), te(['b'], { smoothing: 0, target: 'price' })],
    })
    const pairs = await rowsOf('derived/TE_a_b_bought.parquet')
    expect(pairs).toHaveLength(6)
    for (const { key_1: a, key_2: b, count: n, value } of pairs) {
      const own = lines.filter((line) => line[0] === a && line[1] === b)
      expect(n).toBe(own.length)
      expect(value).toBeCloseTo(own.filter((line) => line[2] === 'yes').length / own.length, 12)
    }
    const prices = await rowsOf('derived/TE_b_price.parquet')
    const of = lines.filter((line) => line[1] === 'b0').map((line) => Number(line[3]))
    expect(prices.find(({ key_1: b }) => b === 'b0')?.value).toBeCloseTo(
      of.reduce((sum, price) => sum + price, 0) / of.length,
      12,
    )
  })
})

describe('counts', () => {
  it('are those of the training part; what it does not know counts 0', async () => {
    await importRows([count('key')])
    const train = rows.filter(({ part }) => part === 'train')
    const counts = rows.map(({ key }) => train.filter((row) => row.key === key).length)
    expect(await everyPart('key_count')).toEqual(counts)
    expect(counts).toContain(0)
  })
})

describe('derived columns', () => {
  it('are applied to new rows as to held-out ones', async () => {
    const { source } = await importRows([te(['key']), count('key')])
    const test = rows.filter(({ part }) => part === 'test')
    const scratch = join(folder, 'scratch')
    mkdirSync(scratch, { recursive: true })
    write('n.csv', `key\n${test.map(({ key }) => key || '""').join('\n')}\n`)
    const found = await encodeNewRows({
      project: join(folder, 'p'),
      source,
      files: [join(folder, 'n.csv')],
      target: 'label',
      labelled: false,
      scratch,
    })
    expect(found.rows).toBe(test.length)
    const fresh = await rowsOf('../../scratch/encoded.parquet')
    const held = await encoded('test')
    for (const name of ['TE_key_label', 'key_count'])
      expect(numbers(fresh, name)).toEqual(numbers(held, name))
    await expect(
      encodeNewRows({
        project: join(folder, 'p'),
        source,
        files: [write('o.csv', 'other\n1\n')],
        target: 'label',
        labelled: false,
        scratch,
      }),
    ).rejects.toMatchObject({ code: 'unknown-column', details: { column: 'key' } })
  })

  it('are learnt from the training file where the parts are files of their own', async () => {
    const files = (['train', 'validation', 'test'] as const).map((part) => ({
      part,
      path: write(
        `${part}.csv`,
        `key,label\n${rows
          .filter((row) => row.part === part)
          .map(({ key, y }) => `${key},${y}`)
          .join('\n')}\n`,
      ),
    }))
    await importTables({
      project: join(folder, 'p'),
      source: {
        kind: 'tables',
        files,
        joins: [],
        options: { delimiter: null, quote: null, header: null },
        split: null,
        seed: 1,
        derived: [],
        encoding: { TE_key_label: plain },
      },
      schema: { columns: [], rest: {} },
      guess: { target: null, derived: [te(['key'])] },
      report: () => undefined,
      signal: new AbortController().signal,
    })
    const found = await everyPart('TE_key_label')
    expected(rows, {}).forEach((value, i) => expect(found[i]).toBeCloseTo(value, 6))
  })

  it('that cannot be are refused', async () => {
    await expect(importRows([count('nothing')])).rejects.toMatchObject({ code: 'unknown-column' })
    await expect(importRows([te(['label'])])).rejects.toMatchObject({ code: 'invalid-setting' })
    await expect(importRows([{ kind: 'count', name: 'Key', columns: ['key'] }])).rejects.toMatchObject({
      code: 'invalid-setting',
    })
    write('none.csv', 'key,price,label\na,,1\nb,,0\n')
    const priceless = importFiles([join(folder, 'none.csv')], { derived: [te(['key'], { target: 'label' })] })
    await expect(priceless).resolves.toBeDefined()
    await expect(
      importFiles([join(folder, 'none.csv')], { derived: [te(['key'], { target: 'price' })] }),
    ).rejects.toMatchObject({ code: 'invalid-data' })
  })
})
