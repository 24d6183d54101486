import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import type { ColumnEncoding } from '../../src-main/contract'
import { importTables, Random } from '../../src-main/dataset'
import { runPython } from './python'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-encode-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const plain: ColumnEncoding = {
  kind: 'continuous',
  transform: 'none',
  bins: 2,
  fill: 'mean',
  indicator: false,
}

it('ids, statistics, target encodings and counts are those of pandas', async () => {
  const random = new Random(11, 'encode')
  const lines = Array.from({ length: 20_000 }, (_, i) => {
    const part = i < 15_000 ? 'train' : i < 17_500 ? 'validation' : 'test'
    const user =
      random.uniform() < 0.02 ? '' : `u${Math.floor(random.uniform() ** 2 * (part === 'train' ? 900 : 1000))}`
    const item = `i${random.below(part === 'train' ? 300 : 330)}`
    const price = random.uniform() < 0.1 ? '' : String(Math.exp(random.normal()))
    return `${user},${item},${price},${random.uniform() < 0.3 ? 1 : 0},${part}`
  })
  const file = join(folder, 'rows.csv')
  await writeFile(file, `user,item,price,label,part\n${lines.join('\n')}\n`)
  const seed = 9
  await importTables({
    project: join(folder, 'p'),
    source: {
      kind: 'tables',
      files: [{ part: null, path: file }],
      joins: [],
      options: { delimiter: null, quote: null, header: null },
      split: 'column:part',
      seed,
      derived: [],
      encoding: { TE_item_label: plain, TE_user_item_label: plain, user_count: plain },
    },
    schema: { columns: [], rest: {} },
    guess: {
      target: { column: 'label', above: null },
      derived: [
        { kind: 'targetEncoding', name: null, columns: ['item'], target: null, smoothing: 20, folds: 5 },
        {
          kind: 'targetEncoding',
          name: null,
          columns: ['user', 'item'],
          target: null,
          smoothing: 20,
          folds: 5,
        },
        { kind: 'count', name: null, columns: ['user'] },
      ],
    },
    report: () => undefined,
    signal: new AbortController().signal,
  })
  const output = await runPython(join(import.meta.dirname, 'encode.py'), [
    file,
    join(folder, 'p', 'dataset', 'encoded'),
    String(seed),
  ])
  const { rows, differences } = z
    .object({ rows: z.int(), differences: z.record(z.string(), z.number()) })
    .parse(JSON.parse(output))
  expect(rows).toBe(20_000)
  expect(Object.keys(differences)).toHaveLength(7)
  for (const [column, difference] of Object.entries(differences))
    expect(difference, column).toBeLessThan(
      ['user', 'item', 'label', 'user_count'].includes(column) ? 1e-12 : 1e-6,
    )
})
