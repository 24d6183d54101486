import { UMAP } from 'umap-js'
import { GraftError } from '../../contract/errors'
import { mostPoints, pointOfRow, rowOfPoint } from '../../contract/maps'
import { breathe } from '../breathe'
import { type TableRows } from '../neighbors'
import { principalPlane, type PrincipalPlane } from '../principalAxes'
import { uniformGenerator } from '../random'
import { openVectorFile } from '../readers'
import { chooseArray } from '../readers/reader'
import { type MapPlan, type MappedTable } from './plan'
import { drawRows, firstId, forEachRow, readChosen, toDirections } from './rows'

/** UMAP is fitted on so many rows; the others are placed among them. */
const fittedRows = 10_000
/** Numbers of the fitted rows at most: of a wide table fewer rows are fitted. */
const fittedNumbers = 4_194_304
/** Rows that are placed, and epochs that are laid out, between two reports. */
const placedAtOnce = 250
const epochsAtOnce = 5
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

/**
 * UMAP (McInnes, Healy and Melville, 2018), by umap-js with umap-learn's defaults: fitted on some rows, the others placed
 * among them by its transform. It works in this thread for seconds at a time, which is why a map is made in a process of
 * its own.
 */
async function mapByUmap(table: TableRows, plan: MapPlan, report: ReportMap): Promise<MappedTable> {
  const [rows = 0, width = 0] = table.array.shape
  const random = uniformGenerator(seed)
  const wanted = Math.max(2, Math.min(fittedRows, Math.floor(fittedNumbers / width)))
  const chosen = drawRows(rows, wanted, random)
  const nNeighbors = Math.min(plan.neighbors, chosen.length - 1)
  // With a neighbour or none there is no neighbourhood to keep.
  if (nNeighbors < 2) return mapByPca(table, report)
  const values = await readChosen(table, chosen, (done, total) => report('Reading rows', done, total, 'rows'))
  const vectorOf = (from: Float32Array, at: number): number[] => {
    const vector = from.slice(at, at + width)
    if (plan.metric === 'cosine') toDirections(vector, width)
    return Array.from(vector)
  }
  report('Finding neighbours', 0, chosen.length, 'rows')
  await breathe()
  const umap = new UMAP({ nNeighbors, random })
  const epochs = umap.initializeFit(Array.from(chosen, (_, place) => vectorOf(values, place * width)))
  report('Finding neighbours', chosen.length, chosen.length, 'rows')
  for (let epoch = 0; epoch < epochs; epoch++) {
    umap.step()
    report('Laying out', epoch + 1, epochs, 'epochs')
    if (epoch % epochsAtOnce === 0) await breathe()
  }
  const placed = new PlacedPoints(rows)
  umap.getEmbedding().forEach((point, place) => placed.set(chosen[place] ?? 0, point))

  const others = new Set(placed.rows())
  for (const row of chosen) others.delete(row)
  const total = others.size
  let waiting: { row: number; vector: number[] }[] = []
  let done = 0
  const place = (): void => {
    if (waiting.length === 0) return
    const points = umap.transform(waiting.map(({ vector }) => vector))
    waiting.forEach(({ row }, i) => placed.set(row, points[i] ?? []))
    done += waiting.length
    waiting = []
    report('Placing rows', done, total, 'rows')
  }
  await forEachRow(
    table,
    (row, block, at) => {
      if (!others.has(row)) return
      waiting.push({ row, vector: vectorOf(block, at) })
      if (waiting.length === placedAtOnce) place()
    },
    () => undefined,
  )
  place()
  return { rows, points: asBytes(placed.points), fitted: chosen.length, shares: null }
}

/** The points of the drawn rows, by row. */
class PlacedPoints {
  readonly points: Float32Array // [drawn, 2]

  constructor(private readonly tableRows: number) {
    this.points = new Float32Array(2 * drawnPoints(tableRows))
  }

  /** The rows that are drawn. */
  *rows(): Generator<number> {
    for (let point = 0; 2 * point < this.points.length; point++) yield rowOfPoint(this.tableRows, point)
  }

  /** Rows that are not drawn are passed over. */
  set(row: number, [x = 0, y = 0]: readonly number[]): void {
    const point = pointOfRow(this.tableRows, row)
    if (point >= 0 && rowOfPoint(this.tableRows, point) === row) this.points.set([x, y], 2 * point)
  }
}

const drawnPoints = (rows: number): number => Math.min(rows - firstId, mostPoints)

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
