import { describe, expect, it } from 'vitest'
import { importFiles, write } from './support'

const lines = Array.from(
  { length: 200 },
  (_, i) => `u${i % 23},${i % 7},${(i * 0.37).toFixed(2)},${i % 2},city ${i % 5}`,
)
const table = write('uses.csv', ['userId,rooms,price,clicked,city', ...lines, ''].join('\n'))

describe('what the person says that columns are', () => {
  it('stands in the place of the guesses', async () => {
    const guessed = await importFiles([table])
    const kind = (built: typeof guessed, name: string) => built.source.encoding[name]?.kind ?? null
    expect([kind(guessed, 'rooms'), kind(guessed, 'price'), kind(guessed, 'city')]).toEqual([
      'categorical',
      'continuous',
      'categorical',
    ])
    const said = await importFiles([table], { uses: { rooms: 'continuous', city: 'ignored' } })
    expect([kind(said, 'rooms'), kind(said, 'price')]).toEqual(['continuous', 'continuous'])
    const column = (name: string) => said.report.columns.find((one) => one.name === name)
    expect(column('rooms')).toMatchObject({ role: 'feature', tags: ['continuous'], reason: 'you said so' })
    expect(column('city')).toMatchObject({ role: 'ignored', reason: 'you said so' })
    expect(column('userId')?.reason).not.toBe('you said so')
  })

  it('takes an identity for a category, and a quantity not for an identity', async () => {
    const { report } = await importFiles([table], { uses: { userId: 'categorical' } })
    expect(report.columns.find(({ name }) => name === 'userId')?.tags).toEqual(['categorical', 'user_id'])
  })

  it.each([
    [{ city: 'continuous' as const }, 'invalid-setting', 'city holds text'],
    [{ town: 'ignored' as const }, 'unknown-column', 'no column town'],
  ])('%j is refused, naming the column', async (uses, code, words) => {
    const failure = importFiles([table], { uses })
    await expect(failure).rejects.toMatchObject({ code })
    await expect(failure).rejects.toThrow(words)
  })
})
