import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as format from '../../src-renderer/format'

const plain = (text: string): string => text.replaceAll('\u202f', ' ')

describe('numbers', () => {
  it.each([
    [0, '0'],
    [12345, '12,345'],
    [100000, '100,000'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('count %s', (value, text) => expect(format.count(value)).toBe(text))

  it.each([
    [985, '985'],
    [12345, '12.3 k'],
    [999949, '1000 k'],
    [999950, '1 M'],
    [1234567, '1.2 M'],
    [3.4e9, '3.4 G'],
    [null, '–'],
  ])('short %s', (value, text) => expect(plain(format.short(value))).toBe(text))

  it.each([
    [0.991, '99.1 %'],
    [0, '0 %'],
    [1, '100 %'],
    [0.99999, '> 99.9 %'],
    [0.00001, '< 0.1 %'],
    [null, '–'],
  ])('share %s', (value, text) => expect(plain(format.share(value))).toBe(text))

  it('never writes a part as the whole or as nothing', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (fraction) => {
        expect(plain(format.share(fraction))).not.toMatch(/^(0|100) %$/)
      }),
    )
  })

  it.each([
    [288, '288 B'],
    [860_672, '861 kB'],
    [999_600, '1.0 MB'],
    [1_240_000, '1.2 MB'],
    [2.56e9, '2.6 GB'],
  ])('bytes %s', (value, text) => expect(plain(format.bytes(value))).toBe(text))

  it.each([
    [0.041, '41 ms'],
    [0.9996, '1.0 s'],
    [8.24, '8.2 s'],
    [59.97, '1 min 0 s'],
    [192, '3 min 12 s'],
    [7500, '2 h 5 min'],
    [null, '–'],
  ])('duration %s', (value, text) => expect(plain(format.duration(value))).toBe(text))

  it('aligns metrics by their digits', () => {
    expect(format.metric(0.5)).toBe('0.5000')
    expect(format.metric(undefined)).toBe('–')
    expect(format.decimal(0.0093629)).toBe('0.0094')
    expect(format.decimal(1e-6)).toBe('1.00e-6')
  })

  it('reads back to the number it was made of', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e5, max: 1e5, noNaN: true }), (value) => {
        const back = Number(format.real(value).replaceAll(',', ''))
        expect(Math.abs(back - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) * 5e-3, 1e-300))
      }),
    )
  })
})

describe('words', () => {
  it('counts things', () => {
    expect(format.plural(1, 'table')).toBe('1 table')
    expect(format.plural(6, 'table')).toBe('6 tables')
  })

  it('names shapes, the batch by its name', () => {
    expect(format.shape([null, 186])).toBe('batch × 186')
    expect(format.shape([1681, 128])).toBe('1,681 × 128')
  })

  it('says when, as short as the day allows', () => {
    const now = new Date('2026-11-23T15:00:00')
    expect(format.when('2026-11-23T14:05:00', now)).toBe('14:05')
    expect(format.when('2026-11-22T14:05:00', now)).toBe('22 Nov 14:05')
    expect(format.when('2025-11-22T14:05:00', now)).toBe('22 Nov 2025')
    expect(format.when('never', now)).toBe('–')
  })

  it('takes the last name of either kind of path', () => {
    expect(format.baseName('/a/b.npy')).toBe('b.npy')
    expect(format.baseName('C:\\a\\b.npy')).toBe('b.npy')
  })
})
