import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { join } from 'node:path'
import { loadFiles } from '../../../../src-main/dataset'
import { parseSplit } from '../../../../src-main/dataset'
import { roleOf, type Json } from '../../../../src-main/schema'
import { asList, encoded, folder, importFiles, rowsOf, write } from './support'

const numbers = (rows: Record<string, Json>[], name: string): number[] => rows.map((row) => Number(row[name]))

/** Text of a table. */
function csv(header: string, rows: readonly (readonly (string | number)[])[]): string {
  return `${header}\n${rows.map((row) => row.join(',')).join('\n')}\n`
}

const label = (i: number): number => ((i * 7) % 3 === 0 ? 1 : 0)

describe('vocabularies', () => {
  it('go by count, ties by value; unknown and missing are 0, and only training is learnt from', async () => {
    const values = ['b', 'b', 'a', 'a', 'c', '', 'b', 'd', 'a', 'c']
    const rows = values.map((value, i) => [value, i < 7 ? 'train' : 'test', label(i), i + 0.5])
    write('v.csv', csv('city,part,label,x', rows))
    const { schema, report } = await importFiles([join(folder, 'v.csv')], { split: 'column:part' })
    // Training: b 3, a 2, c 1.
    expect(await rowsOf('vocabularies/city.parquet')).toEqual([
      { index: 1, value: 'b', count: 3 },
      { index: 2, value: 'a', count: 2 },
      { index: 3, value: 'c', count: 1 },
    ])
    expect(numbers(await encoded(), 'city')).toEqual([1, 1, 2, 2, 3, 0, 1])
    expect(numbers(await encoded('test'), 'city')).toEqual([0, 2, 3])
    expect(schema.columns.find(({ name }) => name === 'city')).toMatchObject({
      dtype: 'int32',
      domain: { name: 'city', max: 3 },
    })
    expect(report.unseen).toContainEqual({ column: 'city', part: 'test', share: 1 / 3 })
  })

  it('minimum count, maximum size, nulls of their own, buckets, shared domains', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => [
      `u${i % 3}`,
      `u${(i + 1) % 4}`,
      `h${i}`,
      i % 10 === 0 ? '' : `k${Math.floor(Math.sqrt(i))}`,
      label(i),
    ])
    write('s.csv', csv('a,b,h,k,label', rows))
    const usual = {
      kind: 'categorical',
      minCount: 1,
      maxSize: null,
      buckets: null,
      nulls: 'unknown',
      domain: null,
    } as const
    const known = (name: string) => ({ [name]: usual })
    await importFiles([join(folder, 's.csv')], {
      encoding: {
        ...known('label'),
        a: { ...usual, domain: 'people' },
        b: { ...usual, domain: 'people' },
        h: { ...usual, buckets: 5 },
        k: { ...usual, minCount: 3, maxSize: 4, nulls: 'own' },
        label: { kind: 'target', positive: null },
      },
    })
    const people = await rowsOf('vocabularies/people.parquet')
    // 20 + 15 of u0, u1 and u2, and 15 of u3.
    expect(people.map(({ value, count }) => [value, count])).toEqual([
      ['u0', 35],
      ['u1', 35],
      ['u2', 35],
      ['u3', 15],
    ])
    const found = await encoded()
    expect(numbers(found, 'a').slice(0, 3)).toEqual([1, 2, 3])
    expect(numbers(found, 'b').slice(0, 4)).toEqual([2, 3, 4, 1])
    const hashes = numbers(found, 'h')
    expect(hashes.every((id) => id >= 1 && id <= 5)).toBe(true)
    expect(new Set(hashes).size).toBeGreaterThan(2)
    const vocabulary = await rowsOf('vocabularies/k.parquet')
    expect(vocabulary).toHaveLength(4)
    expect(vocabulary.every(({ count }) => Number(count) >= 3)).toBe(true)
    // The row of missing values is the last.
    expect(numbers(found, 'k').filter((_, i) => i % 10 === 0)).toEqual(Array.from({ length: 6 }, () => 5))
  })

  it('hold every value once, as often as it is there (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 5, maxLength: 40 }),
        async (values) => {
          write(
            'p.csv',
            csv(
              'shop_code,label',
              values.map((value, i) => [value, label(i)]),
            ),
          )
          await importFiles([join(folder, 'p.csv')])
          const counts = new Map<number, number>()
          for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
          if (counts.size < 2) return
          const expected = [...counts].sort((x, y) => y[1] - x[1] || x[0] - y[0])
          const vocabulary = await rowsOf('vocabularies/shop_code.parquet')
          expect(vocabulary.map(({ value, count }) => [Number(value), count])).toEqual(expected)
          const index = new Map(expected.map(([value], i) => [value, i + 1]))
          expect(numbers(await encoded(), 'shop_code')).toEqual(values.map((value) => index.get(value)))
        },
      ),
      { numRuns: 8 },
    )
  })
})

describe('numbers', () => {
  const usual = {
    kind: 'continuous',
    transform: 'standardise',
    bins: 4,
    fill: 'mean',
    indicator: true,
  } as const
  const values = [1.5, 2.5, '', 4.25, 10.5, 0.5, '', 3.5]
  const present = values.filter((value) => value !== '').map(Number)
  const mean = present.reduce((sum, value) => sum + value, 0) / present.length
  const filled = values.map((value) => (value === '' ? mean : Number(value)))
  const table = csv(
    'x,label',
    values.map((value, i) => [value, label(i)]),
  )

  it('standardise: mean 0, deviation 1; missing ones are filled and told', async () => {
    await importFiles([write('n.csv', table)], { encoding: { x: usual } })
    const deviation = Math.sqrt(filled.reduce((sum, x) => sum + (x - mean) ** 2, 0) / filled.length)
    const found = await encoded()
    numbers(found, 'x').forEach((x, i) => expect(x).toBeCloseTo(((filled[i] ?? 0) - mean) / deviation, 5))
    expect(numbers(found, 'x_missing')).toEqual(values.map((value) => (value === '' ? 1 : 0)))
  })

  it.each([
    ['none', (x: number) => x],
    ['minmax', (x: number) => (x - 0.5) / 10],
    ['quantile', (x: number) => [1.75, 3.5, mean].filter((edge) => x > edge).length / 3],
  ] as const)('%s', async (transform, expected) => {
    await importFiles([write('n.csv', table)], { encoding: { x: { ...usual, transform } } })
    const found = numbers(await encoded(), 'x')
    const edges = [...filled].sort((a, b) => a - b)
    const quantile = (share: number): number => {
      const at = share * (edges.length - 1)
      const low = edges[Math.floor(at)] ?? 0
      return low + (at - Math.floor(at)) * ((edges[Math.ceil(at)] ?? 0) - low)
    }
    const cut = [0.25, 0.5, 0.75].map(quantile)
    found.forEach((x, i) => {
      const value = filled[i] ?? 0
      const wanted =
        transform === 'quantile' ? cut.filter((edge) => value > edge).length / 3 : expected(value)
      expect(x).toBeCloseTo(wanted, 5)
    })
  })

  it('lists of text become columns of 0 and 1 where that is chosen, features by themselves', async () => {
    const genres = ['Action|Comedy', 'Drama', 'Action', '', 'Comedy| Drama', 'action']
    const rows = Array.from({ length: 30 }, (_, i) => [genres[i % 6] ?? '', i + 0.5, label(i)])
    const { schema } = await importFiles([write('g.csv', csv('genres,x,label', rows))], {
      encoding: { genres: asList({ separator: '|', as: 'indicators' }) },
    })
    const found = await encoded()
    expect(numbers(found, 'genres=Action').slice(0, 6)).toEqual([1, 0, 1, 0, 0, 1])
    expect(numbers(found, 'genres=Drama').slice(0, 6)).toEqual([0, 1, 0, 0, 1, 0])
    const roles = Object.fromEntries(schema.columns.map((column) => [column.name, roleOf(column)]))
    expect(roles).toMatchObject({ genres: 'ignored', 'genres=Action': 'feature', 'genres=Comedy': 'feature' })
  })
})

describe('guesses', () => {
  it('say what a table of ratings is', async () => {
    const rows = Array.from({ length: 400 }, (_, i) => [
      `u${i % 40}`,
      i % 25,
      1 + (i % 5),
      978_300_000 + i * 60,
      `0${1000 + (i % 30)}`,
      `The long title ${i % 90}`,
      i,
      i % 2 ? 'yes' : 'no',
      (i % 97) + 0.5,
      7,
    ])
    write('r.csv', csv('userId,movie_id,rating,timestamp,zip,title,row,member,price,constant', rows))
    const { report, target, source } = await importFiles([join(folder, 'r.csv')])
    const roles = Object.fromEntries(
      report.columns.map(({ name, role, tags }) => [name, `${role} ${tags.join(' ')}`.trim()]),
    )
    expect(roles).toEqual({
      userId: 'feature categorical user_id',
      movie_id: 'feature categorical item_id',
      rating: 'ignored',
      timestamp: 'ignored time',
      zip: 'feature categorical',
      title: 'ignored text',
      row: 'ignored',
      member: 'feature categorical',
      price: 'feature continuous',
      constant: 'ignored',
      rating_binary: 'target target binary_classification',
    })
    expect(target).toBe('rating_binary')
    expect(source.derived).toEqual([{ kind: 'threshold', name: 'rating_binary', column: 'rating', above: 3 }])
    expect(report.columns.every(({ reason }) => reason !== '')).toBe(true)
    expect(numbers(await encoded(), 'rating_binary').slice(0, 5)).toEqual([0, 0, 0, 1, 1])
    const part = await loadFiles(
      [join(folder, 'p/dataset/encoded/train/part-00000.parquet')],
      [{ name: 'userId', type: 'int32', max: 40 }],
    )
    expect(part.rows).toBe(400)
  })

  it('a target of two texts is 0 and 1; rows without one are left out', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => [i % 4, i === 3 ? '' : i % 2 ? 'yes' : 'no'])
    const { report } = await importFiles([write('t.csv', csv('code,answer', rows))], {
      target: { column: 'answer', above: null },
    })
    expect(report.rows.train).toBe(19)
    expect(report.warnings.join()).toContain('1 row has no answer')
    expect(numbers(await encoded(), 'answer').slice(0, 4)).toEqual([0, 1, 0, 0])
  })

  it('columns of one value or none are set aside, and a table of nothing else is imported all the same', async () => {
    const { report } = await importFiles([write('c.csv', 'a,b\n1,\n1,\n1,\n')])
    expect(report.columns.map(({ role }) => role)).toEqual(['ignored', 'ignored'])
    expect(report.warnings.join()).toContain('no column is a feature')
  })
})

describe('splits', () => {
  const rows = Array.from({ length: 200 }, (_, i) => [
    `u${i % 17}`,
    1_000_000_000 + ((i * 37) % 200) * 10,
    i,
    label(i),
    i + 0.5,
  ])
  const path = (): string => write('split.csv', csv('user,time,code,label,x', rows))
  const parts = ['train', 'validation', 'test'] as const
  const usual = { kind: 'continuous', transform: 'none', bins: 2, fill: 'zero', indicator: false } as const

  async function split(spec: string, seed = 1): Promise<number[][]> {
    const { report } = await importFiles([path()], { split: spec, seed, encoding: { x: usual } })
    const found: number[][] = []
    for (const part of parts)
      found.push(report.rows[part] === 0 ? [] : numbers(await encoded(part), 'x').map((x) => x - 0.5))
    expect(found.map((part) => part.length)).toEqual(parts.map((part) => report.rows[part]))
    // Each row is in one part, and every part keeps the order of the file.
    expect(found.flat().sort((a, b) => a - b)).toEqual(rows.map((_, i) => i))
    for (const part of found) expect(part).toEqual([...part].sort((a, b) => a - b))
    return found
  }

  it('random: shares met, fixed by the seed', async () => {
    const first = await split('random:0.8,0.15,0.05')
    expect(first.map((part) => part.length)).toEqual([160, 30, 10])
    expect(await split('random:0.8,0.15,0.05')).toEqual(first)
    expect(await split('random:0.8,0.15,0.05', 2)).not.toEqual(first)
  })

  it('time: the earliest train, the latest test', async () => {
    const found = await split('time:time:0.7,0.2,0.1')
    expect(found.map((part) => part.length)).toEqual([140, 40, 20])
    const times = found.map((part) => part.map((i) => Number(rows[i]?.[1])))
    expect(Math.max(...(times[0] ?? []))).toBeLessThan(Math.min(...(times[1] ?? [])))
    expect(Math.max(...(times[1] ?? []))).toBeLessThan(Math.min(...(times[2] ?? [])))
  })

  it('group: nobody is in two parts', async () => {
    const found = await split('group:user:0.6,0.2,0.2')
    const users = found.map((part) => new Set(part.map((i) => String(rows[i]?.[0]))))
    expect(users.reduce((sum, set) => sum + set.size, 0)).toBe(17)
    expect(found.every((part) => part.length > 0)).toBe(true)
  })

  it('leave-last-out: the last of each user is tested, the one before validated', async () => {
    const found = await split('leave-last-out:user:time')
    expect(found.map((part) => part.length)).toEqual([200 - 34, 17, 17])
    for (const i of found[2] ?? []) {
      const own = rows.filter(([user]) => user === rows[i]?.[0]).map((row) => Number(row[1]))
      expect(rows[i]?.[1]).toBe(Math.max(...own))
    }
  })

  it('refuses what it does not know', async () => {
    for (const text of [
      'random',
      'random:1',
      'random:0,1,0',
      'random:0.5,0.1,0.1',
      'time:0.8,0.1,0.1',
      'leave-last-out:',
      'x:y',
    ])
      expect(() => parseSplit(text), text).toThrow(/is no split/)
    expect(parseSplit('time:a:b:0.8,0.1,0.1')).toMatchObject({ column: 'a:b' })
    await expect(importFiles([path()], { split: 'group:nobody:0.8,0.1,0.1' })).rejects.toThrow(/nobody/)
    await expect(importFiles([path()], { split: 'column:user' })).rejects.toThrow(/row 0: u0 names no part/)
  })
})

describe('joins', () => {
  it('add columns by a key, keep the rows and their order, and tell what has no match', async () => {
    const ratings = write('ratings.csv', 'user,rating,label\nb,1,0\na,2,1\nz,3,0\nb,4,1\n')
    const users = write('users.csv', 'id,age,rating\na,30,x\nb,40,y\n')
    const { report } = await importFiles([ratings], { joins: [{ path: users, on: 'user', key: 'id' }] })
    expect(await rowsOf('raw/table.parquet')).toEqual([
      { user: 'b', rating: 1, label: 0, age: 40, rating_2: 'y' },
      { user: 'a', rating: 2, label: 1, age: 30, rating_2: 'x' },
      { user: 'z', rating: 3, label: 0, age: null, rating_2: null },
      { user: 'b', rating: 4, label: 1, age: 40, rating_2: 'y' },
    ])
    expect(report.warnings.join()).toMatch(/1 row has a user that .*users\.csv does not have/)
    const twice = write('twice.csv', 'id,age\na,30\na,31\n')
    await expect(importFiles([ratings], { joins: [{ path: twice, on: 'user', key: 'id' }] })).rejects.toThrow(
      /twice\.csv: id a is in 2 rows/,
    )
  })
})
