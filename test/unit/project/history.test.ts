import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DocumentCommand, type ProjectDocument, projectDocument } from '../../../src-main/contract'
import { applyEdit, type Edit, labelOf } from '../../../src-main/project/edits'
import { record, redo, redoLabel, startHistory, undo, undoLabel } from '../../../src-main/project/history'
import { movieTable, sampleDocument } from './support'

const names = sampleDocument().schema.columns.map(({ name }) => name)
const column = fc.constantFrom(...names)
const tags = fc.subarray(['categorical', 'continuous', 'user', 'item', 'target', 'id', 'embedding', 'own'])

const command: fc.Arbitrary<DocumentCommand> = fc.oneof(
  fc.record({ type: fc.constant('rename' as const), name: fc.string({ minLength: 1 }) }),
  fc.record({
    type: fc.constant('setColumns' as const),
    columns: fc.uniqueArray(column, { minLength: 1, maxLength: 3 }),
    changes: fc.record(
      {
        tags,
        addTags: tags,
        removeTags: tags,
        dtype: fc.constantFrom('int32' as const, 'float32' as const, 'string' as const),
        role: fc.constantFrom('feature' as const, 'target' as const, 'ignored' as const),
        width: fc.constantFrom(8, 33, 'nvtabular' as const, null),
        domainMax: fc.integer({ min: 1, max: 5000 }),
      },
      { requiredKeys: [] },
    ),
  }),
  fc.record({
    type: fc.constant('setWidthRule' as const),
    rule: fc.constantFrom('merlin' as const, 'schema' as const, 'nvtabular' as const),
  }),
  fc.record({ type: fc.constant('setTarget' as const), target: fc.option(column) }),
  fc.record({ type: fc.constant('setFrozen' as const), table: fc.constant('movieId'), frozen: fc.boolean() }),
  fc.record({ type: fc.constant('detach' as const), column, table: fc.constant(null) }),
  fc.record({
    type: fc.constant('setUse' as const),
    table: fc.constant('movieId'),
    changes: fc.record(
      { dropout: fc.constantFrom(0, 0.5), maxNorm: fc.constantFrom(1, null) },
      { requiredKeys: [] },
    ),
  }),
  fc.record({
    type: fc.constant('setTraining' as const),
    changes: fc.record(
      { epochs: fc.integer({ min: 1, max: 50 }), shuffle: fc.boolean() },
      { requiredKeys: [] },
    ),
  }),
)
const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 6, arbitrary: command },
  {
    weight: 1,
    arbitrary: column.map((name) => ({ type: 'attach' as const, table: { ...movieTable, columns: [name] } })),
  },
)

/** Applies what the document bears; an edit that it refuses changes nothing. */
function run(edits: readonly Edit[]): { documents: ProjectDocument[]; history: ReturnType<typeof start> } {
  let history = start()
  const documents = [history.present]
  for (const next of edits) {
    try {
      history = record(history, labelOf(next), applyEdit(history.present, next))
      documents.push(history.present)
    } catch {
      continue
    }
  }
  return { documents, history }
}
const start = () => startHistory(sampleDocument())

describe('undo and redo', () => {
  it('any sequence of edits undone gives the exact first document, and redone the exact last', () => {
    let applied = 0
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 25 }), (edits) => {
        const { documents, history } = run(edits)
        applied += documents.length - 1
        let moving = history
        for (const document of [...documents].reverse()) {
          expect(moving.present).toBe(document)
          moving = undo(moving)
        }
        expect(moving.present).toEqual(sampleDocument())
        expect(undoLabel(moving)).toBeNull()
        for (let i = 1; i < documents.length; i += 1) moving = redo(moving)
        expect(moving.present).toBe(documents[documents.length - 1])
        expect(redoLabel(moving)).toBeNull()
      }),
      { numRuns: 200 },
    )
    expect(applied).toBeGreaterThan(500)
  })

  it('every document that an edit makes is one that can be saved and read', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 10 }), (edits) => {
        for (const document of run(edits).documents)
          expect(projectDocument.parse(JSON.parse(JSON.stringify(document)))).toEqual(document)
      }),
      { numRuns: 50 },
    )
  })

  it('an edit does not touch the document that it was given', () => {
    fc.assert(
      fc.property(edit, (one) => {
        const document = sampleDocument()
        try {
          applyEdit(document, one)
        } catch {
          // refused; the document must be whole all the same
        }
        expect(document).toEqual(sampleDocument())
      }),
      { numRuns: 100 },
    )
  })

  it('a new edit after undo forgets what was undone', () => {
    const one = record(start(), 'one', { ...sampleDocument(), name: 'one' })
    const other = record(undo(one), 'other', { ...sampleDocument(), name: 'other' })
    expect(redoLabel(other)).toBeNull()
    expect(undo(other).present).toEqual(sampleDocument())
  })
})
