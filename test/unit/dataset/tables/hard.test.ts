import { appendFileSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { GraftError } from '../../../../src-main/contract'
import { contentOf } from '../../../contentOf'
import { folder, importFiles, raw, rowsOf, write } from './support'

const code = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof GraftError ? error.code : String(error)),
  )

describe('tables that are hard to import', () => {
  it('a file that grows while it is read is refused, and the project stays as it was', async () => {
    await importFiles([write('before.csv', 'a,b\n1,2\n')])
    const before = await contentOf(join(folder, 'p'))
    const path = write('grows.csv', `a,b\n${'1,2\n'.repeat(400_000)}`)
    const work = code(importFiles([path]))
    const timer = setInterval(() => appendFileSync(path, '3,4\n'), 2)
    const outcome = await work
    clearInterval(timer)
    expect(outcome).toBe('invalid-data')
    expect(await contentOf(join(folder, 'p'))).toEqual(before)
  })

  it('a file that shrinks, is exchanged or is deleted while it is read is refused; the project stays as it was', async () => {
    await importFiles([write('before.csv', 'a,b\n1,2\n')])
    const before = await contentOf(join(folder, 'p'))
    const changes: [string, string, (path: string) => void][] = [
      ['shrinks.csv', 'invalid-data', (path) => truncateSync(path, 400_004)],
      [
        'exchanged.csv',
        'invalid-data',
        (path) => renameSync(write('other.csv', `a,b\n${'7,8\n'.repeat(400_000)}`), path),
      ],
      ['deleted.csv', 'not-found', (path) => rmSync(path)],
    ]
    for (const [name, expected, change] of changes) {
      const path = write(name, `a,b\n${'1,2\n'.repeat(400_000)}`)
      // That rows are read is told after the file was looked at and before the first of them.
      let changed = false
      const outcome = await code(
        importFiles([path], {
          report: ({ phase }) => {
            if (changed || phase !== 'Reading the table') return
            change(path)
            changed = true
          },
        }),
      )
      expect(changed, name).toBe(true)
      expect(outcome, name).toBe(expected)
      expect(await contentOf(join(folder, 'p')), name).toEqual(before)
    }
  })

  it('a categorical column without a value in the training part is unknown everywhere', async () => {
    const rows = Array.from(
      { length: 40 },
      (_, i) => `${i < 30 ? '' : `v${i % 2}`},${i < 30 ? 'train' : 'test'},${i % 2},${i + 0.5}`,
    )
    const path = write('late.csv', `city,part,label,x\n${rows.join('\n')}\n`)
    const usual = { minCount: 1, maxSize: null, buckets: null, nulls: 'unknown', domain: null } as const
    await importFiles([path], { split: 'column:part', encoding: { city: { kind: 'categorical', ...usual } } })
    const test = await rowsOf('encoded/test/part-00000.parquet')
    expect(test.map(({ city }) => city)).toEqual(Array.from({ length: 10 }, () => 0))
    expect(await rowsOf('vocabularies/city.parquet')).toEqual([])
  })

  it('columns that share a domain must agree on its settings', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => `u${i % 3},u${(i + 1) % 4},${i % 2},${i + 0.5}`)
    const path = write('shared.csv', `a,b,label,x\n${rows.join('\n')}\n`)
    const usual = {
      kind: 'categorical',
      maxSize: null,
      buckets: null,
      nulls: 'unknown',
      domain: 'people',
    } as const
    const error = await importFiles([path], {
      encoding: { a: { ...usual, minCount: 1 }, b: { ...usual, minCount: 2 } },
    }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'invalid-setting',
      message:
        'Columns a and b share the domain people, but the minimum count is 1 for the one and 2 for the other.',
    })
  })

  it('a number of one value becomes 0 by its quantile, whatever comes later', async () => {
    const rows = Array.from(
      { length: 20 },
      (_, i) => `${i < 15 ? 5.5 : 9.5},${i < 15 ? 'train' : 'test'},${i % 2}`,
    )
    const path = write('one.csv', `x,part,label\n${rows.join('\n')}\n`)
    const quantile = {
      kind: 'continuous',
      transform: 'quantile',
      bins: 4,
      fill: 'mean',
      indicator: false,
    } as const
    await importFiles([path], { split: 'column:part', encoding: { x: quantile } })
    for (const part of ['train', 'test'])
      expect(new Set((await rowsOf(`encoded/${part}/part-00000.parquet`)).map(({ x }) => x))).toEqual(
        new Set([0]),
      )
  })

  it('thousands of columns come in; those of one value, or of none, are set aside and say why', async () => {
    const names = Array.from({ length: 2_997 }, (_, i) => `c${i}`)
    const lines = Array.from(
      { length: 40 },
      (_, row) => `${row % 2},same,,${names.map((_, i) => (row * 31 + i) % 97).join(',')}`,
    )
    const path = write('wide.csv', `label,one,none,${names.join(',')}\n${lines.join('\n')}\n`)
    const { report, target } = await importFiles([path])
    expect(target).toBe('label')
    expect(report.columns).toHaveLength(3_000)
    expect(report.columns.slice(1, 4)).toMatchObject([
      { name: 'one', role: 'ignored', reason: 'all its values are the same' },
      { name: 'none', role: 'ignored', reason: 'it has no values' },
      { name: 'c0', role: 'feature', reason: 'its values are integers of a wide range' },
    ])
    const [first] = await raw()
    expect(first).toMatchObject({ label: 0, one: 'same', none: null, c0: 0, c2996: 2996 % 97 })
    expect(Object.keys((await rowsOf('encoded/train/part-00000.parquet'))[0] ?? {})).toHaveLength(2_998)
  }, 300_000)

  it('texts of missing values are null in numbers of every type, and text in text', async () => {
    const path = write(
      'missing.csv',
      'n,x,t,s\n1,0.5,2020-01-01,NA\nNA,nan,NULL,b\n,N/A,None,\\N\n2,-0.25,2020-01-02,""\n',
    )
    await importFiles([path])
    expect(await raw()).toEqual([
      { n: 1, x: 0.5, t: '2020-01-01 00:00:00', s: 'NA' },
      { n: null, x: null, t: null, s: 'b' },
      { n: null, x: null, t: null, s: '\\N' },
      { n: 2, x: -0.25, t: '2020-01-02 00:00:00', s: null },
    ])
  })
})
