import { basename } from 'node:path'
import { toGraftError } from '../contract/errors'
import type { VectorFile as VectorFileView } from '../contract/views'
import type { Vocabulary } from './vocabulary'
import { openVectorFile } from './readers'
import { shapeText, type VectorArray, type VectorFile } from './readers/reader'

/** A categorical column that a file's rows may belong to. */
export interface ColumnVocabulary {
  readonly column: string
  readonly vocabulary: Vocabulary
}

/** Rows whose keys are compared with the vocabularies: a proposal must come in a moment, whatever the file's size. */
const comparedRows = 100_000

type ArrayView = VectorFileView['arrays'][number]
type Fit = ArrayView['fits'][number]

/**
 * What a dropped file holds and which columns it fits, best first. Rows with keys fit the columns whose values the keys
 * are, by the share of ids that they cover; rows without fit by position: columns for which there is a row for every id
 * and for unknown (n + 1) before those for which there are n. Reads headers and the first keys, and changes nothing.
 * @throws GraftError where the file cannot be read as vectors at all
 */
export async function inspectFile(
  path: string,
  columns: readonly ColumnVocabulary[],
): Promise<VectorFileView> {
  const keyNames = columns.map(({ column }) => column)
  const file = await openVectorFile(path, { keyNames }).catch((error: unknown) => {
    throw toGraftError(error)
  })
  try {
    const { format, bytes, keyField } = file
    const arrays: ArrayView[] = []
    for (const array of file.arrays) arrays.push(await viewArray(file, array, columns))
    return { path, name: basename(path), format, bytes, keyFields: [...file.keyFields], keyField, arrays }
  } finally {
    await file.close()
  }
}

async function viewArray(
  file: VectorFile,
  array: VectorArray,
  columns: readonly ColumnVocabulary[],
): Promise<ArrayView> {
  const { name, dtype, keyed } = array
  const shape = [...array.shape]
  if (array.problem) {
    return {
      name,
      dtype,
      shape,
      keyed,
      fits: [],
      refusal: `${array.problem.message} ${array.problem.hint}`.trim(),
    }
  }
  if (keyed) {
    const fits = await fitByKeys(file, array, columns)
    return { name, dtype, shape, keyed, fits, refusal: null }
  }
  const fits = columns.flatMap((column) => fitColumn(array, column) ?? [])
  // The sort is stable: among equals the order of the schema stays.
  fits.sort((a, b) => Number(b.exact) - Number(a.exact))
  return { name, dtype, shape, keyed, fits, refusal: null }
}

/** Columns whose ids are among the first keys, those of which most ids are covered first. */
async function fitByKeys(
  file: VectorFile,
  array: VectorArray,
  columns: readonly ColumnVocabulary[],
): Promise<Fit[]> {
  const found = columns.map(() => new Set<number>())
  let rows = 0
  for await (const block of file.read(array.name)) {
    for (const key of block.keys ?? []) {
      columns.forEach(({ vocabulary }, index) => {
        const id = vocabulary.idOf(key)
        if (id > 0) found[index]?.add(id)
      })
    }
    rows += block.count
    if (rows >= comparedRows) break
  }
  const [all = 0] = array.shape
  const among = rows < all ? ` among its first ${rows.toLocaleString('en-US')} keys` : ' by key'
  const fits = columns.flatMap(({ column, vocabulary }, index) => {
    const matched = found[index]?.size ?? 0
    if (matched === 0) return []
    const share = matched / vocabulary.size
    const ids = `${matched.toLocaleString('en-US')} of ${vocabulary.size.toLocaleString('en-US')} ids`
    const sentence = `${shapeText(array.shape)} ${array.dtype} has ${ids} of ${column}${among}`
    return [{ fit: { column, exact: matched === vocabulary.size, sentence }, share, keys: matched / rows }]
  })
  // Of columns that are covered alike, the one that most of the keys belong to.
  fits.sort((a, b) => b.share - a.share || b.keys - a.keys)
  return fits.map(({ fit }) => fit)
}

function fitColumn(array: VectorArray, { column, vocabulary }: ColumnVocabulary): Fit | null {
  const [rows = 0] = array.shape
  // Ids that Graft numbered itself are no order that a file could be in.
  if (!vocabulary.encoded) return null
  const vocabularySize = vocabulary.size
  const ids = `${vocabularySize.toLocaleString('en-US')} ids`
  const what = `${shapeText(array.shape)} ${array.dtype} fits ${column}`
  if (rows === vocabularySize + 1) return { column, exact: true, sentence: `${what} (${ids} + unknown)` }
  if (rows === vocabularySize) {
    return { column, exact: false, sentence: `${what} (${ids}; unknown becomes their mean)` }
  }
  return null
}
