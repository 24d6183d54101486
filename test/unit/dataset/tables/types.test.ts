import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { literal, withDuck } from '../../../../src-main/dataset/duckdb'
import { castTexts, misfit, type RawType } from '../../../../src-main/dataset/sources/types'

/** What a text becomes as a number, or that it is refused. The rules again, as plainly as they can be said. */
function expected(text: string, type: RawType): number | null | 'refused' {
  if (['', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None', '\\N'].includes(text)) return null
  if (type === 'BIGINT') {
    const isPlain = /^(0|-?[1-9][0-9]*)$/.test(text)
    return isPlain && BigInt.asIntN(64, BigInt(text)) === BigInt(text) ? Number(text) : 'refused'
  }
  const bare = text.trim()
  const isCode = /^[+-]?0[0-9]/.test(bare) || /^[+-]?[0-9]{19,}$/.test(bare)
  if (isCode || !/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(bare)) return 'refused'
  return Number(bare)
}

const digits = fc.array(fc.constantFrom('0', '0', '1', '7', '9'), { maxLength: 12 }).map((of) => of.join(''))
const numbers = fc
  .tuple(
    fc.constantFrom('', '', '', ' ', '  '),
    fc.constantFrom('', '', '-', '+'),
    digits,
    fc.constantFrom('', '', '.'),
    digits,
    fc.constantFrom('', '', 'e2', 'E-3'),
    fc.constantFrom('', '', ' '),
  )
  .map((parts) => parts.join(''))
const texts = fc.oneof(
  numbers,
  fc.constantFrom(
    'NA',
    '\\N',
    'NaN',
    'null',
    '',
    '-',
    '.',
    '-.',
    '+.5',
    '-.5',
    '0',
    '-0',
    '00',
    '0x1',
    '1_000',
    '-00.5',
    '0:1',
    'e5',
  ),
)

describe('a text as a number', () => {
  it('keeps its value or is refused, and never loses how it was spelled', async () => {
    await withDuck(async (duck) => {
      const read = async (text: string, type: RawType): Promise<unknown> => {
        const query = castTexts([{ name: 'x', type, isList: false }], `(SELECT ${literal(text)} AS x)`)
        return duck.all(query).then(
          ([row]) => (row?.x === null ? null : Number(row?.x)),
          (error: unknown) => {
            expect(String(error)).toContain(misfit)
            return 'refused'
          },
        )
      }
      await fc.assert(
        fc.asyncProperty(texts, fc.constantFrom<RawType>('BIGINT', 'DOUBLE'), async (text, type) => {
          expect(await read(text, type)).toBe(expected(text, type))
        }),
        { numRuns: 600 },
      )
    })
  })
})
