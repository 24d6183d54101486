import { basename } from 'node:path'
import type { AlignmentReport } from '../contract'
import { GraftError } from '../contract/errors'
import type { AlignedTable, KeyCounts } from './align'
import type { VectorsRequest } from './attachVectors'
import { findNearMisses } from './keyRules'
import type { VectorArray, VectorFile } from './readers/reader'

/**
 * What laying keyed rows onto ids found.
 * @throws GraftError `invalid-data` where no key is an id
 */
export async function reportKeyed(
  table: AlignedTable,
  counts: KeyCounts,
  file: VectorFile,
  array: VectorArray,
  request: VectorsRequest,
): Promise<AlignmentReport> {
  const { vocabulary, column, settings } = request
  const missing: number[] = []
  for (let id = 1; id < table.vocabularyRows; id++) if (table.present[id] !== 1) missing.push(id)
  const nearMisses = missing.length > 0 ? await findNearMisses(vocabulary, missing, counts.extra) : []
  const [best] = nearMisses
  if (missing.length === vocabulary.size) {
    const keys = [...firstOf(counts.extra, exampleCount)]
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
  if (counts.extra.length > 0) warnings.push(extraSentence(table, counts, request))
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
  const examples = {
    missing: missing.slice(0, exampleCount).map((id) => vocabulary.valueOf(id)),
    extra: [...firstOf(counts.extra, exampleCount)],
  }
  return { ...report, alignedBy: 'key', keyField, nearMisses, emptyKeys: counts.empty, examples }
}

function extraSentence(table: AlignedTable, { extra }: KeyCounts, request: VectorsRequest): string {
  const what = `${count(extra.length)} keys of the file are no ids of ${request.column}`
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

/** Ids and keys that a report names. */
const exampleCount = 5

function* firstOf(keys: Iterable<string>, n: number): Generator<string> {
  let left = n
  for (const key of keys) {
    if (left-- <= 0) return
    yield key
  }
}

const count = (value: number): string => value.toLocaleString('en-US')
const quoted = (texts: readonly string[]): string => texts.map((text) => `'${text.slice(0, 40)}'`).join(', ')

/** What laying rows onto ids found, however it was done. @param warnings sentences of the caller's */
export async function makeReport(
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
    extraKeys: counts.extra.length,
    duplicateKeys: counts.duplicates,
    nonFiniteRows: counts.nonFinite,
    frozen: request.frozen,
    warnings: notes,
    extraRows: table.rows - table.vocabularyRows,
    dtype: array.dtype,
    fileRows: array.shape[0] ?? 0,
    ...(counted ? { trainingRows: counted.rows, matchedRows: counted.matched } : {}),
  }
}
