import { describe, expect, it } from 'vitest'
import { valueVocabulary } from '../../../src-main/embeddings'
import { colorPoints } from '../../../src-main/services/maps/colors'
import { labelOf, searchIds, type IdFacts } from '../../../src-main/services/maps/labels'
import { mapId } from '../../../src-main/services/maps/mapFiles'
import { categories, valueOfRow } from '../../../src-main/services/maps/values'

const codesOf = (codes: string): number[] => [...Buffer.from(codes, 'base64')]

describe('colours of points', () => {
  it('number categories by how frequent they are, and the rare ones share the last', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
    const byRow = new Map(names.map((name, i) => [i + 1, name]))
    byRow.set(10, 'i')
    const values = categories(byRow, 12)
    const { codes, legend, missing } = colorPoints(values)
    // Row 0, unknown, is no point; row 11 has no value.
    expect(codesOf(codes)).toEqual([1, 2, 3, 4, 5, 6, 7, 7, 0, 0, 255])
    expect(missing).toBe(1)
    if (legend.kind !== 'categories') throw new Error('categories were expected')
    expect(legend.categories.at(0)).toEqual({ label: 'i', points: 2 })
    expect(legend.categories.at(-1)).toEqual({ label: null, points: 2 })
    expect(valueOfRow(values, 9)).toBe('i')
    expect(valueOfRow(values, 11)).toBeNull()
  })

  it('spread numbers over the ramp; what lies beyond the 1st and 99th percentile has the colour of the end', () => {
    const values = Float32Array.from({ length: 1002 }, (_, row) => row)
    values[1001] = 1e6
    values[5] = Number.NaN
    const { codes, legend, missing } = colorPoints({ kind: 'numbers', values })
    const found = codesOf(codes)
    expect(found[0]).toBe(0)
    expect(found[1000]).toBe(254)
    expect(found[4]).toBe(255)
    expect(missing).toBe(1)
    expect(Math.abs((found[500] ?? 0) - 127)).toBeLessThan(3)
    expect(legend).toMatchObject({ kind: 'numbers', min: 1, max: 1e6, log: false })
  })

  it('give small numbers more of the ramp where they span powers of ten', () => {
    const values = Float32Array.from({ length: 1001 }, (_, row) => (row % 2 === 0 ? 0 : 10 ** (row / 200)))
    const { legend, codes } = colorPoints({ kind: 'numbers', values })
    expect(legend).toMatchObject({ log: true })
    expect(new Set(codesOf(codes)).size).toBeGreaterThan(100)
  })
})

describe('ids of a table', async () => {
  const facts: IdFacts = {
    rows: 6,
    vocabulary: await valueVocabulary(['heat', 'wheat', 'the heater', 'x', 'HEAT']),
    columns: [],
    view: { columns: [], title: 'title' },
    titles: new Map([[4, 'Dead heat']]),
  }

  it('are found by value or title in any case: equal ones, then beginnings, then words', () => {
    const { found, total } = searchIds(facts, ' Heat ', 10)
    expect(found.map(({ row }) => row)).toEqual([1, 5, 3, 4, 2])
    expect(total).toBe(5)
    expect(searchIds(facts, 'heat', 2)).toMatchObject({ total: 5, found: [{ row: 1 }, { row: 5 }] })
    expect(searchIds(facts, '  ', 10)).toEqual({ found: [], total: 0 })
  })

  it('have a name, that of unknown too', () => {
    expect(labelOf(facts, 4)).toEqual({ row: 4, id: 'x', title: 'Dead heat' })
    expect(labelOf(facts, 0)).toEqual({ row: 0, id: 'unknown', title: null })
  })
})

describe('maps on disk', () => {
  it('are named by rows and by how they were made, as far as that matters', () => {
    const key = { hash: 'a', method: 'umap', metric: 'cosine', neighbors: 15 }
    expect(mapId(key)).not.toBe(mapId({ ...key, metric: 'euclidean' }))
    expect(mapId(key)).not.toBe(mapId({ ...key, hash: 'b' }))
    const pca = { ...key, method: 'pca' }
    expect(mapId(pca)).toBe(mapId({ ...pca, metric: 'euclidean', neighbors: 30 }))
  })
})
