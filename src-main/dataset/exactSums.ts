import type { Duck } from './duckdb'

/**
 * Sums of doubles that come out the same to the last bit, whichever threads add which rows first. Every value is taken as
 * its distance from the middle of all, in units of 2⁻⁶⁰ of a power of two above the largest distance, and these integers
 * are added exactly (DuckDB's HUGEINT holds 2⁶⁷ of them). What is lost is the rounding of each value to its unit, less
 * than what adding doubles loses; the variance is right to n · 2⁻⁵⁵ where a single value far off makes up all of it.
 */

/** The smallest and the largest of the values, or numbers beyond them. */
export interface Bounds {
  readonly low: number
  readonly high: number
}

/** Where the integers are counted from, and the power of two that 2⁶⁰ of them are. */
export interface Frame {
  readonly center: number
  readonly unit: number
}

const fractionBits = 60

export function frameOf({ low, high }: Bounds): Frame {
  const center = low / 2 + high / 2
  const furthest = Math.max(high - center, center - low)
  const exponent = furthest > 0 ? Math.ceil(Math.log2(furthest)) : 0
  // Beyond these the powers of two would leave a double's range.
  return { center, unit: 2 ** Math.min(1023, Math.max(-900, exponent)) }
}

/** A frame whose integers are counted from zero, so that sums of several groups can be added. */
export function frameAroundZero({ low, high }: Bounds): Frame {
  const furthest = Math.max(Math.abs(low), Math.abs(high))
  return frameOf({ low: -furthest, high: furthest })
}

/** A double that DuckDB reads back bit for bit; a bare literal would be a decimal. */
export const exact = (x: number): string => `'${x}'::DOUBLE`

/** The sum of x, which is within the frame's bounds, in SQL: a HUGEINT. */
export function sumIn({ center, unit }: Frame, x: string): string {
  return `sum(CAST((${x} - ${exact(center)}) * ${exact(2 ** fractionBits / unit)} AS BIGINT))`
}

/** The sum of squares of x, which is within the frame's bounds, in SQL: a HUGEINT. */
export function squaresIn({ center, unit }: Frame, x: string): string {
  const distance = `((${x} - ${exact(center)}) * ${exact(1 / unit)})`
  return `sum(CAST(${distance} * ${distance} * ${exact(2 ** fractionBits)} AS BIGINT))`
}

/** The frame in which the square of an integer is that integer again: sums of integers and their squares need no rounding. */
export const integerFrame: Frame = { center: 0, unit: 2 ** (fractionBits / 2) }

/** Whether integers within these bounds can be summed in the {@link integerFrame}. */
export function areSmall({ low, high }: Bounds): boolean {
  return Math.max(Math.abs(low), Math.abs(high)) <= integerFrame.unit
}

/** {@link sumIn} the {@link integerFrame}, of a BIGINT. */
export const integerSum = (x: string): string => `(sum(${x}) * ${integerFrame.unit})`

/** {@link squaresIn} the {@link integerFrame}, of a BIGINT. */
export const integerSquares = (x: string): string => `sum(${x} * ${x})`

/** A sum of a {@link frameAroundZero} as a double, in SQL. */
export function sumOf({ unit }: Frame, sum: string): string {
  return `((${sum})::DOUBLE * ${exact(unit / 2 ** fractionBits)})`
}

/** The mean of n values, of their {@link sumIn} a frame. */
export function meanOf({ center, unit }: Frame, sum: bigint, n: number): number {
  return n === 0 ? 0 : center + (Number(sum) / n / 2 ** fractionBits) * unit
}

/** The variance of n values (of the whole population), of their {@link sumIn} and {@link squaresIn} a frame. */
export function varianceOf({ unit }: Frame, sum: bigint, squares: bigint, n: number): number {
  if (n === 0) return 0
  // In integers nothing is lost where nearly equal numbers are subtracted.
  const spread = BigInt(n) * (squares << BigInt(fractionBits)) - sum * sum
  const share = Number(spread < 0n ? 0n : spread) / n / n / 2 ** (2 * fractionBits)
  return share * unit * unit
}

/** The mean of a number in SQL over rows, null where none has it. */
export async function exactMean(duck: Duck, from: string, x: string): Promise<number | null> {
  const bounds = await boundsOf(duck, from, x)
  if (!bounds) return null
  const frame = frameOf(bounds)
  const [found] = await duck.all(
    `SELECT ${sumIn(frame, 'x')} AS s, count(x)::DOUBLE AS n FROM (SELECT (${x})::DOUBLE AS x FROM ${from})`,
  )
  return meanOf(frame, asBigInt(found?.s), Number(found?.n ?? 0))
}

/** The bounds of a number in SQL over rows, null where none has it. */
export async function boundsOf(duck: Duck, from: string, x: string): Promise<Bounds | null> {
  const [found] = await duck.all(
    `SELECT min(x) AS low, max(x) AS high FROM (SELECT (${x})::DOUBLE AS x FROM ${from})`,
  )
  const [low, high] = [found?.low, found?.high]
  return typeof low === 'number' && typeof high === 'number' ? { low, high } : null
}

/** A HUGEINT as DuckDB gives it; a sum of nothing is null. */
export function asBigInt(value: unknown): bigint {
  return typeof value === 'bigint' ? value : 0n
}
