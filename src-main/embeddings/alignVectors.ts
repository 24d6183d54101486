import { basename } from 'node:path'
import type { AlignmentReport } from '../contract'
import { GraftError, toGraftError } from '../contract/errors'
import { alignByKey, allocateTable, type AlignedTable } from './align'
import { alignByPosition, cancelled, FiniteCheck } from './attach'
import type { VectorsRequest } from './attachVectors'
import { canonicalForm, relaxedVocabulary } from './keyRules'
import type { RowBlock, VectorArray, VectorFile } from './readers/reader'
import { withKeys } from './readers/rows'
import { makeReport, reportKeyed } from './report'
import { readSidecarKeys } from './sidecar'

/** A file's vectors in the order of a column's ids, before they are prepared. */
export interface AlignedVectors {
  readonly table: AlignedTable
  readonly report: AlignmentReport
  /** The ids of the rows after those of the vocabulary. */
  readonly extraKeys: readonly string[]
}

/** Whether rows meet ids by keys. @throws GraftError `invalid-setting` where they should and there are none */
export function isKeyed(file: VectorFile, array: VectorArray, request: VectorsRequest): boolean {
  const keyed = !request.byPosition && (request.ids !== null || array.keyed)
  if (!keyed && !request.byPosition && !request.vocabulary.encoded) throw needsKeys(file, request)
  return keyed
}

/** Lays a file's vectors onto a column's ids in memory, and counts what met and what did not. */
export function alignVectors(
  file: VectorFile,
  array: VectorArray,
  request: VectorsRequest,
): Promise<AlignedVectors> {
  return isKeyed(file, array, request) ? alignKeyed(file, array, request) : alignRows(file, array, request)
}

function needsKeys(file: VectorFile, { column }: VectorsRequest): GraftError {
  return new GraftError(
    'invalid-setting',
    `${basename(file.path)} carries no keys, and the ids of ${column} are numbered by Graft: rows cannot be told apart.`,
    'Name its key field, give a file of ids beside it, or say that its rows are in the order of the ids.',
    { keyFields: [...file.keyFields] },
  )
}

async function alignKeyed(
  file: VectorFile,
  array: VectorArray,
  request: VectorsRequest,
): Promise<AlignedVectors> {
  const [, width = 0] = array.shape
  checkWidth(file, array, request)
  const vocabulary = await relaxedVocabulary(request.vocabulary, request.settings.keyRules)
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
  return { table, extraKeys, report: await reportKeyed(table, counts, file, array, request) }
}

/** Row i for id i; the rows pass through memory. */
async function alignRows(
  file: VectorFile,
  array: VectorArray,
  request: VectorsRequest,
): Promise<AlignedVectors> {
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
  const counts = { extra: [], duplicates: 0, empty: 0, nonFinite: 0 }
  const report = await makeReport(table, counts, array, request, warnings)
  return { table, extraKeys, report: { ...report, alignedBy: 'position' } }
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
