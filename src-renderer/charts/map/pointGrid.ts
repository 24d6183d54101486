import { pointsPerLook } from './slices'

/** Points in the cells of a grid, so that the one under the pointer is found among few. */
export interface PointGrid {
  readonly left: number
  readonly bottom: number
  /** Edge of a cell, in units of the map. */
  readonly cellX: number
  readonly cellY: number
  readonly size: number
  readonly starts: Uint32Array // [size² + 1]
  readonly order: Uint32Array // [points]
}

/** @param points x0, y0, x1, … */
export function* buildGrid(points: Float32Array): Generator<void, PointGrid> {
  const count = points.length / 2
  const size = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(count / 4))))
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = 0; i < count; i++) {
    const [x, y] = [points[2 * i] ?? 0, points[2 * i + 1] ?? 0]
    if (x < left) left = x
    if (x > right) right = x
    if (y < bottom) bottom = y
    if (y > top) top = y
    if (i % pointsPerLook === 0) yield
  }
  const cellX = Math.max((right - left) / size, Number.MIN_VALUE)
  const cellY = Math.max((top - bottom) / size, Number.MIN_VALUE)
  const grid = { left, bottom, cellX, cellY, size }
  const cells = new Uint32Array(count)
  const starts = new Uint32Array(size * size + 1)
  for (let i = 0; i < count; i++) {
    const cell = cellOf(grid, points[2 * i] ?? 0, points[2 * i + 1] ?? 0)
    cells[i] = cell
    starts[cell + 1] = (starts[cell + 1] ?? 0) + 1
    if (i % pointsPerLook === 0) yield
  }
  for (let c = 0; c < size * size; c++) starts[c + 1] = (starts[c + 1] ?? 0) + (starts[c] ?? 0)
  const next = starts.slice()
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    const cell = cells[i] ?? 0
    order[next[cell] ?? 0] = i
    next[cell] = (next[cell] ?? 0) + 1
    if (i % pointsPerLook === 0) yield
  }
  return { ...grid, starts, order }
}

type Cells = Pick<PointGrid, 'left' | 'bottom' | 'cellX' | 'cellY' | 'size'>

const clamp = (value: number, size: number): number => Math.max(0, Math.min(size - 1, Math.floor(value)))

function cellOf({ left, bottom, cellX, cellY, size }: Cells, x: number, y: number): number {
  return clamp((y - bottom) / cellY, size) * size + clamp((x - left) / cellX, size)
}

/** The point nearest to a place, within a radius; −1 where there is none. */
export function nearestPoint(
  grid: PointGrid,
  points: Float32Array,
  x: number,
  y: number,
  radius: number,
): number {
  const { left, bottom, cellX, cellY, size, starts, order } = grid
  let best = -1
  let near = radius * radius
  const [fromX, toX] = [clamp((x - radius - left) / cellX, size), clamp((x + radius - left) / cellX, size)]
  const [fromY, toY] = [
    clamp((y - radius - bottom) / cellY, size),
    clamp((y + radius - bottom) / cellY, size),
  ]
  for (let row = fromY; row <= toY; row++)
    for (let place = starts[row * size + fromX] ?? 0; place < (starts[row * size + toX + 1] ?? 0); place++) {
      const point = order[place] ?? 0
      const dx = (points[2 * point] ?? 0) - x
      const dy = (points[2 * point + 1] ?? 0) - y
      const distance = dx * dx + dy * dy
      if (distance < near || (distance === near && best < 0)) [best, near] = [point, distance]
    }
  return best
}
