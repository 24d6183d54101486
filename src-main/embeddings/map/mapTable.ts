import { UMAP } from 'umap-js'
import { GraftError } from '../../contract/errors'
import { mostPoints, pointOfRow, rowOfPoint } from '../../contract/maps'
import { breathe, pieces } from '../breathe'
import { type TableRows } from '../neighbors'
import { principalPlane, type PrincipalPlane } from '../principalAxes'
import { uniformGenerator } from '../random'
import { openVectorFile } from '../readers'
import { chooseArray } from '../readers/reader'
import { fillMemberships, placeAmong } from './membership'
import { NearestRows } from './nearestRows'
import { type MapPlan, type MappedTable } from './plan'
import { drawRows, firstId, forEachRow, readChosen, toDirections } from './rows'

/** UMAP is fitted on so many rows; the others are placed among them. */
const fittedRows = 10_000
/** Numbers of the fitted rows at most: of a wide table fewer rows are fitted. */
const fittedNumbers = 4_194_304
/** Rows whose neighbours are found, and epochs that are laid out, between two breaths. */
const rowsAtOnce = 250
const epochsAtOnce = 5
/** Numbers that the principal axes are found from at most, so that they are there at once. */
const planeNumbers = 4_194_304
const seed = 42

/** `total`: null where a step tells nothing before it has ended. */
export type ReportMap = (phase: string, done: number, total: number | null, unit: string) => void

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
 * UMAP (McInnes, Healy and Melville, 2018), by umap-js with umap-learn's defaults, fitted on some rows. Each of the others
 * lies at the mean of its nearest fitted rows' places, weighed by membership: where UMAP's own transform begins. The
 * epochs that it goes on with are left out, since they take a millisecond a row. Single steps of the fit take seconds,
 * which is why a map is made in a process of its own.
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
  if (plan.metric === 'cosine') toDirections(values, width)

  report('Finding neighbours', 0, chosen.length, 'rows')
  const nearest = await NearestRows.over(values, width, random)
  const indices = new Int32Array(nNeighbors)
  const distances = new Float64Array(nNeighbors)
  const found: { indices: number[]; distances: number[] }[] = []
  for await (const [start, end] of pieces(chosen.length, rowsAtOnce)) {
    for (let place = start; place < end; place++) {
      nearest.find(values, place * width, indices, distances)
      found.push({ indices: Array.from(indices), distances: Array.from(distances) })
    }
    report('Finding neighbours', end, chosen.length, 'rows')
  }

  const umap = new UMAP({ nNeighbors, random })
  umap.setPrecomputedKNN(
    found.map((row) => row.indices),
    found.map((row) => row.distances),
  )
  // Seconds in one piece: what is told before has to be sent first.
  report('Weighing neighbours', 0, null, 'rows')
  await breathe()
  // With its neighbours given, umap-js asks only how many rows there are.
  const epochs = umap.initializeFit(Array.from(chosen, () => []))
  for (let epoch = 0; epoch < epochs; epoch++) {
    umap.step()
    report('Laying out', epoch + 1, epochs, 'epochs')
    if (epoch % epochsAtOnce === 0) await breathe()
  }
  const layout = umap.getEmbedding()
  const placed = new PlacedPoints(rows)
  layout.forEach((point, place) => placed.set(chosen[place] ?? 0, point))

  const others = new Set(placed.rows())
  for (const row of chosen) others.delete(row)
  const weights = new Float64Array(nNeighbors)
  const vector = new Float32Array(width)
  let done = 0
  await forEachRow(
    table,
    (row, block, at) => {
      if (!others.has(row)) return undefined
      vector.set(block.subarray(at, at + width))
      if (plan.metric === 'cosine') toDirections(vector, width)
      nearest.find(vector, 0, indices, distances)
      fillMemberships(distances, weights)
      placed.set(row, placeAmong(layout, indices, weights))
      done += 1
      if (done % rowsAtOnce !== 0 && done < others.size) return undefined
      report('Placing rows', done, others.size, 'rows')
      return breathe()
    },
    () => undefined,
  )
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
