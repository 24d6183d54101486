import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StreamingAuc } from '../../bench/peers/streamingAuc'
import { shuffled } from '../../bench/peers/rows'
import { quantile, spread } from '../../bench/statistics'
import { inputWidth, layerSizes, parameterCounts, type Task } from '../../bench/task'
import { type Contestant, ratio, takeTurns } from '../../bench/turns'

const measurements = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 })

describe('spread of measurements', () => {
  it('ranks as NumPy does', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
    expect(quantile([10, 20, 30, 40, 50], 0.95)).toBeCloseTo(48, 12)
  })

  it('keeps half of the measurements on either side of the median, whatever their order', () => {
    fc.assert(
      fc.property(measurements, (values) => {
        const { min, median, max } = spread(values)
        expect(values.filter((value) => value < median).length).toBeLessThanOrEqual(values.length / 2)
        expect(values.filter((value) => value > median).length).toBeLessThanOrEqual(values.length / 2)
        expect(min).toBe(Math.min(...values))
        expect(max).toBe(Math.max(...values))
      }),
    )
  })

  it('refuses to rank nothing', () => {
    expect(() => quantile([], 0.5)).toThrow(RangeError)
  })
})

describe('turns', () => {
  it('go round, and ratios compare neighbours in time', async () => {
    const order: string[] = []
    const runner = (name: string, rates: number[]): Contestant => ({
      name,
      turn: () => {
        order.push(name)
        return Promise.resolve({ rowsPerSecond: rates.shift() ?? NaN, cpuMicroseconds: null })
      },
    })
    // The machine halves its speed in the second round: the ratio stays what it is.
    const [a, b] = await takeTurns(
      [runner('a', [200, 100, 200]), runner('b', [100, 50, 100])],
      3,
      () => undefined,
    )
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
    if (!a || !b) throw new Error('a contestant is missing')
    expect(ratio(a, b)).toEqual({ min: 2, median: 2, max: 2, turns: 3 })
    expect(a.cpuMicroseconds).toBeNull()
  })
})

describe('the task that all peers train', () => {
  const table = (name: string, rows: number, width: number, frozen = false) => ({
    name,
    rows,
    width,
    frozen,
    weights: null,
  })
  const sample: Task = {
    data: '',
    target: 'rating_binary',
    categorical: [
      table('movieId', 1681, 128, true),
      table('userId', 944, 16),
      table('genres', 217, 8),
      table('gender', 3, 8),
      table('zip_code', 796, 16),
      table('age', 9, 8),
    ],
    continuous: ['TE_movieId_rating', 'userId_count'],
    crossLayers: 2,
    deepLayers: [64, 32],
    batchSize: 1024,
    learningRate: 0.1,
    seed: 1,
  }

  it('has the reference run’s sizes at Merlin’s widths', () => {
    expect(inputWidth(sample)).toBe(186)
    expect(layerSizes(sample)).toEqual([
      [186, 186],
      [186, 186],
      [186, 64],
      [64, 32],
      [32, 1],
    ])
    expect(parameterCounts(sample)).toEqual({ parameters: 328_485, trainableParameters: 113_317 })
  })
})

describe('the eager peer', () => {
  it('counts the share of pairs in the right order, where no two predictions share a bucket', () => {
    const buckets = fc.uniqueArray(fc.integer({ min: 0, max: 199 }), { minLength: 2, maxLength: 60 })
    fc.assert(
      fc.property(buckets, fc.infiniteStream(fc.boolean()), (places, coin) => {
        const labels = places.map((_, i) => (i === 0 ? 1 : i === 1 ? 0 : Number(coin.next().value)))
        const auc = new StreamingAuc()
        auc.add(
          places.map((place) => (place + 0.5) / 200),
          labels,
        )
        const positives = places.filter((_, i) => labels[i] === 1)
        const negatives = places.filter((_, i) => labels[i] === 0)
        const right = positives.flatMap((high) => negatives.filter((low) => low < high)).length
        expect(auc.value()).toBeCloseTo(right / (positives.length * negatives.length), 12)
      }),
    )
  })

  it('shuffles every row into its order once', () => {
    expect([...shuffled(1000)].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  })
})
