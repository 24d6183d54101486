import type { Duck } from '../duckdb'
import {
  areSmall,
  asBigInt,
  frameOf,
  integerFrame,
  integerSquares,
  integerSum,
  meanOf,
  squaresIn,
  sumIn,
  varianceOf,
  type Bounds,
} from '../exactSums'

/** What is learnt of a number: of its finite values, and of their transform. */
export interface Moments {
  rows: number
  present: number
  mean: number
  median: number
  low: number
  high: number
  /** Mean and variance (of the whole population) of the transformed values. */
  center: number
  variance: number
}

export interface MomentsWish {
  /** The number in SQL, null where it is missing or not finite. */
  readonly x: string
  /** The same as a BIGINT, where it is one. */
  readonly integer: string | null
  /** Whether it is transformed to ln(1 + x). */
  readonly isLogarithm: boolean
  /** Bounds of x where they are known; they may be too wide. */
  readonly within: Bounds | null
  readonly median: boolean
  readonly bounds: boolean
  readonly moments: boolean
}

/** Aggregates of several columns in one pass, two where bounds are unknown; what is of no rows is 0. */
export async function moments(duck: Duck, from: string, wanted: readonly MomentsWish[]): Promise<Moments[]> {
  const bounds = await completeBounds(duck, from, wanted)
  const frames = wanted.map(({ isLogarithm, integer }, i) => {
    const of = bounds[i] ?? { low: 0, high: 0 }
    const whole = integer !== null && areSmall(of)
    return { whole, x: whole ? integerFrame : frameOf(of), t: isLogarithm ? frameOf(logarithms(of)) : null }
  })
  const inner = wanted.flatMap(({ x, integer, isLogarithm }, i) => [
    `${(frames[i]?.whole ? integer : null) ?? x} AS x${i}`,
    ...(isLogarithm ? [`CASE WHEN ${x} > -1 THEN ln(1 + ${x}) END AS t${i}`] : []),
  ])
  const outer = wanted.flatMap((wish, i) => {
    const { whole, x, t } = frames[i] ?? { whole: false, x: frameOf({ low: 0, high: 0 }), t: null }
    const squares = t ? squaresIn(t, `t${i}`) : whole ? integerSquares(`x${i}`) : squaresIn(x, `x${i}`)
    return [
      `count(x${i})::DOUBLE AS present_${i}`,
      `${whole ? integerSum(`x${i}`) : sumIn(x, `x${i}`)} AS sum_${i}`,
      ...(wish.bounds ? [`min(x${i})::DOUBLE AS low_${i}`, `max(x${i})::DOUBLE AS high_${i}`] : []),
      ...(t ? [`count(t${i})::DOUBLE AS logs_${i}`, `${sumIn(t, `t${i}`)} AS log_sum_${i}`] : []),
      ...(wish.moments ? [`${squares} AS squares_${i}`] : []),
      ...(wish.median ? [`median(x${i}) AS median_${i}`] : []),
    ]
  })
  const [found = {}] = await duck.all(
    `SELECT count(*)::DOUBLE AS rows, ${outer.join(', ')} FROM (SELECT ${inner.join(', ')} FROM ${from})`,
  )
  const number = (name: string): number => {
    const value = found[name]
    return typeof value === 'number' && Number.isFinite(value) ? value : 0
  }
  return frames.map(({ x, t }, i) => {
    const sum = asBigInt(found[`sum_${i}`])
    const present = number(`present_${i}`)
    const [frame, count, own] = t
      ? [t, number(`logs_${i}`), asBigInt(found[`log_sum_${i}`])]
      : [x, present, sum]
    const variance = varianceOf(frame, own, asBigInt(found[`squares_${i}`]), count)
    return {
      rows: number('rows'),
      present,
      mean: meanOf(x, sum, present),
      median: number(`median_${i}`),
      low: number(`low_${i}`),
      high: number(`high_${i}`),
      center: meanOf(frame, own, count),
      variance: Number.isFinite(variance) ? variance : 0,
    }
  })
}

/** The bounds of each column; those that nobody knows are looked for in one pass. */
async function completeBounds(
  duck: Duck,
  from: string,
  wanted: readonly MomentsWish[],
): Promise<(Bounds | null)[]> {
  const unknown = wanted.flatMap(({ within }, i) => (within ? [] : [i]))
  if (unknown.length === 0) return wanted.map(({ within }) => within)
  const inner = unknown.map((i) => `${wanted[i]?.x} AS x${i}`)
  const outer = unknown.flatMap((i) => [`min(x${i}) AS low_${i}`, `max(x${i}) AS high_${i}`])
  const [found = {}] = await duck.all(
    `SELECT ${outer.join(', ')} FROM (SELECT ${inner.join(', ')} FROM ${from})`,
  )
  return wanted.map(({ within }, i) => {
    const [low, high] = [found[`low_${i}`], found[`high_${i}`]]
    return within ?? (typeof low === 'number' && typeof high === 'number' ? { low, high } : null)
  })
}

/** Bounds of ln(1 + x) over the x above −1; of doubles that near to it, the logarithm is no less than −37. */
function logarithms({ low, high }: Bounds): Bounds {
  const of = (x: number): number => (x > -1 ? Math.log1p(x) : -37)
  return { low: of(low), high: of(high) }
}
