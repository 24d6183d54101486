import type { KeyRule, NearMiss } from '../contract'
import { pieces } from './breathe'
import { KeyIndex } from './keyIndex'
import { keysAtOnce, type Vocabulary } from './vocabulary'

/** Makes two writings of one key equal. Applied to the file's keys and to the vocabulary's values alike. */
export type Canonical = (key: string) => string

const canonical: Readonly<Record<Exclude<KeyRule, 'prefix'>, Canonical>> = {
  trim: (key) => key.trim().replace(/\s+/g, ' '),
  case: (key) => key.normalize('NFKC').toLowerCase(),
  // 0042, +42, 42.0 and 4.2e1 are one number. Digits past a double's precision are left as they are.
  number: (key) => {
    if (!/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(key)) return key
    const whole = /^\s*\+?0*(\d+)(?:\.0*)?\s*$/.exec(key)?.[1]
    return whole ?? String(Number(key))
  },
}

/** What stands before the last separator of a key such as `movie_42`, `item:42`, `ml/42`. */
const prefix = /^.*[^\p{L}\p{N}.+-]|^\p{L}+(?=\d+$)/u
const withoutPrefix: Canonical = (key) => key.replace(prefix, '')

/** The canonical form under several rules, always applied in the same order. */
export function canonicalForm(rules: readonly KeyRule[]): Canonical {
  const steps: Canonical[] = []
  if (rules.includes('trim')) steps.push(canonical.trim)
  if (rules.includes('prefix')) steps.push(withoutPrefix)
  if (rules.includes('case')) steps.push(canonical.case)
  if (rules.includes('number')) steps.push(canonical.number)
  return (key) => steps.reduce((text, step) => step(text), key)
}

/** A vocabulary that finds keys under the given rules; of values that the rules make equal, the first is found. */
export async function relaxedVocabulary(
  vocabulary: Vocabulary,
  rules: readonly KeyRule[],
): Promise<Vocabulary> {
  if (rules.length === 0) return vocabulary
  const form = canonicalForm(rules)
  const ids = new KeyIndex()
  for await (const [start, end] of pieces(vocabulary.size, keysAtOnce))
    for (let id = start + 1; id <= end; id++) ids.add(form(vocabulary.valueOf(id)), id)
  return {
    ...vocabulary,
    idOf: (key) => {
      const exact = vocabulary.idOf(key)
      return exact >= 0 ? exact : (ids.get(form(key)) ?? -1)
    },
  }
}

/** Keys that are compared when near misses are looked for: enough to see a habit. */
const comparedKeys = 200_000

const rulesInOrder: readonly KeyRule[] = ['trim', 'number', 'case', 'prefix']

/**
 * The rules under which keys without an id would meet ids without a vector, best first.
 * @param missing ids without a vector
 * @param extra keys without an id
 */
export async function findNearMisses(
  vocabulary: Vocabulary,
  missing: readonly number[],
  extra: Iterable<string>,
): Promise<NearMiss[]> {
  const keys: string[] = []
  for (const key of extra) {
    if (keys.length === comparedKeys) break
    keys.push(key)
  }
  const found: NearMiss[] = []
  for (const rule of rulesInOrder) {
    const form = canonicalForm([rule])
    const ids = new KeyIndex()
    for await (const [start, end] of pieces(missing.length, keysAtOnce))
      for (const id of missing.slice(start, end)) ids.add(form(vocabulary.valueOf(id)), id)
    const matched = new Set<number>()
    let example: NearMiss['example'] | null = null
    for await (const [start, end] of pieces(keys.length, keysAtOnce)) {
      for (const key of keys.slice(start, end)) {
        const id = ids.get(form(key))
        if (id === undefined) continue
        matched.add(id)
        example ??= { key, value: vocabulary.valueOf(id) }
      }
    }
    if (example) found.push({ rule, ids: matched.size, example })
  }
  return found.sort((a, b) => b.ids - a.ids)
}
