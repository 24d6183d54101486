import { pieces } from './breathe'
import { KeyIndex } from './keyIndex'

/** Keys that are entered into an index at once: some milliseconds. */
export const keysAtOnce = 4_000

/** The ids of a column's domain and the raw values that they stand for. Id 0 is unknown. */
export interface Vocabulary {
  /** Real values, without unknown: their ids are 1 … size. */
  readonly size: number
  /** Whether keys are the ids themselves, because the data came encoded. */
  readonly encoded: boolean
  /** The id of a key, -1 where the vocabulary does not have it; 0 where the key names the unknown row. */
  idOf(key: string): number
  /** The raw value of an id from 1 to size. */
  valueOf(id: number): string
}

/** The vocabulary of data that came encoded: the ids themselves, written without sign and leading zeros. */
export function encodedVocabulary(size: number): Vocabulary {
  return {
    size,
    encoded: true,
    idOf: (key) => (/^(?:0|[1-9]\d{0,14})$/.test(key) && Number(key) <= size ? Number(key) : -1),
    valueOf: String,
  }
}

/** A vocabulary with the ids of a table's further rows after its own. @param keys the id of row size + 1 + i at place i */
export async function withExtraKeys(vocabulary: Vocabulary, keys: readonly string[]): Promise<Vocabulary> {
  if (keys.length === 0) return vocabulary
  const rows = new KeyIndex()
  for await (const [start, end] of pieces(keys.length, keysAtOnce))
    for (let i = start; i < end; i++) rows.add(keys[i] ?? '', vocabulary.size + 1 + i)
  return {
    ...vocabulary,
    size: vocabulary.size + keys.length,
    idOf: (key) => {
      const id = vocabulary.idOf(key)
      return id >= 0 ? id : (rows.get(key) ?? -1)
    },
    valueOf: (id) => (id > vocabulary.size ? (keys[id - vocabulary.size - 1] ?? '') : vocabulary.valueOf(id)),
  }
}

/** A vocabulary of raw values. @param values the value of id i at place i − 1 */
export async function valueVocabulary(values: readonly string[]): Promise<Vocabulary> {
  const ids = new KeyIndex()
  for await (const [start, end] of pieces(values.length, keysAtOnce))
    for (let i = start; i < end; i++) ids.add(values[i] ?? '', i + 1)
  // Whole numbers of a floating-point column are written 42.0; in files of vectors they are 42.
  for await (const [start, end] of pieces(values.length, keysAtOnce)) {
    for (let i = start; i < end; i++) {
      const whole = /^(-?\d+)\.0$/.exec(values[i] ?? '')?.[1]
      if (whole !== undefined) ids.add(whole, i + 1)
    }
  }
  return {
    size: values.length,
    encoded: false,
    idOf: (key) => ids.get(key) ?? -1,
    valueOf: (id) => values[id - 1] ?? '',
  }
}
