import fc from 'fast-check'
import { expect, it } from 'vitest'
import { withDuck } from '../../../src-main/dataset/duckdb'
import {
  asBigInt,
  exact,
  frameOf,
  meanOf,
  squaresIn,
  sumIn,
  varianceOf,
} from '../../../src-main/dataset/exactSums'

/** A double is 2^-1074 times an integer, so sums of them can be taken without any loss. */
const integerOf = (x: number): bigint => {
  const bits = new BigUint64Array(new Float64Array([x]).buffer)[0] ?? 0n
  const [exponent, fraction] = [(bits >> 52n) & 0x7ffn, bits & ((1n << 52n) - 1n)]
  const size = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n)
  return bits >> 63n === 1n ? -size : size
}
/** A quotient of integers as a double, with more digits than it holds. */
const quotient = (a: bigint, b: bigint): number => {
  const shift = BigInt(Math.max(0, b.toString(2).length - a.toString(2).length + 80))
  const [n, k] = [Number((a << shift) / b), Number(shift)]
  return n * 2 ** -Math.min(k, 1000) * 2 ** -Math.max(0, k - 1000)
}

it('mean and variance are those of exact arithmetic, and the same for any order of the rows', async () => {
  const values = fc.array(
    fc.oneof(
      fc.double({ min: -1e9, max: 1e9, noNaN: true }).map((x) => (Math.abs(x) < 1e-12 ? 0 : x)),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 1_600_000_000, max: 1_600_000_100 }),
    ),
    { minLength: 1, maxLength: 60 },
  )
  await withDuck(async (duck) => {
    await fc.assert(
      fc.asyncProperty(values, async (all) => {
        const [low, high] = [Math.min(...all), Math.max(...all)]
        const frame = frameOf({ low, high })
        const summed = async (of: readonly number[]): Promise<[bigint, bigint]> => {
          const [found] = await duck.all(
            `SELECT ${sumIn(frame, 'x')} AS s, ${squaresIn(frame, 'x')} AS q FROM (SELECT unnest([${of.map(exact).join(', ')}]) AS x)`,
          )
          return [asBigInt(found?.s), asBigInt(found?.q)]
        }
        const [sum, squares] = await summed(all)
        expect(await summed([...all].reverse())).toEqual([sum, squares])
        const n = all.length
        const whole = all.map(integerOf)
        const total = whole.reduce((a, b) => a + b, 0n)
        const square = whole.reduce((a, b) => a + b * b, 0n)
        const mean = quotient(total, BigInt(n) << 1074n)
        const variance = quotient(BigInt(n) * square - total * total, BigInt(n * n) << 2148n)
        const range = high - low
        expect(Math.abs(meanOf(frame, sum, n) - mean)).toBeLessThanOrEqual(4e-16 * (range + Math.abs(mean)))
        expect(Math.abs(varianceOf(frame, sum, squares, n) - variance)).toBeLessThanOrEqual(
          1e-15 * range * range,
        )
      }),
      { numRuns: 60 },
    )
  })
})

it('nothing, one value and numbers at the ends of what a double holds', async () => {
  await withDuck(async (duck) => {
    const of = async (values: readonly number[]): Promise<[number, number]> => {
      const frame = frameOf({ low: Math.min(...values, 0), high: Math.max(...values, 0) })
      const list = values.map(exact).join(', ')
      const [found] = await duck.all(
        `SELECT ${sumIn(frame, 'x')} AS s, ${squaresIn(frame, 'x')} AS q FROM (SELECT unnest([${list}]::DOUBLE[]) AS x)`,
      )
      const [s, q] = [asBigInt(found?.s), asBigInt(found?.q)]
      return [meanOf(frame, s, values.length), varianceOf(frame, s, q, values.length)]
    }
    expect(await of([])).toEqual([0, 0])
    expect(await of([7.25])).toEqual([7.25, 0])
    expect(await of([0, 1, 1, 0])).toEqual([0.5, 0.25])
    const [large] = await of([1.5e308, 1.5e308, 0])
    expect(large / 1e308).toBeCloseTo(1, 12)
  })
})
