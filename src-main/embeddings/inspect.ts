import { basename } from 'node:path'
import { toGraftError } from '../contract/errors'
import type { NearMiss, VectorFile as VectorFileView } from '../contract/vectors'
import { findNearMisses } from './keyRules'
import { readSidecarKeys } from './sidecar'
import { keysAtOnce, type Vocabulary } from './vocabulary'
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
 * are, by how much of both is common; rows without fit by position: columns for which there is a row for every id
 * and for unknown (n + 1) before those for which there are n. Reads headers and the first keys, and changes nothing.
 * @param ids a file with the keys of the rows
 * @throws GraftError where the file cannot be read as vectors at all, or the other as keys
 */
export async function inspectFile(
  path: string,
  columns: readonly ColumnVocabulary[],
  ids: string | null = null,
): Promise<VectorFileView> {
  const keyNames = columns.map(({ column }) => column)
  const file = await openVectorFile(path, { keyNames }).catch((error: unknown) => {
    throw toGraftError(error)
  })
  try {
    const { format, bytes, keyField } = file
    const beside = ids === null ? null : await readSidecarKeys(ids, { keyNames })
    const arrays: ArrayView[] = []
    for (const array of file.arrays) arrays.push(await viewArray(file, array, columns, beside))
    return { path, name: basename(path), format, bytes, keyFields: [...file.keyFields], keyField, arrays }
  } finally {
    await file.close()
  }
}

async function viewArray(
  file: VectorFile,
  array: VectorArray,
  columns: readonly ColumnVocabulary[],
  beside: readonly string[] | null,
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
  // Of another length they are no keys of this array: attaching says so.
  const given = beside?.length === shape[0] ? beside : null
  if (given || keyed) {
    const keys = given ? inPieces(given) : keysOf(file, array)
    return { name, dtype, shape, keyed, ...(await fitByKeys(keys, array, columns)), refusal: null }
  }
  const fits = columns.flatMap((column) => fitColumn(array, column) ?? [])
  // The sort is stable: among equals the order of the schema stays.
  fits.sort((a, b) => Number(b.exact) - Number(a.exact))
  return { name, dtype, shape, keyed, fits, keys: null, refusal: null }
}

async function* keysOf(file: VectorFile, array: VectorArray): AsyncGenerator<readonly string[]> {
  for await (const { keys } of file.read(array.name)) yield keys ?? []
}

function* inPieces(keys: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < keys.length; at += keysAtOnce) yield keys.slice(at, at + keysAtOnce)
}

/** Columns whose ids are among the first keys, or would be under a rule: those that the keys fit best first. */
async function fitByKeys(
  pieces: AsyncIterable<readonly string[]> | Iterable<readonly string[]>,
  array: VectorArray,
  columns: readonly ColumnVocabulary[],
): Promise<Pick<ArrayView, 'fits' | 'keys'>> {
  const found = columns.map(() => new Set<number>())
  const distinct = new Set<string>()
  let rows = 0
  for await (const keys of pieces) {
    for (const key of keys) {
      distinct.add(key)
      columns.forEach(({ vocabulary }, index) => {
        const id = vocabulary.idOf(key)
        if (id > 0) found[index]?.add(id)
      })
    }
    rows += keys.length
    if (rows >= comparedRows) break
  }
  const [all = 0] = array.shape
  const among = rows < all ? ` among its first ${count(rows)} keys` : ' by key'
  const fits: { fit: Fit; overlap: number }[] = []
  for (const [index, { column, vocabulary }] of columns.entries()) {
    const own = found[index] ?? new Set<number>()
    const nearMiss = await nearMissOf(vocabulary, own, distinct)
    const matched = own.size + (nearMiss?.ids ?? 0)
    if (matched === 0) continue
    const { size } = vocabulary
    const rule = nearMiss ? `, ${count(nearMiss.ids)} of them only by the key rule '${nearMiss.rule}'` : ''
    const sentence = `${shapeText(array.shape)} ${array.dtype} has ${count(matched)} of ${count(size)} ids of ${column}${among}${rule}`
    const fit: Fit = { column, exact: own.size === size, sentence, matched, ids: size, nearMiss }
    // Ids that are also keys, of all that are either: small whole numbers would meet every column of fewer ids.
    fits.push({ fit, overlap: matched / (size + distinct.size - matched) })
  }
  fits.sort((a, b) => b.overlap - a.overlap)
  return { fits: fits.map(({ fit }) => fit), keys: { read: rows, distinct: distinct.size } }
}

/** Vocabularies up to this size are compared under rules, too: some hundred milliseconds. */
const relaxedSize = 200_000

/** The rule that helps most, where the keys as they are meet less than half of the ids that they could. */
async function nearMissOf(
  vocabulary: Vocabulary,
  matched: ReadonlySet<number>,
  keys: ReadonlySet<string>,
): Promise<NearMiss | null> {
  const { size } = vocabulary
  if (size > relaxedSize || matched.size * 2 >= Math.min(size, keys.size)) return null
  const missing: number[] = []
  for (let id = 1; id <= size; id++) if (!matched.has(id)) missing.push(id)
  const extra = [...keys].filter((key) => vocabulary.idOf(key) < 0)
  const [best] = await findNearMisses(vocabulary, missing, extra)
  return best ?? null
}

const count = (value: number): string => value.toLocaleString('en-US')

function fitColumn(array: VectorArray, { column, vocabulary }: ColumnVocabulary): Fit | null {
  const [rows = 0] = array.shape
  // Ids that Graft numbered itself are no order that a file could be in.
  if (!vocabulary.encoded) return null
  const vocabularySize = vocabulary.size
  const ids = `${vocabularySize.toLocaleString('en-US')} ids`
  const what = `${shapeText(array.shape)} ${array.dtype} fits ${column}`
  const known = { column, matched: vocabularySize, ids: vocabularySize, nearMiss: null }
  if (rows === vocabularySize + 1) return { ...known, exact: true, sentence: `${what} (${ids} + unknown)` }
  if (rows === vocabularySize) {
    return { ...known, exact: false, sentence: `${what} (${ids}; unknown becomes their mean)` }
  }
  return null
}
