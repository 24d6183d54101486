import { expect, it } from 'vitest'
import { withDuck } from '../../../../src-main/dataset/duckdb'
import { Random } from '../../../../src-main/dataset/random'
import { labelRandomly } from '../../../../src-main/dataset/split/label'

it('a table of several pieces: every row has the part that it drew, the last piece not being a whole number of bytes', async () => {
  const [rows, seed] = [300_003, 7]
  await withDuck(async (duck) => {
    const { counts, part } = await labelRandomly(duck, rows, [0.8, 0.1, 0.1], seed)
    expect(counts).toEqual([240_002, 30_000, 30_001])
    const [found = []] = await duck.columns(`SELECT ${part('r')} FROM range(${rows}) t(r) ORDER BY r`)
    const left = [...counts]
    const random = new Random(seed, 'split')
    const drawn = Array.from({ length: rows }, () => {
      let place = random.uniform() * left.reduce((sum, n) => sum + n, 0)
      const label = left.findIndex((n) => (place -= n) < 0)
      left[label] = (left[label] ?? 0) - 1
      return label
    })
    const wrong = drawn.flatMap((label, row) => (Number(found[row]) === label ? [] : [row]))
    expect(found).toHaveLength(rows)
    expect(wrong).toEqual([])
  })
})
