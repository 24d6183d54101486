import { basename } from 'node:path'
import type { AlignmentReport } from '../contract/vectors'
import { GraftError, toGraftError } from '../contract/errors'
import { QualityBuilder } from './quality'
import { chooseArray, shapeText, type VectorArray, type VectorFile } from './readers/reader'
import { openVectorFile } from './readers'
import type { StoredTable } from './record'
import type { EmbeddingStore } from './store'

export interface AttachRequest {
  /** Id of the table to write; one that exists is replaced. */
  readonly table: string
  readonly column: string
  /** Real values of the column's domain: ids 1 … n. Id 0 is unknown. */
  readonly vocabularySize: number
  readonly path: string
  /** Name of the array in a file that holds several. */
  readonly array?: string | null
  readonly frozen: boolean
  /** The width that the vectors must have, where something else has fixed it already. */
  readonly expectedWidth?: number
  /**
   * Counts the rows of the training part, and those of them whose id has a vector of its own.
   * @param matched [n + 1], 1 where the id has a vector
   */
  readonly countMatchedRows?: (matched: Uint8Array) => Promise<{ rows: number; matched: number }>
  /** The id of a row, where it is not the row's number. */
  readonly nameOf?: (row: number) => string
  readonly signal?: AbortSignal
  /** Rows done and rows in all. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Aligns a file's vectors to a column's ids by row position and stores them. A file of n + 1 rows is taken as it is; in
 * a file of n rows, row i − 1 belongs to id i, and the unknown row becomes the mean of all. Nothing changes on failure.
 * @throws GraftError `shape-mismatch` for any other number of rows, `non-finite` with `details.count` and
 *   `details.firstRow`, `cancelled`, and what reading and writing the files throw
 */
export async function attachByPosition(store: EmbeddingStore, request: AttachRequest): Promise<StoredTable> {
  const file = await openVectorFile(request.path, { digest: true }).catch((error: unknown) => {
    throw toGraftError(error)
  })
  try {
    const array = chooseArray(file, request.array ?? undefined)
    const alignment = alignByPosition(file, array, request)
    const total = alignment.rows
    const meanRow = alignment.addsUnknown ? await columnMeans(file, array, request) : null
    const source = (sha256: string) => ({
      kind: 'file' as const,
      path: file.path,
      array: array.name === '' ? null : array.name,
      format: file.format,
      sha256,
    })
    const facts = {
      report: await makeReport(alignment, array, request),
      source: source(''),
      dtype: array.dtype,
    }
    const quality = new QualityBuilder(total - 1, alignment.width)
    const rows = measured(tableRows(file, array, request, meanRow, total), alignment.width, quality)
    return await store.write(request.table, facts, rows, [], async () => ({
      source: source(await digestOf(file, request.signal)),
      report: { ...facts.report, quality: await quality.finish(request.nameOf ?? String) },
    }))
  } catch (error) {
    throw toGraftError(error)
  } finally {
    await file.close()
  }
}

interface Alignment {
  /** Rows of the aligned table. */
  readonly rows: number
  readonly width: number
  /** Whether the file lacks the unknown row, so that one is put before its rows. */
  readonly addsUnknown: boolean
}

export function alignByPosition(file: VectorFile, array: VectorArray, request: AttachRequest): Alignment {
  const [found = 0, width = 0] = array.shape
  const { column, vocabularySize, expectedWidth } = request
  const rows = vocabularySize + 1
  const expected = [rows, expectedWidth ?? width]
  const widthFits = expectedWidth === undefined || width === expectedWidth
  if ((found === rows || found === vocabularySize) && widthFits) {
    return { rows, width, addsUnknown: found === vocabularySize }
  }
  const wanted = expectedWidth === undefined ? `${rows.toLocaleString('en-US')} rows` : shapeText(expected)
  throw new GraftError(
    'shape-mismatch',
    `${describe(file, array)} is ${shapeText(array.shape)}; ${column} needs ${wanted}: ` +
      `${vocabularySize.toLocaleString('en-US')} ids and the unknown row 0.`,
    found === width || width === rows || width === vocabularySize
      ? 'Is the array transposed? Its rows must be the ids.'
      : `Use a file with one row for each id, or choose the column whose ids these are.`,
    { expected, found: [...array.shape] },
  )
}

function describe(file: VectorFile, array: VectorArray): string {
  const name = basename(file.path)
  return array.name === '' ? name : `'${array.name}' of ${name}`
}

async function makeReport(
  alignment: Alignment,
  array: VectorArray,
  request: AttachRequest,
): Promise<AlignmentReport> {
  const { vocabularySize, column, table, frozen } = request
  const warnings: string[] = []
  if (alignment.addsUnknown) {
    warnings.push(
      `The file has ${vocabularySize.toLocaleString('en-US')} rows, one less than ids and unknown: they were taken ` +
        `as ids 1 to ${vocabularySize.toLocaleString('en-US')}, and unknown became their mean.`,
    )
  }
  if (array.dtype === 'float64' || array.dtype === 'int64' || array.dtype === 'uint64') {
    warnings.push(`The numbers were rounded from ${array.dtype} to float32.`)
  }
  const matched = new Uint8Array(alignment.rows).fill(1)
  // Unknown has no vector of its own, even where the file brings a row for it.
  matched[0] = 0
  const counted = await request.countMatchedRows?.(matched)
  if (!counted || counted.rows === 0) {
    warnings.push('There are no training rows yet to count matches in.')
  }
  return {
    table,
    column,
    rows: alignment.rows,
    width: alignment.width,
    matchedIds: vocabularySize,
    vocabularySize,
    matchedRowsShare: counted && counted.rows > 0 ? counted.matched / counted.rows : 0,
    missingIds: 0,
    extraKeys: 0,
    duplicateKeys: 0,
    nonFiniteRows: 0,
    frozen,
    warnings,
  }
}

/** The hash of a file whose rows have been read. */
export function digestOf(file: VectorFile, signal: AbortSignal | undefined): Promise<string> {
  return file.sha256(signal).catch((error: unknown) => {
    throw signal?.aborted ? cancelled(file) : error
  })
}

export function cancelled(file: VectorFile): GraftError {
  return new GraftError('cancelled', `Attaching ${basename(file.path)} was cancelled.`)
}

/** Counts what is not finite, so that the error can tell the whole extent and not only the first case. */
export class FiniteCheck {
  private rows = 0
  private numbers = 0
  private firstRow = -1

  get clean(): boolean {
    return this.rows === 0
  }

  add(block: Float32Array, firstRow: number, width: number): void {
    for (let start = 0, row = firstRow; start < block.length; start += width, row++) {
      let bad = 0
      for (let i = start; i < start + width; i++) if (!Number.isFinite(block[i])) bad += 1
      if (bad === 0) continue
      if (this.rows === 0) this.firstRow = row
      this.rows += 1
      this.numbers += bad
    }
  }

  assert(file: VectorFile, array: VectorArray): void {
    if (this.clean) return
    const [rows = 0] = array.shape
    throw new GraftError(
      'non-finite',
      `${describe(file, array)} has NaN or infinity in ${this.rows.toLocaleString('en-US')} of ` +
        `${rows.toLocaleString('en-US')} rows (${this.numbers.toLocaleString('en-US')} numbers); ` +
        `the first is row ${this.firstRow}, counted from 0.`,
      'Replace them where the vectors are made; numbers past 3.4e38 do not fit float32 and count as infinite.',
      { count: this.rows, numbers: this.numbers, firstRow: this.firstRow },
    )
  }
}

/** Mean of the file's rows, summed in double precision. */
async function columnMeans(
  file: VectorFile,
  array: VectorArray,
  request: AttachRequest,
): Promise<Float32Array> {
  const [rows = 0, width = 0] = array.shape
  const sums = new Float64Array(width)
  const check = new FiniteCheck()
  for await (const block of file.read(array.name)) {
    if (request.signal?.aborted) throw cancelled(file)
    check.add(block.rows, block.firstRow, width)
    for (let start = 0; start < block.rows.length; start += width) {
      for (let c = 0; c < width; c++) sums[c] = (sums[c] ?? 0) + (block.rows[start + c] ?? 0)
    }
  }
  check.assert(file, array)
  return Float32Array.from(sums, (sum) => sum / rows)
}

/** The same blocks, each row but that of unknown measured on the way. */
async function* measured(
  blocks: AsyncIterable<Float32Array>,
  width: number,
  quality: QualityBuilder,
): AsyncGenerator<Float32Array> {
  let row = 0
  for await (const block of blocks) {
    for (let at = 0; at < block.length; at += width, row++)
      if (row > 0) quality.add(block.subarray(at, at + width), row)
    yield block
  }
}

/** The rows of the aligned table. After a row that is not finite nothing is written any more, only counted. */
async function* tableRows(
  file: VectorFile,
  array: VectorArray,
  request: AttachRequest,
  unknown: Float32Array | null,
  total: number,
): AsyncGenerator<Float32Array> {
  const [, width = 0] = array.shape
  const check = new FiniteCheck()
  if (unknown) yield unknown
  for await (const block of file.read(array.name)) {
    if (request.signal?.aborted) throw cancelled(file)
    check.add(block.rows, block.firstRow, width)
    if (check.clean) yield block.rows
    request.onProgress?.(block.firstRow + block.count + (unknown ? 1 : 0), total)
  }
  check.assert(file, array)
}
