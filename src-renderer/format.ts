import { type Part } from '../src-main/contract'

/** Every number that the window shows, and what parts are called, is written here, so that it reads the same everywhere. */

const thinSpace = '\u202f'
const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** What stands where there is no value. */
export const none = '–'

/** 12,345 */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value) ? none : grouped.format(value)
}

/** 985 · 12.3 k · 1.2 M · 3.4 G: three significant digits at most. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none
  const magnitude = Math.abs(value)
  const units: [number, string][] = [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ]
  for (const [size, unit] of units) {
    // 999,950 rounds to 1,000.0 k: it belongs to the next unit.
    if (magnitude >= size * 0.99995) return `${significant(value / size)}${thinSpace}${unit}`
  }
  return Number.isInteger(value) ? String(value) : significant(value)
}

function significant(value: number): string {
  const digits = Math.abs(value) >= 99.95 ? 0 : 1
  return value.toFixed(digits).replace(/\.0$/, '')
}

/** 99.1 % from a fraction of 1. A share that is not exactly all or nothing never reads as 100 % or 0 %. */
export function share(fraction: number | null | undefined): string {
  if (fraction === null || fraction === undefined || !Number.isFinite(fraction)) return none
  if (fraction > 0 && fraction < 0.0005) return `<${thinSpace}0.1${thinSpace}%`
  if (fraction < 1 && fraction > 0.9995) return `>${thinSpace}99.9${thinSpace}%`
  return `${(fraction * 100).toFixed(1).replace(/\.0$/, '')}${thinSpace}%`
}

/** 860 kB, 1.2 MB: decimal units, as disks are sold and files are listed. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let rest = value
  let unit = 0
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000
    unit += 1
  }
  const digits = unit === 0 || rest >= 99.95 ? 0 : 1
  return `${rest.toFixed(digits)}${thinSpace}${units[unit] ?? 'B'}`
}

/** A loss or an AUC: fixed digits, so that columns of them align. */
export function metric(value: number | null | undefined, digits = 4): string {
  return value === null || value === undefined || !Number.isFinite(value) ? none : value.toFixed(digits)
}

/** A value of any size in a tooltip or profile: 5 significant digits, exponent where needed. */
export function real(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return grouped.format(value)
  const magnitude = Math.abs(value)
  if (magnitude >= 1e-4 && magnitude < 1e6) return String(Number(value.toPrecision(5)))
  return value.toExponential(2)
}

/** A value in a column of numbers: four decimals, so that the points align; far too small or large ones by exponent. */
export function decimal(value: number): string {
  const magnitude = Math.abs(value)
  if (!Number.isFinite(value)) return String(value)
  return magnitude !== 0 && (magnitude < 5e-5 || magnitude >= 1e7) ? value.toExponential(2) : value.toFixed(4)
}

/** 41 ms · 8.2 s · 3 min 12 s · 2 h 5 min */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds) || seconds < 0) return none
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)}${thinSpace}ms`
  if (seconds < 59.95) return `${seconds.toFixed(1)}${thinSpace}s`
  const whole = Math.round(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  if (hours > 0) return `${hours}${thinSpace}h ${minutes}${thinSpace}min`
  return `${minutes}${thinSpace}min ${rest}${thinSpace}s`
}

/** A rate with its unit: 104 k rows/s. */
export function rate(perSecond: number | null | undefined, unit = 'rows'): string {
  return perSecond === null || perSecond === undefined ? none : `${short(perSecond)} ${unit}/s`
}

/** 1,681 × 128, the batch written as its name. */
export function shape(dimensions: readonly (number | null)[]): string {
  return dimensions.map((size) => (size === null ? 'batch' : count(size))).join(' × ')
}

/** 1 table · 6 tables */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** The first characters of a hash: enough to tell two apart at a glance. */
export function hash(value: string): string {
  return value.slice(0, 10)
}

/** 14:05 today, 22 Nov 14:05 this year, 22 Nov 2025 before. */
export function when(iso: string, now = new Date()): string {
  const time = new Date(iso)
  if (Number.isNaN(time.getTime())) return none
  const clock = time.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  if (time.toDateString() === now.toDateString()) return clock
  const day = time.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
  return time.getFullYear() === now.getFullYear() ? `${day} ${clock}` : `${day} ${time.getFullYear()}`
}

/** The last name of a path of either kind of system. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).filter(Boolean).pop() ?? path
}

/** What the parts of the data are called. */
export const partTitles: Record<Part, string> = { train: 'Training', validation: 'Validation', test: 'Test' }
