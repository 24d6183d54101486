import { describe, expect, it } from 'vitest'
import { tableFormat } from '../../src-main/contract'
import { findWriter } from '../../src-main/embeddings/writers'
import {
  proposedPath,
  tableFormats,
  tableMoments,
} from '../../src-renderer/components/embeddings/tableFormats'
import { runSummary, tableView } from './support/snapshot'

describe('the form that exports a table', () => {
  it.each(tableFormat.options)('proposes a file of %s that is written as such', (format) => {
    const path = proposedPath('/projects/sample', 'movieId', format)
    expect(path).toBe(`/projects/sample/movieId${tableFormats[format].ending}`)
    expect(findWriter(path, null).format).toBe(format)
  })

  it('proposes names that every disk takes', () => {
    expect(proposedPath('C:\\projects\\sample', 'movie/id?', 'npz')).toBe(
      'C:\\projects\\sample\\movie_id_.npz',
    )
  })

  it('offers what is attached, and what runs that ended well left', () => {
    const runs = [runSummary('two'), runSummary('one', { status: 'failed' })]
    expect(tableMoments(tableView('movie'), runs).map(({ run }) => run)).toEqual(['two'])
    const attached = {
      id: 'movie',
      columns: ['movie'],
      rows: 11,
      width: 8,
      frozen: true,
      source: { kind: 'mock' as const, seed: 1 },
      hash: 'ab'.repeat(32),
      extraRows: 0,
      extraKeys: null,
    }
    const moments = tableMoments(tableView('movie', { attached }), runs)
    expect(moments.map(({ run }) => run)).toEqual([null, 'two'])
  })
})
