import { basename } from 'node:path'
import { toGraftError } from '../contract/errors'
import type { VectorFile as VectorFileView } from '../contract/views'
import { openVectorFile } from './readers'
import { shapeText, type VectorArray } from './readers/reader'

/** A categorical column that a file's rows may belong to. */
export interface ColumnVocabulary {
  readonly column: string
  /** Real values of its domain, without unknown. */
  readonly vocabularySize: number
}

type ArrayView = VectorFileView['arrays'][number]
type Fit = ArrayView['fits'][number]

/**
 * What a dropped file holds and which columns it fits by row position, best first: columns for which it has a row for
 * every id and for unknown (n + 1) before those for which it has n. Reads headers only and changes nothing.
 * @throws GraftError where the file cannot be read as vectors at all
 */
export async function inspectFile(
  path: string,
  columns: readonly ColumnVocabulary[],
): Promise<VectorFileView> {
  const file = await openVectorFile(path).catch((error: unknown) => {
    throw toGraftError(error)
  })
  try {
    const { format, bytes } = file
    const arrays = file.arrays.map((array) => viewArray(array, columns))
    return { path, name: basename(path), format, bytes, arrays }
  } finally {
    await file.close()
  }
}

function viewArray(array: VectorArray, columns: readonly ColumnVocabulary[]): ArrayView {
  const { name, dtype } = array
  const shape = [...array.shape]
  if (array.problem) {
    return { name, dtype, shape, fits: [], refusal: `${array.problem.message} ${array.problem.hint}`.trim() }
  }
  const fits = columns.flatMap((column) => fitColumn(array, column) ?? [])
  // The sort is stable: among equals the order of the schema stays.
  fits.sort((a, b) => Number(b.exact) - Number(a.exact))
  return { name, dtype, shape, fits, refusal: null }
}

function fitColumn(array: VectorArray, { column, vocabularySize }: ColumnVocabulary): Fit | null {
  const [rows = 0] = array.shape
  const ids = `${vocabularySize.toLocaleString('en-US')} ids`
  const what = `${shapeText(array.shape)} ${array.dtype} fits ${column}`
  if (rows === vocabularySize + 1) return { column, exact: true, sentence: `${what} (${ids} + unknown)` }
  if (rows === vocabularySize) {
    return { column, exact: false, sentence: `${what} (${ids}; unknown becomes their mean)` }
  }
  return null
}
