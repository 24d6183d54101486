import { type RunSummary, type TableFormat, type TableView } from '../../../src-main/contract'
import { isExportable } from '../../stores/runs'

/** The formats that tables are written in, the one first that holds the keys as well. */
export const tableFormats: Readonly<
  Record<TableFormat, { readonly label: string; readonly ending: string }>
> = {
  npz: { label: 'NumPy archive with its keys', ending: '.npz' },
  npy: { label: 'NumPy array, keys beside it', ending: '.npy' },
  parquet: { label: 'Parquet', ending: '.parquet' },
  safetensors: { label: 'safetensors', ending: '.safetensors' },
  word2vec: { label: 'word2vec text', ending: '.vec' },
  projector: { label: 'Embedding Projector', ending: '.tsv' },
}

/**
 * The file that a table is written to, unless another is chosen: named after its column, or
 * the table where the column has several.
 */
export function proposedPath(folder: string, name: string, format: TableFormat): string {
  const separator = folder.includes('\\') ? '\\' : '/'
  return `${folder}${separator}${name.replace(/[/\\:*?"<>|]/g, '_')}${tableFormats[format].ending}`
}

/** Which rows there are to write: those that are attached, and what each finished run left. Null stands for attached. */
export function tableMoments(
  table: TableView,
  runs: readonly RunSummary[],
): { readonly label: string; readonly run: string | null }[] {
  const learnt = runs.filter(isExportable).map(({ id }) => ({ label: `As run ${id} left it`, run: id }))
  return table.attached ? [{ label: 'As it was attached', run: null }, ...learnt] : learnt
}
