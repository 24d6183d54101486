/** What part of a map is in sight: the point in the middle, and how many pixels one unit of the map is. */
export interface Viewport {
  readonly x: number
  readonly y: number
  readonly scale: number
  readonly width: number // pixels
  readonly height: number // pixels
}

export interface Bounds {
  readonly left: number
  readonly right: number
  readonly bottom: number
  readonly top: number
}

const margin = 34 // pixels

/** The view that shows all of the bounds, both axes on one scale: distances are what a map is about. */
export function fit({ left, right, bottom, top }: Bounds, width: number, height: number): Viewport {
  const [wide, high] = [right - left, top - bottom]
  const roomX = Math.max(width - 2 * margin, 1)
  const roomY = Math.max(height - 2 * margin, 1)
  const scale = Math.min(wide > 0 ? roomX / wide : Infinity, high > 0 ? roomY / high : Infinity)
  return {
    x: (left + right) / 2,
    y: (bottom + top) / 2,
    scale: Number.isFinite(scale) ? scale : 1,
    width,
    height,
  }
}

/** Pixels from the left and from the top; the map's y grows upwards. */
export const screenX = (view: Viewport, x: number): number => (x - view.x) * view.scale + view.width / 2
export const screenY = (view: Viewport, y: number): number => (view.y - y) * view.scale + view.height / 2
export const mapX = (view: Viewport, px: number): number => (px - view.width / 2) / view.scale + view.x
export const mapY = (view: Viewport, py: number): number => view.y - (py - view.height / 2) / view.scale

/** Moves what is seen by so many pixels. */
export function pan(view: Viewport, dx: number, dy: number): Viewport {
  return { ...view, x: view.x - dx / view.scale, y: view.y + dy / view.scale }
}

/** Zooms by a factor; what lies under the pixel stays there. @param fitted the view of all, which bounds the zoom */
export function zoomAt(view: Viewport, px: number, py: number, factor: number, fitted: Viewport): Viewport {
  const scale = Math.min(Math.max(view.scale * factor, fitted.scale / 4), fitted.scale * 4000)
  const [x, y] = [mapX(view, px), mapY(view, py)]
  return {
    ...view,
    scale,
    x: x - (px - view.width / 2) / scale,
    y: y + (py - view.height / 2) / scale,
  }
}

/** The same part of the map in a window of another size. */
export const resized = (view: Viewport, width: number, height: number): Viewport => ({
  ...view,
  width,
  height,
  scale: view.scale * Math.min(width / view.width, height / view.height),
})

/** A view with the point in the middle, not further away than it was. */
export const centred = (view: Viewport, x: number, y: number): Viewport => ({ ...view, x, y })

/**
 * Bounds that hold all points but a few far ones (0.2 % at each side), a little widened: one stray row does not press all
 * others into a dot. Found from a sample of at most 20,000 points.
 * @param points x0, y0, x1, …
 */
export function boundsOf(points: Float32Array): Bounds {
  const count = points.length / 2
  const stride = Math.max(1, Math.floor(count / 20_000))
  const size = Math.ceil(count / stride)
  const xs = new Float32Array(size)
  const ys = new Float32Array(size)
  for (let i = 0; i < size; i++) {
    xs[i] = points[2 * i * stride] ?? 0
    ys[i] = points[2 * i * stride + 1] ?? 0
  }
  const [left, right] = rangeOf(xs.sort())
  const [bottom, top] = rangeOf(ys.sort())
  return { left, right, bottom, top }
}

function rangeOf(sorted: Float32Array): [number, number] {
  const last = sorted.length - 1
  const [min, max] = [sorted[0] ?? 0, sorted[last] ?? 0]
  const low = sorted[Math.floor(last * 0.002)] ?? min
  const high = sorted[Math.ceil(last * 0.998)] ?? max
  const room = (high - low) * 0.1
  return [Math.max(min, low - room), Math.min(max, high + room)]
}
