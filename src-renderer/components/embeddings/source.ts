import { type TableView } from '../../../src-main/contract'
import { baseName } from '../../format'

/** Where a table's vectors came from, in a word or two. */
export function sourceOf(table: TableView): string {
  const source = table.attached?.source
  if (!source) return 'random'
  return source.kind === 'mock' ? `mock vectors, seed ${source.seed}` : baseName(source.path)
}
