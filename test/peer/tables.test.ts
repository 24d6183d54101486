import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ColumnEncoding, TablesSource } from '../../src-main/contract'
import { DatasetStore, profileRaw, Random } from '../../src-main/dataset'
import { asList, folder, importFiles, write } from '../unit/dataset/tables/support'
import { runPython } from './python'

/**
 * What Graft makes of a raw table, held against pandas and scikit-learn on the same rows: the part of every row, what
 * the training part taught, every encoded value, what the parts share, and the profiles of the raw columns.
 */

const rows = 6000

function continuous(
  settings: Partial<Extract<ColumnEncoding, { kind: 'continuous' }>>,
): Extract<ColumnEncoding, { kind: 'continuous' }> {
  return { kind: 'continuous', transform: 'none', bins: 10, fill: 'mean', indicator: false, ...settings }
}

function categorical(
  settings: Partial<Extract<ColumnEncoding, { kind: 'categorical' }>> = {},
): Extract<ColumnEncoding, { kind: 'categorical' }> {
  return {
    kind: 'categorical',
    minCount: 1,
    maxSize: null,
    buckets: null,
    nulls: 'unknown',
    domain: null,
    ...settings,
  }
}

const encoding: TablesSource['encoding'] = {
  row: continuous({}),
  user: categorical({ minCount: 3, nulls: 'own' }),
  item: categorical({ maxSize: 60 }),
  shop: categorical(),
  zip: categorical({ buckets: 97, nulls: 'own' }),
  home: categorical({ domain: 'city' }),
  work: categorical({ domain: 'city' }),
  tags: asList({ separator: '|' }),
  standard: continuous({ transform: 'standardise', fill: 'mean' }),
  range: continuous({ transform: 'minmax', fill: 'zero' }),
  logarithm: continuous({ transform: 'log1p', fill: 'median' }),
  ranks: continuous({ transform: 'quantile', fill: 'mean' }),
  filled: continuous({ fill: 7.5, indicator: true }),
}

/** Rows with every trap that the settings ask for: rare and frequent ids, ties, gaps, times that coincide. */
function draw(): string {
  const random = new Random(47, 'tables')
  const gap = (share: number, value: string): string => (random.uniform() < share ? '' : value)
  const city = (): string => `city ${Math.floor(random.uniform() ** 2 * 40)}`
  const lines = Array.from({ length: rows }, (_, i) => {
    const old = random.below(rows) > i ? 0 : 60
    const user = `u${Math.floor(random.uniform() ** 3 * 700) + old}`
    const tags = ['a', 'B', 'c d', 'é', '日本', '1'].filter(() => random.uniform() < 0.4).join('|')
    return [
      i,
      gap(0.02, user),
      `i${random.below(150) + old}`,
      // Integers are ordered as such where they tie: 9 before 10.
      random.below(30),
      gap(0.03, String(random.below(300)).padStart(5, '0')),
      gap(0.05, city()),
      city(),
      tags,
      gap(0.1, String(3 + 2 * random.normal())),
      gap(0.1, String(random.normal() - 5)),
      gap(0.1, String(Math.exp(2 * random.normal()))),
      gap(0.1, String(random.normal() ** 3)),
      gap(0.2, String(random.below(100))),
      1_700_000_000 + 60 * Math.floor(random.uniform() * 900 + i / 4),
      i % 7 === 0 ? 'test' : i % 5 === 0 ? 'validation' : 'train',
      random.uniform() < 0.3 ? 1 : 0,
    ].join(',')
  })
  return `row,${Object.keys(encoding).slice(1).join(',')},stamp,part,label\n${lines.join('\n')}\n`
}

const found = z.object({
  /** Rows of each part, and rows that are in another part than they should be. */
  parts: z.record(z.string(), z.int()),
  misplaced: z.int(),
  /** Rows of vocabularies, and how many of them differ. */
  vocabularies: z.record(z.string(), z.tuple([z.int(), z.int()])),
  /** The greatest difference of a column's encoded values, and rows whose ids or lists differ. */
  differences: z.record(z.string(), z.number()),
  wrongIds: z.record(z.string(), z.int()),
  /** Ids of the test part: distinct ones, those that training has, rows of others, rows without. */
  overlap: z.record(z.string(), z.array(z.int())),
  rates: z.record(z.string(), z.number()),
  membership: z.string(),
})

const uses = { row: 'continuous', shop: 'categorical', home: 'categorical', work: 'categorical' } as const

async function importAndCompare(split: string, seed: number): Promise<z.infer<typeof found>> {
  const path = write('rows.csv', draw())
  const project = join(folder, `${split} ${seed}`.replace(/[:,. ]/g, '-'))
  const target = { column: 'label', above: null }
  const built = await importFiles([path], { project, split, seed, encoding, uses, target })
  const dataset = join(project, 'dataset')
  const output = await runPython(join(import.meta.dirname, 'tables.py'), [path, dataset, split, String(seed)])
  const result = found.parse(JSON.parse(output))
  expect(built.report.rows).toEqual(result.parts)
  for (const { part, targetRate } of built.report.split.parts)
    expect(targetRate).toBeCloseTo(result.rates[part] ?? NaN, 12)
  const overlap = built.report.split.ids.flatMap(
    ({ column, part, distinct, known, unseenRows, missingRows }) =>
      part === 'test' && result.overlap[column]
        ? [[column, [distinct, known, unseenRows, missingRows]] as const]
        : [],
  )
  expect(Object.fromEntries(overlap)).toEqual(result.overlap)
  return result
}

describe('raw tables against pandas and scikit-learn', () => {
  it.each([
    'random:0.8,0.1,0.1',
    'time:stamp:0.7,0.2,0.1',
    'group:user:0.6,0.2,0.2',
    'leave-last-out:user:stamp',
    'column:part',
  ])('%s: parts, vocabularies, ids, statistics and overlap', async (split) => {
    const { parts, misplaced, vocabularies, differences, wrongIds } = await importAndCompare(split, 5)
    expect(Object.values(parts).reduce((sum, count) => sum + count, 0)).toBe(rows)
    expect(misplaced).toBe(0)
    expect(Object.keys(vocabularies).sort()).toEqual(['city', 'item', 'shop', 'tags', 'user'])
    for (const [domain, [values, wrong]] of Object.entries(vocabularies)) {
      expect(values, domain).toBeGreaterThan(domain === 'tags' ? 5 : 25)
      expect(wrong, domain).toBe(0)
    }
    expect(Object.keys(wrongIds)).toEqual(['user', 'item', 'shop', 'zip', 'home', 'work', 'tags', 'label'])
    for (const [column, wrong] of Object.entries(wrongIds)) expect(wrong, column).toBe(0)
    const numbers = ['standard', 'range', 'logarithm', 'ranks', 'filled', 'filled_missing']
    expect(Object.keys(differences)).toEqual(numbers)
    // Statistics are double; what is stored is float32.
    for (const [column, difference] of Object.entries(differences))
      expect(difference, column).toBeLessThan(1e-6)
  })

  it('a random split is the same for one seed, and another for another', async () => {
    const split = 'random:0.75,0.15,0.1'
    const first = await importAndCompare(split, 1)
    expect(first.parts).toEqual({ train: 4500, validation: 900, test: 600 })
    expect((await importAndCompare(split, 1)).membership).toBe(first.membership)
    expect((await importAndCompare(split, 2)).membership).not.toBe(first.membership)
  })

  it('profiles are what describe() and value_counts() say', async () => {
    const path = write('profiled.csv', draw())
    const project = join(folder, 'profiled')
    await importFiles([path], { project, encoding, uses, target: { column: 'label', above: null } })
    const store = new DatasetStore(project)
    const profiles = await profileRaw(store).finally(() => store.close())
    expect(profiles.map(({ column }) => column)).toEqual(
      readFileSync(path, 'utf8').slice(0, 200).split('\n')[0]?.split(','),
    )
    const ours = join(folder, 'profiles.json')
    writeFileSync(ours, JSON.stringify(profiles))
    const wrong = await runPython(join(import.meta.dirname, 'profiles.py'), [path, ours])
    expect(JSON.parse(wrong)).toEqual({ columns: profiles.length, wrong: [] })
  })
})
