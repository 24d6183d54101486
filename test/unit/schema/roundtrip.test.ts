import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  readSchemaJson,
  readSchemaPbtxt,
  writeSchemaJson,
  writeSchemaPbtxt,
  type Column,
  type Schema,
} from '../../../src-main/schema'
import { decodeStruct, encodeStruct } from '../../../src-main/schema/proto/struct'
import { object, schema } from './arbitrary'

/** What a column says of its type and lists, and everything else, without the places where that is written down. */
function meaning(read: Schema): Schema {
  const clean = ({ properties, rest, ...column }: Column): Column => {
    const {
      is_list: _list,
      is_ragged: _ragged,
      dtype_item_size: _size,
      dtype_unsigned: _unsigned,
      ...free
    } = properties
    const { type: _type, boolDomain: _bool, ...others } = rest
    return { ...column, properties: free, rest: others }
  }
  return { ...read, columns: read.columns.map(clean) }
}

describe('a schema of any kind', () => {
  it('means the same after JSON', () => {
    fc.assert(
      fc.property(schema, (made) => {
        expect(meaning(readSchemaJson(writeSchemaJson(made)))).toEqual(meaning(made))
      }),
      { numRuns: 150 },
    )
  })

  it('means the same after pbtxt, and after both', () => {
    fc.assert(
      fc.property(schema, (made) => {
        const once = readSchemaPbtxt(writeSchemaPbtxt(made))
        expect(meaning(once)).toEqual(meaning(made))
        expect(readSchemaPbtxt(writeSchemaPbtxt(once))).toEqual(once)
        expect(readSchemaJson(writeSchemaJson(once))).toEqual(once)
      }),
      { numRuns: 150 },
    )
  })

  it('may have fields called like the methods of an object', () => {
    const made: Schema = {
      columns: [],
      rest: { unknown: { toString: 0, valueOf: [1], hasOwnProperty: 'x' } },
    }
    expect(readSchemaPbtxt(writeSchemaPbtxt(made))).toEqual(made)
  })
})

describe('a Struct', () => {
  it('is decoded as it was encoded', () => {
    fc.assert(
      fc.property(object, (value) => {
        expect(decodeStruct(encodeStruct(value))).toEqual(value)
      }),
    )
  })

  it('of any bytes neither crashes nor hangs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeStruct(bytes)
      }),
    )
    fc.assert(
      fc.property(object, fc.nat(), fc.nat({ max: 255 }), (value, at, byte) => {
        const bytes = encodeStruct(value)
        if (bytes.length > 0) bytes[at % bytes.length] = byte
        decodeStruct(bytes)
      }),
    )
  })

  it('that JSON cannot hold is left alone', () => {
    const nan = encodeStruct({ a: Number.NaN })
    expect(decodeStruct(nan)).toBeNull()
  })
})

describe('any text', () => {
  it('is read or refused with a SchemaError', () => {
    const pieces = fc.constantFrom(
      'feature',
      '{',
      '}',
      '<',
      '>',
      ':',
      'name',
      '"a"',
      "'b",
      '\\',
      '1',
      '-',
      '[',
      ']',
      ',',
      '#c\n',
      'INT',
      'type',
      'int_domain',
      'max',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 30 }).map((list) => list.join(' ')),
        ),
        (input) => {
          for (const read of [readSchemaPbtxt, readSchemaJson])
            try {
              read(input)
            } catch (error) {
              expect(error).toMatchObject({ name: 'SchemaError', code: 'invalid-schema' })
            }
        },
      ),
      { numRuns: 500 },
    )
  })
})
