import fc from 'fast-check'
import {
  dtypes,
  knownTags,
  makeColumn,
  type Column,
  type Domain,
  type Json,
  type JsonObject,
  type Schema,
} from '../../../src-main/schema'

/** Numbers that JSON and text format can both hold: finite, and 0 without a sign. */
export const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
)

/** Text without lone surrogates, with everything that quoting can trip over. */
export const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }).map((value) => new TextDecoder().decode(new TextEncoder().encode(value))),
  fc.constantFrom('"', "'", '\\', '\n', '\t', '#', '\u0000', '😀', '{', '\\n', '\u2028', '\ufeff'),
)

const key = text.filter((value) => value !== '__proto__')

export const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
})).value

export const object = fc.dictionary(key, json, { maxKeys: 4, noNullPrototype: true })

/** Properties that mean nothing to us: those that do are the columns' own fields. */
const ours = [
  'is_list',
  'is_ragged',
  'dtype_item_size',
  'dtype_unsigned',
  'embedding_sizes',
  'graft_ignored',
  '@type',
]
const properties = fc.dictionary(
  key.filter((name) => !ours.includes(name)),
  json,
  { maxKeys: 4, noNullPrototype: true },
)

/** A record with optional keys as a JSON object. */
function asObject(fields: Record<string, Json | undefined>): JsonObject {
  const out: JsonObject = {}
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) out[name] = value
  return out
}

const integer = fc.maxSafeInteger()
const bound = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value)

const domain: fc.Arbitrary<Domain> = fc.oneof(
  fc.record({
    kind: fc.constant('int' as const),
    name: fc.option(text),
    min: bound(integer),
    max: bound(integer),
    isCategorical: fc.option(fc.boolean()),
    rest: fc.constant<JsonObject>({}),
  }),
  fc.record({
    kind: fc.constant('float' as const),
    name: fc.option(text),
    min: bound(number),
    max: bound(number),
    isCategorical: fc.option(fc.boolean()),
    rest: fc.constantFrom<JsonObject>({}, { disallowNan: true }, { embeddingDim: '64', isEmbedding: false }),
  }),
)

/** Fields of Feature that a column does not model, known and unknown. */
const rest: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      presence: fc.record({
        minFraction: number,
        minCount: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String),
      }),
      stringDomain: fc.record({ name: text, value: fc.array(text, { minLength: 1, maxLength: 3 }) }),
      lifecycleStage: fc.constantFrom('ALPHA', 'DEPRECATED', 'A_STAGE_OF_TOMORROW'),
      inEnvironment: fc.array(text, { minLength: 1, maxLength: 3 }),
      distributionConstraints: fc.constant<JsonObject>({ minDomainMass: 'Infinity' }),
      urlDomain: fc.constant<JsonObject>({}),
      skewComparator: fc.constant<JsonObject>({ infinityNorm: { threshold: 0.01 }, unknownHere: [1, 'a'] }),
      annotation: fc.record({ comment: fc.array(text, { minLength: 1, maxLength: 2 }) }),
      field_of_tomorrow: json,
      'no name in text format': json,
    },
    { requiredKeys: [] },
  )
  .map(asObject)

export const column = (name: string): fc.Arbitrary<Column> =>
  fc
    .record({
      dtype: fc.constantFrom(...dtypes),
      isList: fc.boolean(),
      isRagged: fc.boolean(),
      valueCount: fc.option(fc.record({ min: bound(fc.nat()), max: bound(fc.nat()) })),
      tags: fc.uniqueArray(fc.oneof(fc.constantFrom(...knownTags), text), { maxLength: 4 }),
      domain: fc.option(domain),
      embedding: fc.option(fc.record({ cardinality: fc.nat(), dimension: fc.nat() })),
      ignored: fc.boolean(),
      properties,
      rest,
    })
    .map(({ dtype, ...fields }) => ({
      ...makeColumn(name, dtype, fields),
      isRagged: fields.isList && fields.isRagged,
      valueCount: fields.isList ? fields.valueCount : null,
    }))

export const schema: fc.Arbitrary<Schema> = fc
  .uniqueArray(
    text.filter((name) => name !== ''),
    { maxLength: 5 },
  )
  .chain((names) =>
    fc.record({
      columns: fc.tuple(...names.map(column)).map((columns): Column[] => [...columns]),
      rest: fc
        .record(
          {
            stringDomain: fc.array(fc.record({ name: text, value: fc.array(text, { minLength: 1 }) }), {
              minLength: 1,
              maxLength: 2,
            }),
            defaultEnvironment: fc.array(text, { minLength: 1, maxLength: 2 }),
            representVariableLengthAsRagged: fc.boolean(),
            tensorRepresentationGroup: fc.dictionary(
              key,
              fc.constant({
                tensorRepresentation: {
                  a: { denseTensor: { columnName: 'x', defaultValue: { bytesValue: '/wA=' } } },
                },
              }),
              { minKeys: 1, maxKeys: 2, noNullPrototype: true },
            ),
            unknown: json,
          },
          { requiredKeys: [] },
        )
        .map(asObject),
    }),
  )
