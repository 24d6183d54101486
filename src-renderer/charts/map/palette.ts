import { type MapColors } from '../../../src-main/contract'
import { type ChartTheme } from '../theme'
import { pixelOf } from './raster'

/** Matplotlib's viridis: even to the eye, and for colour-blind readers too. What is high stands off the ground. */
const viridis = [
  '#440154',
  '#482878',
  '#3e4989',
  '#31688e',
  '#26828e',
  '#1f9e89',
  '#35b779',
  '#6ece58',
  '#b5de2b',
  '#fde725',
] as const

/** The ramp from low to high; its palest, or darkest, end is left out, where it would be lost on the ground. */
export function rampStops(dark: boolean): readonly string[] {
  return dark ? viridis.slice(2) : [...viridis.slice(0, 9)].reverse()
}

/** A colour of the ramp. @param share from 0, low, to 1, high */
export function rampColour(stops: readonly string[], share: number): string {
  const place = Math.max(0, Math.min(1, share)) * (stops.length - 1)
  const from = Math.min(stops.length - 2, Math.floor(place))
  const mix = place - from
  const channels = (colour: string): number[] =>
    [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
  const [low, high] = [channels(stops[from] ?? '#000000'), channels(stops[from + 1] ?? '#000000')]
  const mixed = low.map((value, i) => Math.round(value + ((high[i] ?? 0) - value) * mix))
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

/** The colour of a category by its place; the last one of a full legend, without a label, stands for all others. */
export function categoryColour(
  place: number,
  label: string | null,
  theme: ChartTheme,
  dark: boolean,
): string {
  return (label === null ? null : theme.series[place]) ?? (dark ? '#69717b' : '#a3abb5')
}

/** What points without a value look like: there, and in nobody's way. */
export const missingColour = (dark: boolean): string => (dark ? '#434950' : '#d3d7dc')

/** Codes of points that are drawn beneath the others: those without a value, and those of no category of their own. */
export function groundCodes(legend: MapColors['legend'] | null): Uint8Array {
  const ground = new Uint8Array(256)
  if (!legend) return ground
  ground[255] = 1
  if (legend.kind === 'categories')
    legend.categories.forEach(({ label }, place) => {
      if (label === null) ground[place] = 1
    })
  return ground
}

/** A pixel for every code that a point may have. @returns [256] */
export function paletteOf(legend: MapColors['legend'] | null, theme: ChartTheme, dark: boolean): Uint32Array {
  const palette = new Uint32Array(256).fill(pixelOf(missingColour(dark)))
  if (!legend) palette.fill(pixelOf(theme.train))
  else if (legend.kind === 'categories')
    legend.categories.forEach(({ label }, place) => {
      palette[place] = pixelOf(categoryColour(place, label, theme, dark))
    })
  else {
    const stops = rampStops(dark)
    for (let code = 0; code < 255; code++) palette[code] = pixelOf(rampColour(stops, code / 254))
  }
  return palette
}
