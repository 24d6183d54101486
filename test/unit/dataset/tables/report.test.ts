import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ColumnEncoding, SplitReport } from '../../../../src-main/contract'
import { encodeAgain, Random } from '../../../../src-main/dataset'
import { exactAuc } from '../../../../src-main/training/metrics'
import { folder, importFiles, write } from './support'

const random = new Random(21, 'report')
const usual: ColumnEncoding = {
  kind: 'categorical',
  minCount: 1,
  maxSize: null,
  buckets: null,
  nulls: 'unknown',
  domain: null,
}

function table(name: string, header: string, rows: readonly (readonly (string | number)[])[]): string {
  return write(name, `${header}\n${rows.map((row) => row.join(',')).join('\n')}\n`)
}

describe('the split report', () => {
  const rows = Array.from({ length: 300 }, (_, i) => {
    const part = i < 200 ? 'train' : i < 250 ? 'validation' : 'test'
    const user = i % 10 === 0 ? '' : `u${random.below(part === 'train' ? 30 : 40)}`
    return [user, `c${random.below(part === 'test' ? 6 : 4)}`, random.uniform() < 0.3 ? 1 : 0, part] as const
  })
  const of = (part: string) => rows.filter((row) => row[3] === part)
  /** The definition, over the rows. */
  function expectedIds(column: 0 | 1, part: 'validation' | 'test') {
    const trained = new Set(of('train').map((row) => row[column]))
    const own = of(part).map((row) => row[column])
    const present = own.filter((value) => value !== '')
    const distinct = [...new Set(present)]
    return {
      distinct: distinct.length,
      known: distinct.filter((value) => trained.has(value)).length,
      unseenRows: present.filter((value) => !trained.has(value)).length,
      missingRows: own.length - present.length,
    }
  }
  const found = ({ ids }: SplitReport, column: string, part: string) =>
    ids.find((entry) => entry.column === column && entry.part === part)

  it.each([
    ['a vocabulary', usual],
    ['missing values of their own', { ...usual, nulls: 'own' as const }],
    ['rare values left out', { ...usual, minCount: 6 }],
    ['hashes', { ...usual, buckets: 8 }],
  ])('sets the parts side by side; missing values are no unseen ids: %s', async (_, encoding) => {
    const file = table('s.csv', 'user_id,city,label,part', rows)
    const { report } = await importFiles([file], { split: 'column:part', encoding: { user_id: encoding } })
    expect(report.split.parts).toEqual(
      ['train', 'validation', 'test'].map((part) => ({
        part,
        rows: of(part).length,
        targetRate: expect.closeTo(
          of(part).reduce((sum, row) => sum + row[2], 0) / of(part).length,
          12,
        ) as number,
      })),
    )
    for (const part of ['validation', 'test'] as const) {
      expect(found(report.split, 'user_id', part)).toEqual({
        column: 'user_id',
        part,
        ...expectedIds(0, part),
      })
      const { unseenRows, missingRows } = expectedIds(1, part)
      expect(found(report.split, 'city', part)).toEqual({
        column: 'city',
        part,
        distinct: null,
        known: null,
        unseenRows,
        missingRows,
      })
    }
    expect(expectedIds(0, 'test').unseenRows).toBeGreaterThan(0)
    expect(report.unseen).toContainEqual({
      column: 'user_id',
      part: 'test',
      share: expectedIds(0, 'test').unseenRows / 50,
    })
  })
})

describe('leaks', () => {
  /** Columns that tell the label: by value, by category, downwards; and such as do not. */
  const rows = Array.from({ length: 3000 }, (_, i) => {
    const label = random.uniform() < 0.4 ? 1 : 0
    const noisy = random.uniform() < 0.01 ? 1 - label : label
    return {
      label,
      paid: (label + random.uniform()).toFixed(3),
      status: `${noisy ? 'won' : 'lost'}-${random.below(5)}`,
      fall: (10 - 3 * label + random.normal() / 2).toFixed(3),
      honest: (label + 1.5 * random.normal()).toFixed(3),
      city: `c${random.below(900)}`,
      user_id: `u${i}`,
      time: 1_600_000_000 + i,
    }
  })
  const names = ['label', 'paid', 'status', 'fall', 'honest', 'city', 'user_id', 'time'] as const
  const file = () =>
    table(
      'l.csv',
      names.join(','),
      rows.map((row) => names.map((name) => row[name])),
    )

  it('tells columns that give the target away, ids of single rows, and nothing of honest ones', async () => {
    const { report } = await importFiles([file()])
    expect(report.leaks.map(({ column, kind }) => [column, kind]).sort()).toEqual([
      ['fall', 'target'],
      ['paid', 'target'],
      ['status', 'target'],
      ['user_id', 'unique'],
    ])
    const labels = Float32Array.from(rows, ({ label }) => label)
    const auc = exactAuc(
      Float32Array.from(rows, ({ fall }) => Number(fall)),
      labels,
    )
    expect(report.leaks.find(({ column }) => column === 'fall')?.auc).toBeCloseTo(1 - (auc ?? 0), 4)
    expect(report.warnings.filter((warning) => warning.includes('almost alone'))).toHaveLength(3)
  })

  it('a pattern in the order of the rows is no leak of their categories', async () => {
    const path = table(
      'p.csv',
      'label,city,genres',
      Array.from({ length: 2000 }, (_, i) => [
        i % 5 < 2 ? 1 : 0,
        `c${i % 3}`,
        `a${i % 4}|b${i % 7}|c${i % 11}`,
      ]),
    )
    const { report } = await importFiles([path])
    expect(report.leaks).toEqual([])
  })

  it('a raw time that was made a feature is told', async () => {
    const path = table(
      't.csv',
      'label,when,x',
      Array.from({ length: 200 }, (_, i) => [i % 2, `2020-01-0${1 + (i % 9)} 10:00:00`, i / 7]),
    )
    const { source, schema } = await importFiles([path])
    const feature = {
      ...schema,
      columns: schema.columns.map((column) =>
        column.name === 'when' ? { ...column, ignored: false, tags: [...column.tags, 'continuous'] } : column,
      ),
    }
    const { report } = await encodeAgain({
      project: join(folder, 'p'),
      source,
      schema: feature,
      guess: null,
      report: () => undefined,
      signal: new AbortController().signal,
    })
    expect(report.leaks).toMatchObject([{ column: 'when', kind: 'time' }])
  })
})
