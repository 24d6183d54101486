import { describe, expect, it } from 'vitest'
import { readSchemaJson, readSchemaPbtxt, writeSchemaJson, writeSchemaPbtxt } from '../../../src-main/schema'
import { parseText, printText } from '../../../src-main/schema/proto/text'

describe('text format', () => {
  it('is read in all its spellings', () => {
    const plain = readSchemaPbtxt(
      'feature { name: "a\\tü" type: INT int_domain { min: 0 max: 16 } annotation { tag: "x" tag: "y" } }',
    )
    const spelt = readSchemaPbtxt(`\ufeff# a comment
      feature: <
        name: 'a' "\\t\\303" '\\xbc' ; type: 2, # another
        int_domain { min: 0x0 max: 020 };
        annotation: { tag: ["x", 'y'] }
      >`)
    expect(spelt).toEqual(plain)
    expect(plain.columns[0]).toMatchObject({
      name: 'a\tü',
      dtype: 'int64',
      domain: { min: 0, max: 16 },
      tags: ['x', 'y'],
    })
  })

  it('tells a bound of 0 from none', () => {
    const [zero, none] = readSchemaPbtxt(
      'feature { name: "a" type: INT int_domain { min: 0 } } feature { name: "b" type: INT int_domain {} }',
    ).columns
    expect(zero?.domain).toMatchObject({ min: 0, max: null })
    expect(none?.domain).toMatchObject({ min: null, max: null })
    const written = writeSchemaPbtxt({ columns: zero && none ? [zero, none] : [], rest: {} })
    expect(written).toContain('min: 0')
    expect(written.match(/int_domain \{\n {2}\}/)).not.toBeNull()
  })

  it('keeps integers past 2^53, infinity and NaN', () => {
    const text = `feature {
  name: "a"
  type: INT
  presence {
    min_fraction: nan
    min_count: 9223372036854775807
  }
  int_domain {
    min: -9223372036854775808
    max: 9223372036854775807
  }
  distribution_constraints {
    min_domain_mass: -inf
  }
}
`
    expect(writeSchemaPbtxt(readSchemaPbtxt(text))).toBe(text)
    expect(writeSchemaPbtxt(readSchemaJson(writeSchemaJson(readSchemaPbtxt(text))))).toBe(text)
  })

  it('keeps what it does not know', () => {
    const text = `feature {
  name: "a"
  tomorrow {
    depth: 1.50
    how: SOME_NAME
    bytes: "\\377\\000"
    [some.extension]: true
  }
  tomorrow {
    list: [1, 2, { a: 1 }]
    none: []
  }
}
other: "x"
`
    const read = readSchemaPbtxt(text)
    expect(readSchemaPbtxt(writeSchemaPbtxt(read))).toEqual(read)
    expect(readSchemaJson(writeSchemaJson(read))).toEqual(read)
    const written = writeSchemaPbtxt(read)
    for (const kept of [
      'depth: 1.50',
      'how: SOME_NAME',
      '"\\377\\000"',
      '[some.extension]: true',
      'list: [1, 2, { a: 1 }]',
      'none: []',
      'other: "x"',
    ])
      expect(written).toContain(kept)
  })

  it('reads a Struct that is spelled out, and keeps other messages', () => {
    const spelled = `feature { name: "a" annotation { extra_metadata { [type.googleapis.com/google.protobuf.Struct] {
      fields { key: "n" value { number_value: 32 } } fields { key: "l" value { list_value { values { bool_value: true } values { null_value: NULL_VALUE } } } }
      fields { key: "embedding_sizes" value { struct_value { fields { key: "cardinality" value { number_value: 5 } } fields { key: "dimension" value { number_value: 8 } } } } }
    } } extra_metadata { [type.googleapis.com/some.Other] { x: 1 } } extra_metadata { type_url: "u" value: "\\001\\377" } } }`
    const read = readSchemaPbtxt(spelled)
    expect(read.columns[0]).toMatchObject({
      properties: { n: 32, l: [true, null] },
      embedding: { cardinality: 5, dimension: 8 },
    })
    expect(readSchemaPbtxt(writeSchemaPbtxt(read))).toEqual(read)
    expect(readSchemaJson(writeSchemaJson(read))).toEqual(read)
    expect(writeSchemaPbtxt(read)).toContain('[type.googleapis.com/some.Other] {\n        x: 1')
  })

  it.each([
    ['feature {\n  name: "a"\n  type: 1.5x\n}', 'line 3, column 9: the number 1.5 is followed by letters'],
    ['feature {\n  name: "a', 'line 2, column 9: a string is not closed on its line'],
    ['feature { name: "a"', 'line 1, column 20: expected }, found the end of the file'],
    ['feature { name "a" }', 'line 1, column 16: field name needs a colon before a string'],
    ['feature { name: "\\q" }', 'line 1, column 18: a string has an escape that text format does not know'],
    ['feature { name: "a" name: "b" }', 'line 1, column 21: field name may be given only once'],
    ['feature { name: 1 }', 'line 1, column 11: field name must be a string'],
    [
      'feature { name: "a" int_domain { max: 1.5 } }',
      'line 1, column 34: field max must be an integer of 64 bits',
    ],
    ['feature { name: "a" deprecated: maybe }', 'line 1, column 21: field deprecated must be true or false'],
    ['feature { type: INT }', 'feature 1 has no name'],
    ['feature: 3', 'line 1, column 1: field feature must be a message'],
    ['@', 'line 1, column 1: unexpected character "@"'],
    ['feature { name: "\\377" }', 'line 1, column 11: field name must be valid UTF-8'],
  ])('refuses %j', (text, message) => {
    expect(() => readSchemaPbtxt(text)).toThrow(message)
  })

  it('refuses messages that are nested without end', () => {
    expect(() => parseText('a {'.repeat(100_000))).toThrow(/nested more than 100 deep/)
  })

  it('prints what it reads', () => {
    const fields = parseText('a: "x\\ny\\"" b { c: -1 d: -inf } [e.f/g] { h: "\\000" }')
    expect(printText(fields)).toBe('a: "x\\ny\\""\nb {\n  c: -1\n  d: -inf\n}\n[e.f/g] {\n  h: "\\000"\n}\n')
  })
})

describe('schema.json', () => {
  it.each([
    ['{"feature": [{"name": "a"}', /line 1, column 27: not valid JSON|not valid JSON/],
    ['[]', /must be a JSON object/],
    ['{"feature": {"name": "a"}}', /feature must be a list/],
    [
      '{"feature": [{"name": "a", "intDomain": {"max": "many"}}]}',
      /feature\[0\]\.intDomain\.max must be an integer/,
    ],
    ['{"feature": [{"name": "a", "type": "NO NAME"}]}', /feature\[0\]\.type must be a name/],
    ['{"feature": [{"name": "a", "annotation": {"tag": "x"}}]}', /annotation\.tag must be a list/],
    ['{"feature": [{"name": "a", "intDomain": {}, "int_domain": {}}]}', /int_domain is given twice/],
    [`{"feature": [{"name": "a", "x": ${'['.repeat(200)}${']'.repeat(200)}}]}`, /nested more than 100 deep/],
  ])('refuses %j', (text, message) => {
    expect(() => readSchemaJson(text)).toThrow(message)
  })

  it("reads protobuf's own spelling as well as Merlin's", () => {
    const own = readSchemaJson(
      '{"feature": [{"name": "a", "type": 2, "int_domain": {"max": 5, "is_categorical": true}, "annotation": {"extra_metadata": [{"@type": "type.googleapis.com/google.protobuf.Struct", "value": {"is_list": false}}]}}]}',
    )
    const merlin = readSchemaJson(
      '{"feature": [{"name": "a", "type": "INT", "intDomain": {"max": "5", "isCategorical": true}, "annotation": {"extraMetadata": [{"is_list": false}]}}]}',
    )
    expect(own).toEqual(merlin)
  })
})
