import { describe, expect, it } from 'vitest'
import { Duck } from '../../../src-main/dataset/duckdb'

describe('a DuckDB that is closed', () => {
  it('ends a statement that is under way, and begins no other', async () => {
    const duck = await Duck.open({ threads: 2 })
    const under = duck.all('SELECT count(*) FROM range(1000000) a, range(1000000) b')
    duck.close()
    await expect(under).rejects.toMatchObject({ code: 'cancelled' })
    await expect(duck.all('SELECT 1')).rejects.toMatchObject({ code: 'cancelled' })
    duck.close()
  })

  it('ends whatever a statement is at: not begun, reading, handing rows over', async () => {
    for (let round = 0; round < 40; round++) {
      const duck = await Duck.open({ threads: 2 })
      const under = [
        duck.all('SELECT i, i::VARCHAR AS text FROM range(3000) t(i)'),
        duck.all('SELECT sum(i) FROM range(100000) t(i)'),
      ].map((rows) =>
        rows.then(
          () => 'done',
          (error: { code?: string }) => error.code,
        ),
      )
      await new Promise((resolve) => setTimeout(resolve, round / 10))
      duck.close()
      for (const outcome of await Promise.all(under)) expect(['done', 'cancelled']).toContain(outcome)
    }
  })
})
