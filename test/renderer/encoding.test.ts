import { describe, expect, it } from 'vitest'
import { columnEncoding, GraftError } from '../../src-main/contract'
import { listCatalog } from '../../src-main/services/models'
import {
  encodingAs,
  encodingChange,
  encodingFields,
  encodingKinds,
} from '../../src-renderer/components/schema/encodingFields'

const schemas = listCatalog().encodings
const names = (encoding: ReturnType<typeof encodingAs>): string[] =>
  encodingFields(schemas[encoding.kind], encoding, []).map(({ name }) => name)

describe('the form of an encoding', () => {
  it('has a field for every setting of its kind that counts, each with a word of help', () => {
    const category = encodingAs('categorical', false)
    expect(names(category)).toEqual(['minCount', 'maxSize', 'buckets', 'domain', 'nulls'])
    expect(names(encodingChange(category, 'buckets', 64))).toEqual(['buckets', 'domain', 'nulls'])
    const number = encodingAs('continuous', false)
    expect(names(number)).toEqual(['transform', 'fill', 'indicator'])
    expect(names(encodingChange(number, 'transform', 'quantile'))).toContain('bins')
    const list = encodingAs('list', false)
    expect(names(list)).toContain('keep')
    expect(names(encodingChange(list, 'as', 'indicators'))).toEqual([
      'separator',
      'as',
      'minCount',
      'maxSize',
    ])
    for (const { value } of encodingKinds)
      for (const field of encodingFields(schemas[value], encodingAs(value, true), []))
        expect(field.help, `${value}.${field.name}`).not.toBe('')
  })

  it('proposes the domains that there are, and takes any other', () => {
    const field = encodingFields(schemas['categorical'], encodingAs('categorical', false), ['city']).find(
      ({ name }) => name === 'domain',
    )
    expect(field).toMatchObject({ kind: 'text', options: ['city'], nullable: true })
  })

  it('splits texts at a bar until told otherwise, and lists not at all', () => {
    expect(encodingAs('list', false)).toMatchObject({ separator: '|' })
    expect(encodingAs('list', true)).toMatchObject({ separator: null })
  })

  it('takes a number as what fills, and refuses another word', () => {
    const number = encodingAs('continuous', false)
    expect(encodingChange(number, 'fill', '-2.5')).toMatchObject({ fill: -2.5 })
    expect(encodingChange(number, 'fill', 'median')).toMatchObject({ fill: 'median' })
    expect(() => encodingChange(number, 'fill', 'often')).toThrow(GraftError)
    expect(columnEncoding.safeParse(encodingChange(number, 'bins', 10)).success).toBe(true)
  })
})
