import { describe, expect, it } from 'vitest'
import { mapTable } from '../../../../src-main/embeddings/map/mapTable'
import { type MapPlan, type MappedTable } from '../../../../src-main/embeddings/map/plan'
import { clusteredRows, purity, tableFile } from './support'

const plan = (path: string, changes: Partial<MapPlan> = {}): MapPlan => ({
  path,
  array: '',
  method: 'pca',
  metric: 'euclidean',
  neighbors: 15,
  ...changes,
})

const floats = ({ points }: MappedTable): Float32Array =>
  new Float32Array(points.buffer.slice(points.byteOffset, points.byteOffset + points.byteLength))

describe('a map by PCA', () => {
  it('finds the plane that the rows lie on, keeps their distances and says the shares', async () => {
    // Rows (a, b) on two orthogonal axes of eight dimensions, the first three times as wide.
    const width = 8
    const rows = 401
    const table = new Float32Array(rows * width)
    for (let r = 1; r < rows; r++) {
      const [a, b] = [3 * Math.sin(r), Math.cos(r)]
      for (let c = 0; c < width; c++)
        table[r * width + c] = (a * (c < 4 ? 1 : -1) + b * (c % 2 === 0 ? 1 : -1)) / Math.sqrt(width) + 5
    }
    const mapped = await mapTable(plan(await tableFile(table, width)), () => undefined)
    const points = floats(mapped)
    expect(points.length).toBe(2 * (rows - 1))
    expect(mapped.shares?.[0]).toBeCloseTo(0.9, 2)
    expect(mapped.shares?.[1]).toBeCloseTo(0.1, 2)
    for (const [one, other] of [
      [0, 1],
      [10, 300],
      [399, 7],
    ] as const) {
      const between = Math.hypot(
        (points[2 * one] ?? 0) - (points[2 * other] ?? 0),
        (points[2 * one + 1] ?? 0) - (points[2 * other + 1] ?? 0),
      )
      const truth = Math.hypot(
        3 * (Math.sin(one + 1) - Math.sin(other + 1)),
        Math.cos(one + 1) - Math.cos(other + 1),
      )
      expect(between).toBeCloseTo(truth, 3)
    }
  })

  it('leaves the unknown row out, and gives one point for a table of one id', async () => {
    const mapped = await mapTable(plan(await tableFile(Float32Array.of(9, 9, 1, 2), 2)), () => undefined)
    expect([...floats(mapped)]).toEqual([0, 0])
  })

  it('refuses a table without ids, and rows that are not finite', async () => {
    const empty = await tableFile(Float32Array.of(1, 2), 2)
    await expect(mapTable(plan(empty), () => undefined)).rejects.toMatchObject({ code: 'shape-mismatch' })
    const broken = await tableFile(Float32Array.of(0, 0, 1, 2, 3, Number.NaN, 4, 5), 2)
    await expect(mapTable(plan(broken), () => undefined)).rejects.toMatchObject({
      code: 'non-finite',
      details: { row: 2 },
    })
  })
})

describe('a map by UMAP', () => {
  it('keeps clusters apart that PCA lays over each other, the same every time', async () => {
    const [rows, width, clusters] = [1201, 24, 12]
    const path = await tableFile(clusteredRows(rows, width, clusters, 1), width)
    const clusterOf = (point: number): number => (point + 1) % clusters
    const pca = floats(await mapTable(plan(path), () => undefined))
    const phases = new Set<string>()
    const umap = floats(await mapTable(plan(path, { method: 'umap' }), (phase) => phases.add(phase)))
    expect(purity(umap, clusterOf)).toBeGreaterThan(0.95)
    expect(purity(umap, clusterOf)).toBeGreaterThan(purity(pca, clusterOf) + 0.1)
    expect([...phases]).toEqual(['Reading rows', 'Finding neighbours', 'Weighing neighbours', 'Laying out'])
    expect(floats(await mapTable(plan(path, { method: 'umap' }), () => undefined))).toEqual(umap)
  })

  it('sees directions alone by cosine', async () => {
    const [rows, width] = [401, 6]
    // Two directions, lengths from 1 to 100: by length the rows lie far apart, by direction in two places.
    const table = clusteredRows(rows, width, 2, 6).map((value, i) => value * (1 + ((i / width) % 100)))
    const path = await tableFile(table, width)
    const umap = floats(await mapTable(plan(path, { method: 'umap', metric: 'cosine' }), () => undefined))
    expect(purity(umap, (point) => (point + 1) % 2)).toBeGreaterThan(0.97)
  })

  it('is fitted on 10,000 rows at most and places the others among their own', async () => {
    const [rows, width, clusters] = [10_801, 16, 20]
    const path = await tableFile(clusteredRows(rows, width, clusters, 1.5), width)
    const mapped = await mapTable(plan(path, { method: 'umap' }), () => undefined)
    expect(mapped.fitted).toBe(10_000)
    const points = floats(mapped)
    expect(points.length).toBe(2 * (rows - 1))
    expect(points.every((value) => Number.isFinite(value))).toBe(true)
    expect(purity(points, (point) => (point + 1) % clusters, 100)).toBeGreaterThan(0.9)
  }, 240_000)

  it('bears rows that are all equal, and fewer rows than neighbours', async () => {
    const equal = await tableFile(new Float32Array(60).fill(0.5), 3)
    const points = floats(await mapTable(plan(equal, { method: 'umap' }), () => undefined))
    expect(points.every((value) => Number.isFinite(value))).toBe(true)
    const few = await tableFile(Float32Array.of(0, 0, 1, 2, 3, 4, 9, 9), 2)
    expect(floats(await mapTable(plan(few, { method: 'umap' }), () => undefined)).length).toBe(6)
  })
})
