import fc from 'fast-check'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadFiles, writeParquet } from '../../../../src-main/dataset'
import {
  readSchemaPbtxt,
  roleOf,
  writeSchemaPbtxt,
  type Column,
  type Schema,
} from '../../../../src-main/schema'
import { asList, encoded, folder, importFiles, rowsOf, write } from './support'

const label = (i: number): number => ((i * 7) % 3 === 0 ? 1 : 0)
const find = ({ columns }: Schema, name: string): Column => {
  const found = columns.find((column) => column.name === name)
  if (!found) throw new Error(`no column ${name}`)
  return found
}

/** A table of lists as Parquet: ids, and what the test asks for beside them. */
async function parquet(
  name: string,
  columns: Record<
    string,
    { dtype: 'string' | 'int64' | 'float64'; lists: readonly (readonly (string | number)[])[] }
  >,
): Promise<string> {
  const path = join(folder, name)
  const rows = Math.max(...Object.values(columns).map(({ lists }) => lists.length))
  await writeParquet(path, [
    { name: 'label', dtype: 'int64', values: Int32Array.from({ length: rows }, (_, i) => label(i)) },
    ...Object.entries(columns).map(([column, { dtype, lists }]) => {
      const flat = lists.flat()
      const offsets = Int32Array.from([0, ...lists.map((_, i) => lists.slice(0, i + 1).flat().length)])
      if (dtype === 'string') return { name: column, dtype, values: flat.map(String), offsets }
      const numbers = flat.map(Number)
      const values = dtype === 'int64' ? Int32Array.from(numbers) : Float64Array.from(numbers)
      return { name: column, dtype, values, offsets }
    }),
  ])
  return path
}

describe('lists of ids', () => {
  const word = fc.stringMatching(/^[a-zé A-Z0-9_.-]{1,6}$/).map((text) => text.trim())
  const lists = fc.array(
    fc.array(
      word.filter((text) => text !== ''),
      { maxLength: 6 },
    ),
    { minLength: 12, maxLength: 40 },
  )

  it('come back as the items that they were, but for what the training part does not know', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(lists, async (given) => {
        fc.pre(given.flat().length > 0)
        const project = join(folder, `round${run++}`)
        const lines = given.map(
          (items, i) => `"${items.join('|')}",${i % 4 === 3 ? 'test' : 'train'},${label(i)}`,
        )
        const file = write(`round${run}.csv`, `tags,part,label\n${lines.join('\n')}\n`)
        const { schema } = await importFiles([file], {
          project,
          split: 'column:part',
          target: { column: 'label', above: null },
          encoding: { tags: asList({ separator: '|' }) },
        })
        const training = given.filter((_, i) => i % 4 !== 3)
        const vocabulary = (await rowsOf('vocabularies/tags.parquet', project)).map(({ value }) =>
          String(value),
        )
        const counts = new Map<string, number>()
        for (const item of training.flat()) counts.set(item, (counts.get(item) ?? 0) + 1)
        expect(new Set(vocabulary)).toEqual(new Set(counts.keys()))
        vocabulary.reduce((before, item) => {
          expect(counts.get(item)).toBeLessThanOrEqual(before)
          return counts.get(item) ?? 0
        }, Infinity)
        const valueOf = (id: unknown): string => (id === 0 ? '?' : (vocabulary[Number(id) - 1] ?? ''))
        for (const [part, rows] of [
          ['train', training],
          ['test', given.filter((_, i) => i % 4 === 3)],
        ] as const) {
          const found = await rowsOf(`encoded/${part}/part-00000.parquet`, project)
          expect(found.map(({ tags }) => (Array.isArray(tags) ? tags.map(valueOf) : null))).toEqual(
            rows.map((items) => items.map((item) => (counts.has(item) ? item : '?'))),
          )
        }
        const lengths = given.map((items) => items.length)
        expect(find(schema, 'tags')).toMatchObject({
          dtype: 'int32',
          isList: true,
          isRagged: true,
          valueCount: { min: Math.min(...lengths), max: Math.max(...lengths) },
          domain: { name: 'tags', max: Math.max(1, vocabulary.length) },
        })
      }),
      { numRuns: 12 },
    )
  })

  it('are what texts with separators are taken for, and are written so in the schema', async () => {
    const genres = ['Action|Comedy', 'Drama', 'Action', '', 'Comedy| Drama', 'action']
    const lines = Array.from({ length: 30 }, (_, i) => `${genres[i % 6]},${i + 0.5},${label(i)}`)
    const { schema, source } = await importFiles([write('g.csv', `genres,x,label\n${lines.join('\n')}\n`)])
    expect(source.encoding.genres).toEqual(asList({ separator: '|' }))
    const column = find(schema, 'genres')
    expect(roleOf(column)).toBe('feature')
    expect(column.tags).toEqual(['categorical', 'list'])
    // Comedy, Drama and Action 10 times each, action 5: ties in the order of the text.
    expect((await encoded()).slice(0, 6).map((row) => row.genres)).toEqual([
      [1, 2],
      [3],
      [1],
      [],
      [2, 3],
      [4],
    ])
    const again = readSchemaPbtxt(writeSchemaPbtxt(schema))
    expect(find(again, 'genres')).toMatchObject({
      isList: true,
      isRagged: true,
      valueCount: { min: 0, max: 2 },
    })
  })

  it('share a vocabulary with a column of single ids, and count with it', async () => {
    const history = [['b', 'c', 'b'], ['a'], [], ['c', 'd']]
    const lines = Array.from(
      { length: 40 },
      (_, i) => `${'abxc'[i % 4]},${history[i % 4]?.join(' ')},${label(i)}`,
    )
    await importFiles([write('h.csv', `item,history,label\n${lines.join('\n')}\n`)], {
      encoding: {
        item: {
          kind: 'categorical',
          minCount: 1,
          maxSize: null,
          buckets: null,
          nulls: 'unknown',
          domain: 'items',
        },
        history: asList({ separator: ' ', domain: 'items' }),
      },
    })
    const vocabulary = await rowsOf('vocabularies/items.parquet')
    expect(vocabulary.map(({ value, count }) => [value, count])).toEqual([
      ['b', 30],
      ['c', 30],
      ['a', 20],
      ['d', 10],
      ['x', 10],
    ])
    const rows = (await encoded()).slice(0, 4)
    expect(rows.map((row) => row.item)).toEqual([3, 1, 5, 2])
    expect(rows.map((row) => row.history)).toEqual([[1, 2, 1], [3], [], [2, 4]])
  })

  it('leave rare items unknown, keep a size, and hash where that is asked for', async () => {
    const lists = Array.from({ length: 60 }, (_, i) => [`k${Math.floor(Math.sqrt(i))}`, `h${i}`])
    const path = await parquet('r.parquet', {
      k: { dtype: 'string', lists },
      h: { dtype: 'string', lists },
    })
    await importFiles([path], {
      encoding: { k: asList({ minCount: 3, maxSize: 4 }), h: asList({ buckets: 5 }) },
    })
    const vocabulary = await rowsOf('vocabularies/k.parquet')
    expect(vocabulary).toHaveLength(4)
    const ids = (await encoded()).map(({ k }) => k)
    expect(ids.flat().every((id) => Number(id) >= 0 && Number(id) <= 4)).toBe(true)
    expect(ids.filter((list) => Array.isArray(list) && list[1] === 0)).toHaveLength(60)
    const hashes = (await encoded()).flatMap(({ h }) => h)
    expect(hashes.every((id) => Number(id) >= 1 && Number(id) <= 5)).toBe(true)
    expect(new Set(hashes).size).toBe(5)
  })
})

describe('lists of numbers', () => {
  it('of one length are vectors, of different lengths weights; both are stored as they are', async () => {
    const vectors = Array.from({ length: 30 }, (_, i) => [i, i / 4, 1 - i])
    const weights = Array.from({ length: 30 }, (_, i) => Array.from({ length: i % 4 }, (_, j) => j + 0.5))
    const path = await parquet('n.parquet', {
      v: { dtype: 'float64', lists: vectors },
      w: { dtype: 'float64', lists: weights },
      ids: { dtype: 'int64', lists: weights.map((list) => list.map((_, j) => 10 * j)) },
    })
    const { schema } = await importFiles([path])
    expect(find(schema, 'v')).toMatchObject({
      dtype: 'float32',
      isList: true,
      isRagged: false,
      valueCount: { min: 3, max: 3 },
      tags: ['embedding'],
    })
    expect([roleOf(find(schema, 'v')), roleOf(find(schema, 'w')), roleOf(find(schema, 'ids'))]).toEqual([
      'feature',
      'ignored',
      'feature',
    ])
    const rows = await encoded()
    expect(rows.map(({ v }) => v)).toEqual(vectors)
    expect(rows.map(({ w }) => w)).toEqual(weights)
    const part = await loadFiles(
      [join(folder, 'p/dataset/encoded/train/part-00000.parquet')],
      [{ name: 'ids', type: 'int32', isList: true }],
    )
    expect(part.lists.ids?.offsets).toEqual(
      Int32Array.from([0, ...weights.map((_, i) => weights.slice(0, i + 1).flat().length)]),
    )
  })

  it('of different lengths are no vectors, and what is no number is said', async () => {
    const path = await parquet('bad.parquet', {
      v: { dtype: 'float64', lists: Array.from({ length: 20 }, (_, i) => [1, 2, ...(i === 7 ? [3] : [])]) },
    })
    await expect(
      importFiles([path], { encoding: { v: { kind: 'vector', separator: null } } }),
    ).rejects.toMatchObject({ code: 'invalid-data', details: { column: 'v' } })
    const text = Array.from(
      { length: 20 },
      (_, i) => `${i === 3 ? '1;x' : '1;2'},${i === 7 ? '1;2;3' : '[4; 5]'},${label(i)}`,
    )
    const file = write('bad.csv', `a,b,label\n${text.join('\n')}\n`)
    const vector = { kind: 'vector', separator: ';' } as const
    await expect(importFiles([file], { encoding: { a: vector } })).rejects.toMatchObject({
      code: 'non-finite',
    })
    await expect(importFiles([file], { encoding: { b: vector } })).rejects.toMatchObject({
      code: 'invalid-data',
    })
  })
})
