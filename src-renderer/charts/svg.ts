import { type ColumnProfile, type TableStatistics } from '../../src-main/contract'

/** Tiny plots that need no axes: paths of SVG, cheap enough for a grid of them. */

/** A line through the values, fitted into the box; a single value is a short level stroke. */
export function sparkline(values: readonly number[], width: number, height: number, pad = 2): string {
  if (values.length === 0) return ''
  const low = Math.min(...values)
  const high = Math.max(...values)
  const inner = { width: width - 2 * pad, height: height - 2 * pad }
  const y = (value: number): number =>
    high === low ? height / 2 : pad + inner.height * (1 - (value - low) / (high - low))
  if (values.length === 1) {
    const level = round(y(low))
    return `M${pad},${level}H${round(width - pad)}`
  }
  const x = (index: number): number => pad + (inner.width * index) / (values.length - 1)
  return values
    .map((value, index) => `${index === 0 ? 'M' : 'L'}${round(x(index))},${round(y(value))}`)
    .join('')
}

export interface Bar {
  x: number
  y: number
  width: number
  height: number
}

/** Bars side by side; what is not zero is at least one pixel high, so that a rare value is still seen. */
export function bars(counts: readonly number[], width: number, height: number, gap = 1): Bar[] {
  const most = Math.max(...counts, 1)
  const step = width / Math.max(counts.length, 1)
  return counts.map((value, index) => {
    const tall = value === 0 ? 0 : Math.max(1, (height * value) / most)
    return {
      x: round(index * step),
      y: round(height - tall),
      width: round(Math.max(step - gap, 0.5)),
      height: round(tall),
    }
  })
}

/** The counts that a column's header plot shows: its histogram, else its most frequent values. */
export function headerCounts(profile: ColumnProfile): number[] {
  if (profile.histogram) return profile.histogram.counts
  return profile.top?.map((entry) => entry.count) ?? []
}

export interface Point {
  x: number
  y: number
}

/** Points fitted into a square with one scale for both axes, so that the cloud keeps its form. */
export function cloud(statistics: TableStatistics, size: number, most: number, pad = 4): Point[] {
  const total = statistics.pointRows.length
  if (total === 0) return []
  const stride = Math.max(1, Math.ceil(total / most))
  const picked: Point[] = []
  for (let index = 0; index < total; index += stride)
    picked.push({ x: statistics.points[index * 2] ?? 0, y: statistics.points[index * 2 + 1] ?? 0 })
  const reach = Math.max(...picked.map((point) => Math.max(Math.abs(point.x), Math.abs(point.y))), 1e-12)
  const scale = (size / 2 - pad) / reach
  return picked.map((point) => ({
    x: round(size / 2 + point.x * scale),
    y: round(size / 2 - point.y * scale),
  }))
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
