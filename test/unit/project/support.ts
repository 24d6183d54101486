import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type AttachedTable, type ProjectDocument } from '../../../src-main/contract'
import { emptyDocument } from '../../../src-main/project/document'
import { readSchema } from '../../../src-main/schema'

const sampleSchema = resolve(import.meta.dirname, '../../../resources/samples/movielens-100k/schema.json')

export const movieTable: AttachedTable = {
  id: 'movieId',
  columns: ['movieId'],
  rows: 1681,
  width: 128,
  frozen: true,
  extraRows: 0,
  extraKeys: null,
  source: { kind: 'mock', seed: 42 },
  hash: 'abc',
}

/** The example's document, its mock table attached. */
export function sampleDocument(): ProjectDocument {
  return {
    ...emptyDocument('sample'),
    schema: readSchema('schema.json', readFileSync(sampleSchema, 'utf8')),
    target: 'rating_binary',
    tables: [movieTable],
  }
}
