import { mostCategories, mostPoints, rowOfPoint, type MapColors } from '../../contract'
import { type RowValues } from './values'

const none = 255
/** Codes of numbers go from 0 to this. */
const topCode = 254

/** A byte for each point of the map, and what the bytes mean. */
export function colorPoints(values: RowValues): MapColors {
  const rows = values.kind === 'numbers' ? values.values.length : values.places.length
  const points = Math.min(rows - 1, mostPoints)
  return values.kind === 'numbers'
    ? colorNumbers(values.values, rows, points)
    : colorCategories(values, rows, points)
}

function colorCategories(
  { places, labels }: Extract<RowValues, { kind: 'categories' }>,
  rows: number,
  points: number,
): MapColors {
  const named = Math.min(labels.length, mostCategories)
  const codes = new Uint8Array(points)
  const counts = new Array<number>(named + 1).fill(0)
  let missing = 0
  for (let point = 0; point < points; point++) {
    const place = places[rowOfPoint(rows, point)] ?? -1
    const code = place < 0 ? none : Math.min(place, named)
    codes[point] = code
    if (code === none) missing += 1
    else counts[code] = (counts[code] ?? 0) + 1
  }
  const categories = labels.slice(0, named).map((label, place) => ({
    label: label as string | null,
    points: counts[place] ?? 0,
  }))
  if (labels.length > named) categories.push({ label: null, points: counts[named] ?? 0 })
  return { codes: base64(codes), missing, legend: { kind: 'categories', categories } }
}

function colorNumbers(values: Float32Array, rows: number, points: number): MapColors {
  const drawn = new Float32Array(points)
  for (let point = 0; point < points; point++) drawn[point] = values[rowOfPoint(rows, point)] ?? Number.NaN
  const sorted = drawn.filter((value) => Number.isFinite(value)).sort()
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0
  const [min, low, high, max] = [at(0), at(0.01), at(0.99), at(1)]
  // Counts span powers of ten: on an even scale all but a few would have one colour. Zeros say nothing of the span.
  const zeros = sorted.findIndex((value) => value > 0)
  const middle = min < 0 || zeros < 0 ? 0 : (sorted[Math.floor((zeros + sorted.length) / 2)] ?? 0)
  const log = middle > 0 && high / middle > 8
  const scale = (value: number): number => (log ? Math.log1p(value / middle) : value)
  const [from, to] = [scale(low), scale(high)]
  const codes = new Uint8Array(points)
  let missing = 0
  for (let point = 0; point < points; point++) {
    const value = drawn[point] ?? Number.NaN
    if (!Number.isFinite(value)) {
      codes[point] = none
      missing += 1
      continue
    }
    const share = to > from ? (scale(value) - from) / (to - from) : 0.5
    codes[point] = Math.round(Math.max(0, Math.min(1, share)) * topCode)
  }
  return { codes: base64(codes), missing, legend: { kind: 'numbers', low, high, min, max, log } }
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
