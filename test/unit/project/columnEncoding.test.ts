import { expect, it } from 'vitest'
import { type EncodedFrom, type ProjectDocument } from '../../../src-main/contract'
import { staleEncodings, usualEncoding } from '../../../src-main/project/columnEncoding'
import { emptyDocument } from '../../../src-main/project/document'
import { editColumns } from '../../../src-main/project/columnEdits'
import { makeColumn } from '../../../src-main/schema'

const { categorical, continuous, list } = usualEncoding
const document: ProjectDocument = {
  ...emptyDocument('p'),
  source: {
    kind: 'tables',
    files: [],
    joins: [],
    options: { delimiter: null, quote: null, header: null },
    split: null,
    seed: 1,
    derived: [],
    encoding: { city: { ...categorical, minCount: 5 }, tags: { ...list, separator: '|' } },
  },
  schema: {
    rest: {},
    columns: [
      makeColumn('city', 'int32', { tags: ['categorical'] }),
      makeColumn('age', 'float32', { tags: ['continuous'] }),
      makeColumn('tags', 'int32', { tags: ['categorical', 'list'], isList: true }),
      makeColumn('note', 'string', { ignored: true }),
      makeColumn('age_missing', 'int8', { tags: ['continuous'] }),
    ],
  },
}
const made: EncodedFrom = {
  raw: ['city', 'age', 'tags', 'note'].map((name) => ({ name, isList: false })),
  settings: {
    city: { ...categorical, minCount: 5 },
    age: continuous,
    tags: { ...list, separator: '|' },
  },
}
const source = document.source?.kind === 'tables' ? document.source : null
const withEncoding = (encoding: NonNullable<typeof source>['encoding']): ProjectDocument => ({
  ...document,
  source: source && { ...source, encoding: { ...source.encoding, ...encoding } },
})
const messages = (changed: ProjectDocument): string[] =>
  staleEncodings(changed, made).map(({ message }) => message)

it('rows that were encoded as the document says are not stale, whatever else changes', () => {
  expect(messages(document)).toEqual([])
  expect(staleEncodings(editColumns(document, ['city'], { role: 'ignored' }), null)).toEqual([])
  // Columns that are set aside or added by an encoding, and how much of a list the model reads, ask for no new rows.
  expect(messages(editColumns(document, ['city'], { role: 'ignored' }))).toEqual([])
  expect(messages(editColumns(document, ['city'], { addTags: ['user_id'] }))).toEqual([])
  expect(messages(withEncoding({ tags: { ...list, separator: '|', maxLength: 3, keep: 'first' } }))).toEqual(
    [],
  )
})

it('names each column whose rows are behind, and how it is mended', () => {
  const [problem, ...others] = staleEncodings(
    editColumns(document, ['city'], { addTags: ['continuous'] }),
    made,
  )
  expect(others).toEqual([])
  expect(problem).toMatchObject({
    severity: 'error',
    column: 'city',
    message: 'Column city was encoded as a category and is to be a number now.',
    fix: { encode: true },
  })
  expect(messages(withEncoding({ city: categorical }))).toEqual([
    'The settings of city have changed since the rows were encoded.',
  ])
  expect(messages(editColumns(document, ['note'], { role: 'feature' }))).toEqual([
    'Column note was set aside when the rows were encoded.',
  ])
})
