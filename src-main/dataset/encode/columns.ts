import { GraftError } from '../../contract/errors'
import type { ColumnEncoding, DerivedColumn, TablesSource } from '../../contract/tables'
import { encodingInForce, usualEncoding } from '../../project/columnEncoding'
import {
  addTag,
  findColumn,
  inputKind,
  intDomain,
  makeColumn,
  roleOf,
  taskOf,
  type Column,
  type Schema,
} from '../../schema'
import { dtypeOf, type Guess } from '../infer/rules'
import type { RawColumn } from '../sources/types'
import type { EncodingPlan } from './fit'
import { encodedColumns } from './apply'
import { derivedType, isLearnt, type FittedEncoding } from './fitted'

/** Property of columns that an encoding adds: the column that they come from. */
const madeFrom = 'graft_made_from'

/** The raw columns and those derived from them. */
export function allColumns(raw: readonly RawColumn[], derived: readonly DerivedColumn[]): RawColumn[] {
  return [...raw, ...derived.map(derivedType)]
}

/** Why a learnt column is there. */
export function reasonOf(of: Exclude<DerivedColumn, { kind: 'threshold' }>): string {
  const columns = of.columns.join(' and ')
  return of.kind === 'count'
    ? `how many training rows have its ${columns}`
    : `the mean ${of.target} of its ${columns}, learnt out of fold`
}

/** Source and schema with a place for every learnt column: a new one is continuous, counts by their logarithm. */
export function describeDerived(
  source: TablesSource,
  schema: Schema,
): { source: TablesSource; schema: Schema } {
  const added = source.derived
    .filter(isLearnt)
    .filter(({ name }) => !schema.columns.some((column) => column.name === name))
  const columns = added.map((of) => makeColumn(of.name, dtypeOf(derivedType(of)), { tags: ['continuous'] }))
  const encoding = Object.fromEntries(
    added.map(({ name, kind }): [string, ColumnEncoding] => [
      name,
      { ...usualEncoding.continuous, transform: kind === 'count' ? 'log1p' : 'standardise' },
    ]),
  )
  return {
    source: { ...source, encoding: { ...encoding, ...source.encoding } },
    schema: { ...schema, columns: [...schema.columns, ...columns] },
  }
}

/** The schema that guesses give, before anything is learnt from data. What `known` says of a column holds. */
export function guessedSchema(
  columns: readonly RawColumn[],
  guesses: readonly Guess[],
  known: Schema,
): Schema {
  return {
    rest: known.rest,
    columns: columns.map((column) => {
      const before = known.columns.find(({ name }) => name === column.name)
      const guess = guesses.find((candidate) => candidate.column === column.name)
      if (before) return { ...before, isList: column.isList, isRagged: column.isList }
      return makeColumn(column.name, dtypeOf(column), {
        tags: guess?.tags ?? ['target', 'binary_classification'],
        ignored: guess?.ignored ?? false,
        isList: column.isList,
        isRagged: column.isList,
      })
    }),
  }
}

/** What is to be encoded and how: the schema says what a column is for, the settings how it is done. */
export function planEncodings(
  columns: readonly RawColumn[],
  schema: Schema,
  settings: Readonly<Record<string, ColumnEncoding>>,
): EncodingPlan[] {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()))
  return columns.flatMap((column): EncodingPlan[] => {
    const described = schema.columns.find(({ name }) => name === column.name)
    if (!described) return []
    const stored = settings[column.name]
    const chosen = encodingInForce(described, column.isList, stored)
    if (!chosen) return []
    if (column.isList && chosen.kind !== 'list' && chosen.kind !== 'vector')
      throw new GraftError(
        'invalid-setting',
        `Column ${column.name} holds lists, which are no ${chosen.kind === 'target' ? 'target' : 'numbers of their own'}.`,
        'Tag it categorical where its items are ids or texts, embedding where every row has as many numbers.',
        { column: column.name },
      )
    const encoding =
      chosen.kind === 'continuous' && taken.has(`${column.name}_missing`.toLowerCase())
        ? { ...chosen, indicator: false }
        : chosen
    return [
      { column, encoding, chosen, binary: roleOf(described) === 'target' && taskOf(described) === 'binary' },
    ]
  })
}

/** The tags with those of one kind of input, or of none, in the place of any other. */
function retagged(
  tags: readonly string[],
  kinds: readonly ('categorical' | 'embedding' | 'list')[],
): string[] {
  const others = tags.filter((tag) => !['categorical', 'continuous', 'embedding', 'list'].includes(tag))
  return [...kinds, ...others]
}

/**
 * The schema with the tags that go with settings which were just chosen: the column is an input of that kind, whatever it
 * was for before. A target stays one.
 */
export function tagChosen(schema: Schema, chosen: Readonly<Record<string, ColumnEncoding>>): Schema {
  const columns = schema.columns.map((column): Column => {
    const encoding = Object.hasOwn(chosen, column.name) ? chosen[column.name] : undefined
    if (!encoding || roleOf(column) === 'target') return column
    if (encoding.kind === 'vector')
      return { ...column, ignored: false, tags: retagged(column.tags, ['embedding']) }
    if (encoding.kind === 'list') {
      const kinds = encoding.as === 'ids' ? (['categorical', 'list'] as const) : (['list'] as const)
      return { ...column, ignored: false, tags: retagged(column.tags, kinds) }
    }
    if (encoding.kind === 'target') return column
    const wasList = encoding.kind === 'categorical' && column.tags.includes('list')
    if (wasList) return { ...column, ignored: false, tags: retagged(column.tags, ['categorical']) }
    if (inputKind(column) === encoding.kind) return column
    const shown = { columns: [{ ...column, ignored: false }], rest: {} }
    return findColumn(addTag(shown, column.name, encoding.kind), column.name)
  })
  return { ...schema, columns }
}

/** The schema of the encoded rows: domains and types as they were fitted, and the columns that encodings add. */
export function fittedSchema(schema: Schema, encoding: FittedEncoding): Schema {
  const raw = new Map(encoding.raw.map((column) => [column.name, column]))
  const derived = new Set(encoding.derived.map(({ name }) => name))
  const made = encodedColumns(encoding)
  const columns = schema.columns
    .filter(({ name }) => raw.has(name) || derived.has(name))
    .flatMap((column): Column[] => {
      const fitted = encoding.columns.find((candidate) => candidate.column === column.name)
      const one = { isList: false, isRagged: false, valueCount: null } as const
      if (!fitted) {
        const from = raw.get(column.name)
        if (!from) return [{ ...column, ...one }]
        const lists = { isList: from.isList, isRagged: from.isList, valueCount: null }
        return [{ ...column, ...lists, dtype: dtypeOf(from) }]
      }
      const added = (name: string, dtype: Column['dtype']): Column => {
        const before = schema.columns.find((candidate) => candidate.name === name)
        const tags = before?.tags ?? ['continuous']
        return makeColumn(name, dtype, {
          tags,
          ignored: before?.ignored ?? false,
          properties: { [madeFrom]: column.name },
        })
      }
      switch (fitted.kind) {
        case 'categorical':
          return [{ ...column, ...one, dtype: 'int32', domain: intDomain(fitted.domain, fitted.size) }]
        case 'continuous':
          return [
            { ...column, ...one, dtype: 'float32', domain: null },
            ...(fitted.indicator ? [added(`${column.name}_missing`, 'int8')] : []),
          ]
        case 'list': {
          const tags = retagged(column.tags, ['list'])
          return [
            { ...column, ...one, dtype: 'string', domain: null, tags },
            ...fitted.items.map((item) => added(`${column.name}=${item}`, 'int8')),
          ]
        }
        case 'items': {
          const lists = { isList: true, isRagged: true, valueCount: fitted.counts }
          const tags = retagged(column.tags, ['categorical', 'list'])
          return [
            { ...column, ...lists, tags, dtype: 'int32', domain: intDomain(fitted.domain, fitted.size) },
          ]
        }
        case 'numbers': {
          const lists = { isList: true, isRagged: true, valueCount: fitted.counts }
          return [
            { ...column, ...lists, tags: retagged(column.tags, ['list']), dtype: 'float32', domain: null },
          ]
        }
        case 'vector': {
          const valueCount = { min: fitted.width, max: fitted.width }
          const tags = retagged(column.tags, ['embedding'])
          return [
            { ...column, isList: true, isRagged: false, valueCount, tags, dtype: 'float32', domain: null },
          ]
        }
        case 'target':
          return [{ ...column, ...one, dtype: fitted.binary ? 'int8' : 'float64', domain: null }]
      }
    })
  const names = new Set<string>()
  for (const { name } of made) {
    if (names.has(name.toLowerCase()))
      throw new GraftError(
        'invalid-data',
        `Two encoded columns would be called ${name}.`,
        'Rename the raw column.',
        { column: name },
      )
    names.add(name.toLowerCase())
  }
  return { ...schema, columns }
}
