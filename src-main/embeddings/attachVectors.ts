import { basename } from 'node:path'
import type { AlignmentReport, AlignmentSettings } from '../contract'
import { GraftError, toGraftError } from '../contract/errors'
import { alignByKey, allocateTable, type AlignedTable, type KeyCounts } from './align'
import {
  alignByPosition,
  attachByPosition,
  cancelled,
  digestOf,
  FiniteCheck,
  type AttachRequest,
} from './attach'
import { hashKeys } from './extraKeys'
import { canonicalForm, findNearMisses, relaxedVocabulary } from './keyRules'
import { prepareTable } from './prepare'
import { openVectorFile } from './readers'
import { chooseArray, type RowBlock, type VectorArray, type VectorFile } from './readers/reader'
import { withKeys } from './readers/rows'
import type { StoredTable } from './record'
import { readSidecarKeys } from './sidecar'
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
    const keyed = !request.byPosition && (request.ids !== null || array.keyed)
    if (!keyed && !request.byPosition && !request.vocabulary.encoded) throw needsKeys(file, request)
    if (!keyed && isUntouched(request.settings) && !request.givenExtraKeys?.length) {
      return await attachByPosition(store, {
        ...request,
        array: array.name,
        vocabularySize: request.vocabulary.size,
      })
    }
    return await (keyed
      ? attachKeyed(store, file, array, request)
      : attachPrepared(store, file, array, request))
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

function needsKeys(file: VectorFile, { column }: VectorsRequest): GraftError {
  return new GraftError(
    'invalid-setting',
    `${basename(file.path)} carries no keys, and the ids of ${column} are numbered by Graft: rows cannot be told apart.`,
    'Name its key field, give a file of ids beside it, or say that its rows are in the order of the ids.',
    { keyFields: [...file.keyFields] },
  )
}

async function attachKeyed(
  store: EmbeddingStore,
  file: VectorFile,
  array: VectorArray,
  request: VectorsRequest,
): Promise<StoredTable> {
  const [, width = 0] = array.shape
  checkWidth(file, array, request)
  const vocabulary = relaxedVocabulary(request.vocabulary, request.settings.keyRules)
  const blocks = cancellable(await keyedBlocks(file, array, request), file, request)
  const total = array.shape[0] ?? 0
  const onRows = (rows: number): void => request.onProgress?.(rows, total)
  const given = request.givenExtraKeys
  const extraIds =
    given || request.extraRows
      ? { given, form: canonicalForm(request.settings.keyRules), atMost: given ? 0 : total }
      : null
  const { table, counts, extraKeys } = await alignByKey(
    blocks,
    width,
    vocabulary,
    request.column,
    onRows,
    extraIds,
  )
  const report = await reportKeyed(table, counts, file, array, request)
  return storePrepared(store, file, array, request, table, report, extraKeys)
}

/** A file without keys whose rows are changed on the way: it passes through memory. */
async function attachPrepared(
  store: EmbeddingStore,
  file: VectorFile,
  array: VectorArray,
  request: VectorsRequest,
): Promise<StoredTable> {
  const { vocabulary } = request
  const position = { ...request, vocabularySize: vocabulary.size }
  const { rows: vocabularyRows, width, addsUnknown } = alignByPosition(file, array, position)
  const extraKeys = request.givenExtraKeys ?? []
  const rows = vocabularyRows + extraKeys.length
  const values = allocateTable(rows, width, request.column)
  const offset = addsUnknown ? 1 : 0
  const check = new FiniteCheck()
  for await (const block of cancellable(file.read(array.name), file, request)) {
    check.add(block.rows, block.firstRow, width)
    values.set(block.rows, (block.firstRow + offset) * width)
    request.onProgress?.(block.firstRow + block.count, array.shape[0] ?? 0)
  }
  check.assert(file, array)
  const present = new Uint8Array(rows).fill(1, 0, vocabularyRows)
  if (addsUnknown) present[0] = 0
  const table = { vocabularyRows, rows, width, values, present }
  const warnings = addsUnknown
    ? [
        `The file has ${vocabulary.size.toLocaleString('en-US')} rows, one less than ids and unknown: they were taken ` +
          `as ids 1 to ${vocabulary.size.toLocaleString('en-US')}.`,
      ]
    : []
  const counts = { extra: new Set<string>(), duplicates: 0, empty: 0, nonFinite: 0 }
  const report = await makeReport(table, counts, array, request, warnings)
  return storePrepared(store, file, array, request, table, { ...report, alignedBy: 'position' }, extraKeys)
}

async function storePrepared(
  store: EmbeddingStore,
  file: VectorFile,
  array: VectorArray,
  request: VectorsRequest,
  aligned: AlignedTable,
  report: AlignmentReport,
  extraKeys: readonly string[],
): Promise<StoredTable> {
  const table = await prepareTable(aligned, request.settings)
  const sha256 = await digestOf(file, request.signal)
  const facts = {
    report: { ...report, width: table.width },
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
      extraKeys.length > 0 ? { sha256: hashKeys(extraKeys), keyRules: [...request.settings.keyRules] } : null,
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

async function* cancellable(
  blocks: AsyncIterable<RowBlock>,
  file: VectorFile,
  request: VectorsRequest,
): AsyncGenerator<RowBlock> {
  for await (const block of blocks) {
    if (request.signal?.aborted) throw cancelled(file)
    yield block
  }
}

async function keyedBlocks(
  file: VectorFile,
  array: VectorArray,
  request: VectorsRequest,
): Promise<AsyncIterable<RowBlock>> {
  const { ids } = request
  if (ids === null) return file.read(array.name)
  // The key then names a column of the file of ids.
  const keys = await readSidecarKeys(ids, {
    ...(request.key === null || file.keyField === request.key ? {} : { key: request.key }),
    keyNames: [request.column],
  }).catch((error: unknown) => {
    throw toGraftError(error)
  })
  const [rows = 0] = array.shape
  if (keys.length === rows) return withKeys(file.read(array.name), keys)
  throw new GraftError(
    'shape-mismatch',
    `${basename(ids)} has ${keys.length.toLocaleString('en-US')} keys, and ${basename(file.path)} has ` +
      `${rows.toLocaleString('en-US')} rows.`,
    'There must be one key for each row of vectors, in the same order.',
    { expected: rows, found: keys.length },
  )
}

function checkWidth(file: VectorFile, array: VectorArray, { expectedWidth, column }: VectorsRequest): void {
  const [rows = 0, width = 0] = array.shape
  if (expectedWidth === undefined || width === expectedWidth) return
  throw new GraftError(
    'shape-mismatch',
    `The vectors of ${basename(file.path)} have ${width} numbers; ${column} needs ${expectedWidth}.`,
    'Choose vectors of that width.',
    { expected: [rows, expectedWidth], found: [rows, width] },
  )
}

async function reportKeyed(
  table: AlignedTable,
  counts: KeyCounts,
  file: VectorFile,
  array: VectorArray,
  request: VectorsRequest,
): Promise<AlignmentReport> {
  const { vocabulary, column, settings } = request
  const missing: number[] = []
  for (let id = 1; id < table.vocabularyRows; id++) if (table.present[id] !== 1) missing.push(id)
  const nearMisses = missing.length > 0 ? findNearMisses(vocabulary, missing, counts.extra) : []
  const [best] = nearMisses
  if (missing.length === vocabulary.size) {
    const keys = [...counts.extra].slice(0, 5)
    const values = Array.from({ length: Math.min(5, vocabulary.size) }, (_, index) =>
      vocabulary.valueOf(index + 1),
    )
    throw new GraftError(
      'invalid-data',
      `No key of ${basename(file.path)} is an id of ${column}: keys such as ${quoted(keys)}, ids such as ${quoted(values)}.`,
      best
        ? `With the key rule '${best.rule}', ${count(best.ids)} of them would match, such as '${best.example.key}' ` +
            `and '${best.example.value}'.`
        : 'Choose the column whose ids these are, or the field that holds the keys.',
      { keys, values, nearMisses, keyFields: [...file.keyFields] },
    )
  }
  const warnings: string[] = []
  if (missing.length > 0) {
    warnings.push(
      `${count(missing.length)} ids have no vector of their own: they got ${wording[settings.missing]}.`,
    )
  }
  if (counts.extra.size > 0) warnings.push(extraSentence(table, counts, request))
  if (counts.duplicates > 0) {
    warnings.push(`${count(counts.duplicates)} rows repeat a key: the first row of each key was taken.`)
  }
  if (counts.empty > 0) warnings.push(`${count(counts.empty)} rows have no key and were left out.`)
  if (counts.nonFinite > 0)
    warnings.push(`${count(counts.nonFinite)} rows hold NaN or infinity and were left out.`)
  if (best) {
    warnings.push(
      `With the key rule '${best.rule}', ${count(best.ids)} more ids would get a vector, such as ` +
        `'${best.example.value}' from '${best.example.key}'.`,
    )
  }
  const report = await makeReport(table, counts, array, request, warnings)
  const keyField = request.ids === null ? file.keyField : basename(request.ids)
  return { ...report, alignedBy: 'key', keyField, nearMisses }
}

function extraSentence(table: AlignedTable, { extra }: KeyCounts, request: VectorsRequest): string {
  const what = `${count(extra.size)} keys of the file are no ids of ${request.column}`
  const rows = table.rows - table.vocabularyRows
  if (request.givenExtraKeys)
    return `${what}; of those that the column's other table has rows for, ${count(rows)}, each has one here, too.`
  return rows > 0 ? `${what}: ${count(rows)} of them have rows of their own.` : `${what}.`
}

const wording = {
  mean: 'the mean of the others',
  random: "random numbers at the table's scale",
  zero: 'zeros',
  unknown: 'the unknown row',
} as const

const count = (value: number): string => value.toLocaleString('en-US')
const quoted = (texts: readonly string[]): string => texts.map((text) => `'${text.slice(0, 40)}'`).join(', ')

async function makeReport(
  table: AlignedTable,
  counts: KeyCounts,
  array: VectorArray,
  request: VectorsRequest,
  warnings: readonly string[],
): Promise<AlignmentReport> {
  const notes = [...warnings]
  if (array.dtype === 'float64' || array.dtype === 'int64' || array.dtype === 'uint64') {
    notes.push(`The numbers were rounded from ${array.dtype} to float32.`)
  }
  const matched = table.present.slice(0, table.vocabularyRows)
  // Unknown has no vector of its own, even where the file brings a row for it.
  matched[0] = 0
  const matchedIds = matched.reduce((sum, one) => sum + one, 0)
  const counted = await request.countMatchedRows?.(matched)
  if (!counted || counted.rows === 0) notes.push('There are no training rows yet to count matches in.')
  return {
    table: request.table,
    column: request.column,
    rows: table.rows,
    width: table.width,
    matchedIds,
    vocabularySize: request.vocabulary.size,
    matchedRowsShare: counted && counted.rows > 0 ? counted.matched / counted.rows : 0,
    missingIds: request.vocabulary.size - matchedIds,
    extraKeys: counts.extra.size,
    duplicateKeys: counts.duplicates,
    nonFiniteRows: counts.nonFinite,
    frozen: request.frozen,
    warnings: notes,
    extraRows: table.rows - table.vocabularyRows,
  }
}
