import { GraftError } from '../contract/errors'
import type { AlignmentSettings } from '../contract/document'
import type { AlignedTable } from './align'
import { leadingAxes } from './principalComponents'
import { normalGenerator } from './random'
import { pieces } from './breathe'

/**
 * Prepares an aligned table as the settings say, on the rows that have vectors of their own: centre, reduce to the
 * leading principal axes, normalise; then fills the rows without one. The unknown row takes part in nothing that is
 * measured, nor do ids outside of the vocabulary, so that these change nothing for those within: their vectors are only
 * transformed along.
 * @returns the table, of `settings.pca` columns where that is set
 * @throws GraftError `invalid-setting` where more axes are asked for than there are
 */
export async function prepareTable(table: AlignedTable, settings: AlignmentSettings): Promise<AlignedTable> {
  let prepared = table
  if (settings.center || settings.pca !== null) await centre(prepared)
  if (settings.pca !== null) prepared = await reduce(prepared, settings.pca)
  if (settings.normalize === 'standardize') await standardize(prepared)
  if (settings.normalize === 'l2') await scaleToUnitLength(prepared)
  await fillMissing(prepared, settings)
  return prepared
}

/** Mean and standard deviation of each column over the real rows that have a vector. */
interface Moments {
  readonly mean: Float64Array // [width]
  readonly deviation: Float64Array // [width]
}

/** Numbers that are worked on before other work gets a turn: a millisecond or two. A request may take several turns. */
const numbersAtOnce = 500_000

/** Row ranges of a table, between which timers and requests run. */
const slices = ({ rows, width }: Pick<AlignedTable, 'rows' | 'width'>): ReturnType<typeof pieces> =>
  pieces(rows, numbersAtOnce / width)

async function meanOf(table: AlignedTable): Promise<Float64Array> {
  const { vocabularyRows, width, values, present } = table
  const mean = new Float64Array(width)
  let count = 0
  for await (const [start, end] of slices({ rows: vocabularyRows, width })) {
    for (let row = Math.max(1, start); row < end; row++) {
      if (present[row] !== 1) continue
      count += 1
      for (let c = 0, at = row * width; c < width; c++, at++) mean[c] = (mean[c] ?? 0) + (values[at] ?? 0)
    }
  }
  return mean.map((sum) => sum / Math.max(1, count))
}

async function deviationOf(table: AlignedTable, mean: Float64Array): Promise<Float64Array> {
  const { vocabularyRows, width, values, present } = table
  const squares = new Float64Array(width)
  let count = 0
  for await (const [start, end] of slices({ rows: vocabularyRows, width })) {
    for (let row = Math.max(1, start); row < end; row++) {
      if (present[row] !== 1) continue
      count += 1
      for (let c = 0, at = row * width; c < width; c++, at++) {
        const difference = (values[at] ?? 0) - (mean[c] ?? 0)
        squares[c] = (squares[c] ?? 0) + difference * difference
      }
    }
  }
  return squares.map((sum) => Math.sqrt(sum / Math.max(1, count)))
}

async function momentsOf(table: AlignedTable): Promise<Moments> {
  const mean = await meanOf(table)
  return { mean, deviation: await deviationOf(table, mean) }
}

/** Applies `change` to every row that has a vector, the unknown one too. */
async function changeRows(table: AlignedTable, change: (row: Float32Array) => void): Promise<void> {
  const { width, values, present } = table
  for await (const [start, end] of slices(table)) {
    for (let row = start; row < end; row++) {
      if (present[row] === 1) change(values.subarray(row * width, (row + 1) * width))
    }
  }
}

async function centre(table: AlignedTable): Promise<void> {
  const mean = await meanOf(table)
  await changeRows(table, (row) => {
    for (let c = 0; c < row.length; c++) row[c] = (row[c] ?? 0) - (mean[c] ?? 0)
  })
}

/** Mean 0 and standard deviation 1 in each column; a constant column becomes 0. */
async function standardize(table: AlignedTable): Promise<void> {
  const { mean, deviation } = await momentsOf(table)
  await changeRows(table, (row) => {
    for (let c = 0; c < row.length; c++) {
      const scale = deviation[c] ?? 0
      row[c] = scale > 0 ? ((row[c] ?? 0) - (mean[c] ?? 0)) / scale : 0
    }
  })
}

/** Length 1 for each row; a row of zeros stays. */
async function scaleToUnitLength(table: AlignedTable): Promise<void> {
  await changeRows(table, (row) => {
    let squares = 0
    for (const value of row) squares += value * value
    const length = Math.sqrt(squares)
    if (length > 0) for (let c = 0; c < row.length; c++) row[c] = (row[c] ?? 0) / length
  })
}

/** The widest table that is reduced: its covariance takes 128 MB, and its axes minutes. */
const maxReducedWidth = 4096

/** The rows on their leading principal axes. The columns are centred already. */
async function reduce(table: AlignedTable, components: number): Promise<AlignedTable> {
  const { vocabularyRows, rows, width, values, present } = table
  let count = 0
  for (let row = 1; row < vocabularyRows; row++) count += present[row] ?? 0
  if (components > Math.min(width, count)) {
    throw new GraftError(
      'invalid-setting',
      `${count.toLocaleString('en-US')} vectors of ${width} numbers have no ${components} principal axes.`,
      `Reduce to ${Math.min(width, count)} or fewer.`,
      { width, vectors: count, components },
    )
  }
  if (width > maxReducedWidth) {
    throw new GraftError(
      'invalid-setting',
      `Vectors of ${width.toLocaleString('en-US')} numbers are too wide to find their principal axes here.`,
      `Reduce them to ${maxReducedWidth.toLocaleString('en-US')} or fewer where they are made.`,
      { width },
    )
  }
  const axes = await leadingAxes(
    values,
    rows,
    width,
    (row) => row > 0 && row < vocabularyRows && present[row] === 1,
    components,
  )
  const reduced = new Float32Array(rows * components)
  for await (const [start, end] of slices({ rows, width: width * components })) {
    for (let row = start; row < end; row++) {
      if (present[row] !== 1) continue
      for (let k = 0; k < components; k++) {
        let sum = 0
        for (let c = 0, at = row * width, axis = k * width; c < width; c++, at++, axis++) {
          sum += (values[at] ?? 0) * (axes[axis] ?? 0)
        }
        reduced[row * components + k] = sum
      }
    }
  }
  return { vocabularyRows, rows, width: components, values: reduced, present }
}

/** Seed of vectors that stand in for missing ones: the same file gives the same table. */
const fillSeed = 42

async function fillMissing(table: AlignedTable, settings: AlignmentSettings): Promise<void> {
  const { vocabularyRows, width, values, present } = table
  const hows = new Set<AlignmentSettings['missing']>()
  if (present[0] !== 1) hows.add(settings.unknown)
  if (present.subarray(1, vocabularyRows).includes(0)) hows.add(settings.missing)
  const measured = hows.has('mean') || hows.has('random')
  const mean = measured ? await meanOf(table) : new Float64Array(width)
  const deviation = hows.has('random') ? await deviationOf(table, mean) : new Float64Array(width)
  const normal = normalGenerator(fillSeed)
  const fill = (row: number, how: AlignmentSettings['missing']): void => {
    const target = values.subarray(row * width, (row + 1) * width)
    if (how === 'mean') target.set(mean)
    // Of the table's own scale: each column's mean and deviation.
    else if (how === 'random')
      for (let c = 0; c < width; c++) target[c] = (mean[c] ?? 0) + (deviation[c] ?? 0) * normal()
    else if (how === 'unknown') target.set(values.subarray(0, width))
    else target.fill(0)
  }
  if (present[0] !== 1) fill(0, settings.unknown)
  for await (const [start, end] of slices(table)) {
    for (let row = Math.max(1, start); row < end; row++) {
      // An id outside of the vocabulary for which this file has no vector is unknown to this table.
      if (present[row] !== 1) fill(row, row < vocabularyRows ? settings.missing : 'unknown')
    }
  }
}
