import { pointsPerLook } from './slices'

/** A closed outline: x0, y0, x1, … */
export type Outline = readonly number[]

/** Whether a place lies inside an outline: a ray to the right crosses it an odd number of times (even-odd rule). */
export function isInside(outline: Outline, x: number, y: number): boolean {
  let inside = false
  for (let i = 0, j = outline.length - 2; i < outline.length; j = i, i += 2) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = [outline[i], outline[i + 1], outline[j], outline[j + 1]]
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside
  }
  return inside
}

/** The points within an outline, in order; yields now and then. @param points x0, y0, x1, … */
export function* pointsInside(points: Float32Array, outline: Outline): Generator<void, Uint32Array> {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = 0; i < outline.length; i += 2) {
    left = Math.min(left, outline[i] ?? 0)
    right = Math.max(right, outline[i] ?? 0)
    bottom = Math.min(bottom, outline[i + 1] ?? 0)
    top = Math.max(top, outline[i + 1] ?? 0)
  }
  const found: number[] = []
  // Inside the bounds every point costs a walk around the outline.
  let looks = 0
  for (let point = 0; point < points.length / 2; point++) {
    const x = points[2 * point] ?? 0
    const y = points[2 * point + 1] ?? 0
    if (x >= left && x <= right && y >= bottom && y <= top) {
      looks += outline.length / 16
      if (isInside(outline, x, y)) found.push(point)
    }
    looks += 1
    if (looks > pointsPerLook) {
      looks = 0
      yield
    }
  }
  return Uint32Array.from(found)
}
