import type { AlignmentReport, AlignmentSettings } from '../contract'
import { toGraftError } from '../contract/errors'
import type { AlignedTable } from './align'
import { alignVectors, isKeyed, type AlignedVectors } from './alignVectors'
import { attachByPosition, digestOf, type AttachRequest } from './attach'
import { hashKeys } from './extraKeys'
import { prepareTable } from './prepare'
import { measureQuality } from './quality'
import { openVectorFile } from './readers'
import { chooseArray, type VectorArray, type VectorFile } from './readers/reader'
import type { StoredTable } from './record'
import type { EmbeddingStore } from './store'
import type { Vocabulary } from './vocabulary'

export interface VectorsRequest extends Omit<AttachRequest, 'vocabularySize'> {
  readonly vocabulary: Vocabulary
  /** The field that holds the keys, or the name of the array where it is one of vectors; null guesses. */
  readonly key: string | null
  /** A file of keys beside the vectors. */
  readonly ids: string | null
  /** Row i belongs to id i, whatever keys there are. */
  readonly byPosition: boolean
  readonly settings: AlignmentSettings
  /** Whether ids that occur only in the file get rows. */
  readonly extraRows: boolean
  /**
   * The ids outside of the vocabulary that the column's other tables have rows for, in their order: this one then has rows
   * for the same and no others, for a looked-up number must mean one id in all of them. Null where there is no other.
   */
  readonly givenExtraKeys: readonly string[] | null
}

/**
 * Lays a file's vectors onto a column's ids and stores them: by the keys that the file or a file beside it carries, else
 * by row position, where the ids came encoded or the caller says so. Nothing changes on failure.
 * @throws GraftError `shape-mismatch` for rows that fit neither the keys nor the ids, `invalid-data` where no key meets
 *   an id, `invalid-setting` where keys are needed, `out-of-memory`, `cancelled`, and what reading and writing throw
 */
export async function attachVectors(store: EmbeddingStore, request: VectorsRequest): Promise<StoredTable> {
  const { file, name } = await openWithKey(request)
  try {
    const array = chooseArray(file, name)
    const asTheyAre = isUntouched(request.settings) && !request.givenExtraKeys?.length
    if (!isKeyed(file, array, request) && asTheyAre) {
      return await attachByPosition(store, {
        ...request,
        array: array.name,
        vocabularySize: request.vocabulary.size,
        nameOf: (row) => request.vocabulary.valueOf(row),
      })
    }
    return await storePrepared(store, file, array, request, await alignVectors(file, array, request))
  } catch (error) {
    throw toGraftError(error)
  } finally {
    await file.close()
  }
}

/** Opens the file. A key that names no key field may name the array to take, as in an archive of several. */
async function openWithKey(request: VectorsRequest): Promise<{ file: VectorFile; name: string | undefined }> {
  const { path, key, column } = request
  const keyNames = [column]
  const name = request.array ?? undefined
  try {
    if (key === null) return { file: await openVectorFile(path, { keyNames, digest: true }), name }
    return { file: await openVectorFile(path, { key, keyNames, digest: true }), name }
  } catch (error) {
    const failure = toGraftError(error)
    if (key === null || !(failure.code === 'not-found' && 'fields' in failure.details)) throw failure
    const file = await openVectorFile(path, { keyNames, digest: true })
    if (file.arrays.some((array) => array.name === key)) return { file, name: name ?? key }
    await file.close()
    throw failure
  }
}

/** Whether rows by position go to the table as they are. */
function isUntouched({ normalize, center, pca, unknown }: AlignmentSettings): boolean {
  return normalize === 'none' && !center && pca === null && unknown === 'mean'
}

/**
 * What an attachment would find, without writing anything.
 * @throws GraftError as {@link attachVectors} does
 */
export async function previewVectors(request: VectorsRequest): Promise<AlignmentReport> {
  const { file, name } = await openWithKey(request)
  try {
    const array = chooseArray(file, name)
    const aligned = await alignVectors(file, array, request)
    return await complete(aligned, await prepareTable(aligned.table, request.settings), request)
  } catch (error) {
    throw toGraftError(error)
  } finally {
    await file.close()
  }
}

/** The report with what only the prepared rows tell. */
async function complete(
  { report, extraKeys }: AlignedVectors,
  table: AlignedTable,
  { vocabulary }: VectorsRequest,
): Promise<AlignmentReport> {
  const nameOf = (row: number): string =>
    row > vocabulary.size ? (extraKeys[row - vocabulary.size - 1] ?? '') : vocabulary.valueOf(row)
  return { ...report, width: table.width, quality: await measureQuality(table, nameOf) }
}

async function storePrepared(
  store: EmbeddingStore,
  file: VectorFile,
  array: VectorArray,
  request: VectorsRequest,
  aligned: AlignedVectors,
): Promise<StoredTable> {
  const { extraKeys } = aligned
  const table = await prepareTable(aligned.table, request.settings)
  const sha256 = await digestOf(file, request.signal)
  const facts = {
    report: await complete(aligned, table, request),
    source: {
      kind: 'file' as const,
      path: file.path,
      array: array.name === '' ? null : array.name,
      format: file.format,
      sha256,
    },
    dtype: array.dtype,
    alignment: request.settings,
    ids: request.ids,
    extraKeys:
      extraKeys.length > 0
        ? { sha256: await hashKeys(extraKeys), keyRules: [...request.settings.keyRules] }
        : null,
  }
  return store.write(request.table, facts, inBlocks(table), extraKeys)
}

/** A table in memory, a megabyte at a time. */
async function* inBlocks({ rows, width, values }: AlignedTable): AsyncGenerator<Float32Array> {
  const blockRows = Math.max(1, Math.floor(262_144 / width))
  for (let row = 0; row < rows; row += blockRows) {
    yield values.subarray(row * width, Math.min(rows, row + blockRows) * width)
  }
}
