import { pointsPerLook } from './slices'
import { type Viewport } from './viewport'

/** Pixels as one number each: alpha, blue, green, red from the highest byte on, as ImageData lies in memory. */
export type Pixels = Uint32Array

/** A round dot: its pixels' places around the centre, and how much of each it covers (0 to 256). */
export interface Dot {
  readonly dx: Int8Array
  readonly dy: Int8Array
  readonly cover: Uint16Array
  readonly reach: number
}

/** @param radius in device pixels @param opacity of 1 */
export function dotOf(radius: number, opacity: number): Dot {
  const reach = Math.ceil(radius)
  const dx: number[] = []
  const dy: number[] = []
  const cover: number[] = []
  for (let y = -reach; y <= reach; y++)
    for (let x = -reach; x <= reach; x++) {
      const share = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(x, y)))
      if (share <= 0.02) continue
      dx.push(x)
      dy.push(y)
      cover.push(Math.round(256 * share * opacity))
    }
  return { dx: Int8Array.from(dx), dy: Int8Array.from(dy), cover: Uint16Array.from(cover), reach }
}

/** `#rrggbb` as a pixel. */
export function pixelOf(colour: string): number {
  const value = Number.parseInt(colour.slice(1), 16)
  const [red, green, blue] = [(value >> 16) & 255, (value >> 8) & 255, value & 255]
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
}

export interface Scene {
  /** x0, y0, x1, …, in units of the map. */
  readonly points: Float32Array
  /** A place in `palette` for each point; null draws all by place 0. */
  readonly codes: Uint8Array | null
  readonly palette: Uint32Array // [256]
  /** 1 for codes whose points lie beneath the others. */
  readonly ground: Uint8Array // [256]
  /** 1 for points that stand out; the others step back. Null: all alike. */
  readonly marked: Uint8Array | null
  readonly dot: Dot
  /** Of points that step back. */
  readonly faint: Dot
}

/** A number that shares no factor with `count`, near the golden section of it: steps that spread evenly. */
export function strideOf(count: number): number {
  const common = (a: number, b: number): number => (b === 0 ? a : common(b, a % b))
  let stride = Math.max(1, Math.floor(count * 0.6180339887))
  while (common(count, stride) !== 1) stride += 1
  return stride
}

/**
 * Draws points onto pixels, those that stand out above the others. It goes through them in even steps, so that after any
 * part of the way the picture is a fair sample of the whole; yields now and then.
 * @param view in device pixels, as wide as the picture
 */
export function* drawPoints(scene: Scene, view: Viewport, pixels: Pixels): Generator<void, void> {
  const layered = scene.codes !== null && scene.ground.includes(1)
  if (scene.marked) yield* drawPass(scene, view, pixels, scene.faint, 0, null)
  const mark = scene.marked ? 1 : null
  if (layered) yield* drawPass(scene, view, pixels, scene.dot, mark, 1)
  yield* drawPass(scene, view, pixels, scene.dot, mark, layered ? 0 : null)
}

/** One pass over all points; `mark` and `layer` draw those of that mark and of that layer alone. */
function* drawPass(
  { points, codes, palette, marked, ground }: Scene,
  view: Viewport,
  pixels: Pixels,
  { dx, dy, cover, reach }: Dot,
  mark: 0 | 1 | null,
  layer: 0 | 1 | null,
): Generator<void, void> {
  const count = points.length / 2
  const stride = strideOf(count)
  const { width, height, scale } = view
  const offsetX = width / 2 - view.x * scale
  const offsetY = height / 2 + view.y * scale
  const size = dx.length
  let point = 0
  for (let drawn = 0; drawn < count; drawn++) {
    if (drawn % pointsPerLook === pointsPerLook - 1) yield
    point += stride
    if (point >= count) point -= count
    if (mark !== null && (marked?.[point] ?? 0) !== mark) continue
    const code = codes ? (codes[point] ?? 255) : 0
    if (layer !== null && ground[code] !== layer) continue
    const px = Math.round((points[2 * point] ?? 0) * scale + offsetX)
    const py = Math.round(offsetY - (points[2 * point + 1] ?? 0) * scale)
    if (px < reach || py < reach || px >= width - reach || py >= height - reach) continue
    const colour = palette[code] ?? 0
    const redBlue = colour & 0xff00ff
    const green = colour & 0xff00
    for (let i = 0; i < size; i++) {
      const at = (py + (dy[i] ?? 0)) * width + px + (dx[i] ?? 0)
      const share = cover[i] ?? 0
      const under = pixels[at] ?? 0
      const rest = 256 - share
      // Two channels at a time: each has eight bits of room above it.
      const mixed =
        ((((under & 0xff00ff) * rest + redBlue * share) >>> 8) & 0xff00ff) |
        ((((under & 0xff00) * rest + green * share) >>> 8) & 0xff00)
      pixels[at] = (mixed | 0xff000000) >>> 0
    }
  }
}

/** Dots that suit so many points on a screen: fewer are larger and more opaque. @param zoom 1 shows all */
export function dotFor(count: number, zoom: number, ratio: number): { radius: number; opacity: number } {
  const base = count <= 500 ? 4 : count <= 3000 ? 3 : count <= 20_000 ? 2.1 : count <= 200_000 ? 1.5 : 1
  const growth = Math.min(2, Math.max(1, Math.sqrt(Math.sqrt(zoom))))
  const radius = Math.min(5.5, base * growth)
  const opacity = count <= 3000 ? 0.85 : count <= 20_000 ? 0.7 : 0.55
  return { radius: radius * ratio, opacity: Math.min(0.9, opacity * growth) }
}
