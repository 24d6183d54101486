import { freemem, totalmem } from 'node:os'
import { GraftError } from '../contract/errors'
import { KeyIndex } from './keyIndex'
import type { RowBlock } from './readers/reader'
import type { Vocabulary } from './vocabulary'

/** A table in the order of a column's ids, before missing rows are filled. */
export interface AlignedTable {
  /** Rows of the vocabulary, unknown included; those of ids that only the file has come after them. */
  readonly vocabularyRows: number
  readonly rows: number
  readonly width: number
  readonly values: Float32Array // [rows, width]
  /** 1 where the id has a vector of its own. The unknown row has one only where the file brings it. */
  readonly present: Uint8Array // [rows]
}

/** Ids outside of the vocabulary that get rows of their own. */
export interface ExtraIds {
  /** Those that the column's other tables have rows for, in their order; null takes all that the file brings. */
  readonly given: readonly string[] | null
  /** Makes equal what the key rules make equal. */
  readonly form: (key: string) => string
  /** Rows of the file: as many ids it may bring. */
  readonly atMost: number
}

export interface KeyCounts {
  /** Distinct keys without an id of the vocabulary, as the key rules write them. */
  readonly extra: readonly string[]
  /** Rows whose key came before: the first one is taken. */
  readonly duplicates: number
  /** Rows without a key. */
  readonly empty: number
  /** Rows with NaN or infinity. They count as missing. */
  readonly nonFinite: number
}

/** Bytes that a table may take: most of what is free, and never so much that nothing else would fit. */
function spareMemory(): number {
  const most = 0.6 * totalmem()
  // What macOS calls free leaves out all that it would give back.
  return Math.floor(process.platform === 'darwin' ? most : Math.min(most, 0.9 * freemem()))
}

/**
 * Makes room for a table, or says before anything is read that there is none.
 * @throws GraftError `out-of-memory`
 */
export function allocateTable(rows: number, width: number, name: string): Float32Array {
  const bytes = 4 * rows * width
  const limit = spareMemory()
  const tooLarge = (): GraftError =>
    new GraftError(
      'out-of-memory',
      `A table of ${rows.toLocaleString('en-US')} × ${width.toLocaleString('en-US')} numbers takes ` +
        `${(bytes / 2 ** 30).toFixed(1)} GiB for ${name}; this machine can spare ${(limit / 2 ** 30).toFixed(1)} GiB.`,
      'Reduce the width where the vectors are made, or use a machine with more memory.',
      { bytes, limit },
    )
  if (bytes > limit) throw tooLarge()
  try {
    return new Float32Array(rows * width)
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge()
    throw error
  }
}

/**
 * Lays rows that carry keys into the order of a vocabulary. The first row of a key is taken.
 * @param blocks rows with their keys
 * @param onRows called with the number of rows read
 * @param extraIds given where ids outside of the vocabulary get rows, too
 * @returns with the keys of those rows, in their order
 */
export async function alignByKey(
  blocks: AsyncIterable<RowBlock>,
  width: number,
  vocabulary: Vocabulary,
  name: string,
  onRows: (rows: number) => void,
  extraIds: ExtraIds | null,
): Promise<{ table: AlignedTable; counts: KeyCounts; extraKeys: readonly string[] }> {
  const vocabularyRows = vocabulary.size + 1
  const extraKeys = [...(extraIds?.given ?? [])]
  // Memory that nothing is written to stays the system's, so making room for the most there may be costs nothing.
  const most = vocabularyRows + (extraIds ? Math.max(extraKeys.length, extraIds.atMost) : 0)
  const all = allocateTable(most, width, name)
  const seen = new Uint8Array(vocabularyRows)
  const present = new Uint8Array(most)
  const extra: string[] = []
  const seenExtra = new KeyIndex()
  const form = extraIds?.form ?? ((key: string) => key)
  const given = extraIds?.given ? new Map(extraKeys.map((key, i) => [form(key), vocabularyRows + i])) : null
  const placeOfExtra = (key: string): number | null => {
    if (!extraIds) return null
    return given ? (given.get(form(key)) ?? null) : vocabularyRows + extraKeys.push(key) - 1
  }
  let duplicates = 0
  let empty = 0
  let nonFinite = 0
  for await (const block of blocks) {
    const { keys } = block
    if (!keys) throw new GraftError('internal', 'Rows without keys cannot be aligned by key.')
    for (let row = 0; row < block.count; row++) {
      const vector = block.rows.subarray(row * width, (row + 1) * width)
      const finite = isFinite(vector)
      if (!finite) nonFinite += 1
      const key = keys[row] ?? ''
      if (key === '') {
        empty += 1
        continue
      }
      const id = vocabulary.idOf(key)
      const written = id < 0 ? form(key) : ''
      const known = id < 0 ? !seenExtra.add(written, extra.length) : seen[id] === 1
      if (known) {
        duplicates += 1
        continue
      }
      if (id < 0) extra.push(written)
      else seen[id] = 1
      const place = finite ? (id < 0 ? placeOfExtra(key) : id) : null
      if (place === null) continue
      present[place] = 1
      all.set(vector, place * width)
    }
    onRows(block.firstRow + block.count)
  }
  const rows = vocabularyRows + extraKeys.length
  return {
    table: {
      vocabularyRows,
      rows,
      width,
      values: all.subarray(0, rows * width),
      present: present.subarray(0, rows),
    },
    counts: { extra, duplicates, empty, nonFinite },
    extraKeys,
  }
}

/** A number times zero is zero, unless it is NaN or infinite: one sum tells of all, with no branch for each. */
function isFinite(vector: Float32Array): boolean {
  let sum = 0
  for (let i = 0; i < vector.length; i++) sum += (vector[i] ?? NaN) * 0
  return sum === 0
}
