import { GraftError } from '../../contract/errors'
import { mostPoints, rowOfPoint } from '../../contract/maps'
import { type TableRows } from '../neighbors'
import { principalPlane, type PrincipalPlane } from '../principalAxes'
import { uniformGenerator } from '../random'
import { openVectorFile } from '../readers'
import { chooseArray } from '../readers/reader'
import { fuzzyGraph, smoothMemberships } from './fuzzyGraph'
import { layoutEpochs, layOut, placeRow } from './layout'
import { emptyNearest, Partition } from './partition'
import { type MapPlan, type MappedTable } from './plan'
import { drawRows, firstId, forEachRow, readChosen, toDirections } from './rows'

/** UMAP is fitted on so many rows; the others are placed among them. */
const fittedRows = 20_000
/** Numbers of the fitted rows at most (64 MB): of a wide table fewer rows are fitted. */
const fittedNumbers = 16_777_216
/** Numbers that the principal axes are found from at most, so that they are there at once. */
const planeNumbers = 4_194_304
const seed = 42

export type ReportMap = (phase: string, done: number, total: number, unit: string) => void

/** Lays a table's rows on a plane. The same table gives the same map. @throws GraftError `non-finite`, `shape-mismatch` */
export async function mapTable(plan: MapPlan, report: ReportMap): Promise<MappedTable> {
  const file = await openVectorFile(plan.path)
  try {
    const table = { file, array: chooseArray(file, plan.array) }
    const [rows = 0] = table.array.shape
    if (rows <= firstId)
      throw new GraftError(
        'shape-mismatch',
        'The table has no row but that of unknown ids.',
        'There is nothing to map.',
      )
    return plan.method === 'pca' ? await mapByPca(table, report) : await mapByUmap(table, plan, report)
  } finally {
    await file.close()
  }
}

async function mapByPca(table: TableRows, report: ReportMap): Promise<MappedTable> {
  const [rows = 0, width = 0] = table.array.shape
  const wanted = Math.max(2, Math.min(fittedRows, Math.floor(planeNumbers / width)))
  const chosen = drawRows(rows, wanted, uniformGenerator(seed))
  const reading = (done: number, total: number): void => report('Reading rows', done, total, 'rows')
  const sample = await readChosen(table, chosen, reading)
  const plane = upright(await principalPlane(sample, chosen.length, width))
  const drawn = drawnPoints(rows)
  const points = new Float32Array(2 * drawn)
  let next = 0
  await forEachRow(
    table,
    (row, values, at) => {
      if (row < firstId || next >= drawn || row !== rowOfPoint(rows, next)) return
      ontoPlane(plane, values, at, points.subarray(2 * next, 2 * next + 2))
      next += 1
    },
    (done, total) => report('Projecting rows', done, total, 'rows'),
  )
  return { rows, points: asBytes(points), fitted: chosen.length, shares: [...plane.shares] }
}

async function mapByUmap(table: TableRows, plan: MapPlan, report: ReportMap): Promise<MappedTable> {
  const [rows = 0, width = 0] = table.array.shape
  const random = uniformGenerator(seed)
  const wanted = Math.max(2, Math.min(fittedRows, Math.floor(fittedNumbers / width)))
  const chosen = drawRows(rows, wanted, random)
  const values = await readChosen(table, chosen, (done, total) => report('Reading rows', done, total, 'rows'))
  if (plan.metric === 'cosine') toDirections(values, width)
  const k = Math.min(plan.neighbors, Math.max(1, chosen.length - 1))
  const partition = await Partition.build(values, width, random)
  const graph = await neighborGraph(partition, values, width, k, report)
  const fitted = await startingPoints(values, chosen.length, width)
  const epochs = layoutEpochs(chosen.length)
  await layOut(graph, fitted, epochs, random, (done) => report('Laying out', done, epochs, 'epochs'))

  const drawn = drawnPoints(rows)
  const points = new Float32Array(2 * drawn)
  const query = new Float32Array(width)
  const found = emptyNearest(k)
  const memberships = new Float32Array(k)
  let next = 0
  let nextFitted = 0
  await forEachRow(
    table,
    (row, block, at) => {
      const own = chosen[nextFitted] === row ? nextFitted++ : -1
      if (row < firstId || next >= drawn || row !== rowOfPoint(rows, next)) return
      const point = points.subarray(2 * next, 2 * next + 2)
      next += 1
      if (own >= 0) {
        point.set(fitted.subarray(2 * own, 2 * own + 2))
        return
      }
      query.set(block.subarray(at, at + width))
      if (plan.metric === 'cosine') toDirections(query, width)
      partition.search(query, 0, -1, found)
      smoothMemberships(found.distances, found.count, 0, memberships)
      placeRow(fitted, found.rows, memberships, found.count, random, point)
    },
    (done, total) => report('Placing rows', done, total, 'rows'),
  )
  return { rows, points: asBytes(points), fitted: chosen.length, shares: null }
}

const drawnPoints = (rows: number): number => Math.min(rows - firstId, mostPoints)

/** The graph of each fitted row and its k nearest others. */
async function neighborGraph(
  partition: Partition,
  values: Float32Array,
  width: number,
  k: number,
  report: ReportMap,
): Promise<ReturnType<typeof fuzzyGraph>> {
  const rows = values.length / width
  const neighbors = new Int32Array(rows * k).fill(-1)
  const distances = new Float32Array(rows * k)
  const found = emptyNearest(k)
  for (let row = 0; row < rows; row++) {
    if (row % 256 === 0) {
      report('Finding neighbours', row, rows, 'rows')
      await new Promise((resolve) => setImmediate(resolve))
    }
    partition.search(values, row * width, row, found)
    neighbors.set(found.rows.subarray(0, found.count), row * k)
    distances.set(found.distances.subarray(0, found.count), row * k)
  }
  return fuzzyGraph(neighbors, distances, k)
}

/**
 * Where the layout begins: on the principal plane, scaled to [−10, 10], which keeps the large-scale order that a start at
 * random would lose (Kobak and Linderman, "Initialization is critical for preserving global data structure in both t-SNE
 * and UMAP", 2021). Rows that are equal are set apart a little.
 */
async function startingPoints(values: Float32Array, rows: number, width: number): Promise<Float32Array> {
  const random = uniformGenerator(seed)
  const sample = drawRows(rows + firstId, Math.max(2, Math.floor(planeNumbers / width)), random)
  const part = new Float32Array(sample.length * width)
  sample.forEach((row, place) =>
    part.set(values.subarray((row - firstId) * width, (row - firstId + 1) * width), place * width),
  )
  const plane = upright(await principalPlane(part, sample.length, width))
  const points = new Float32Array(2 * rows)
  for (let row = 0; row < rows; row++)
    ontoPlane(plane, values, row * width, points.subarray(2 * row, 2 * row + 2))
  let furthest = 0
  for (const value of points) furthest = Math.max(furthest, Math.abs(value))
  const scale = furthest > 0 ? 10 / furthest : 0
  return points.map((value) => value * scale + (random() - 0.5) * 2e-4)
}

/** The axes turned so that the largest component of each is positive: tables that are alike get maps that are alike. */
function upright(plane: PrincipalPlane): PrincipalPlane {
  const turned = (axis: Float64Array): Float64Array => {
    let largest = 0
    for (const value of axis) if (Math.abs(value) > Math.abs(largest)) largest = value
    return largest < 0 ? axis.map((value) => -value) : axis
  }
  return { ...plane, axes: [turned(plane.axes[0]), turned(plane.axes[1])] }
}

/** @param point [2], is filled */
function ontoPlane(plane: PrincipalPlane, values: Float32Array, at: number, point: Float32Array): void {
  const { mean, axes } = plane
  const [first, second] = axes
  let x = 0
  let y = 0
  for (let c = 0; c < mean.length; c++) {
    const centred = (values[at + c] ?? 0) - (mean[c] ?? 0)
    x += centred * (first[c] ?? 0)
    y += centred * (second[c] ?? 0)
  }
  point[0] = x
  point[1] = y
}

/** All machines that Graft runs on are little-endian. */
const asBytes = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
