import type { KeyRule, NearMiss } from '../contract'
import type { Vocabulary } from './vocabulary'

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
export function relaxedVocabulary(vocabulary: Vocabulary, rules: readonly KeyRule[]): Vocabulary {
  if (rules.length === 0) return vocabulary
  const form = canonicalForm(rules)
  const ids = new Map<string, number>()
  for (let id = 1; id <= vocabulary.size; id++) {
    const value = form(vocabulary.valueOf(id))
    if (!ids.has(value)) ids.set(value, id)
  }
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
export function findNearMisses(
  vocabulary: Vocabulary,
  missing: readonly number[],
  extra: Iterable<string>,
): NearMiss[] {
  const keys: string[] = []
  for (const key of extra) {
    if (keys.length === comparedKeys) break
    keys.push(key)
  }
  const found = rulesInOrder.flatMap((rule) => {
    const form = canonicalForm([rule])
    const ids = new Map(missing.map((id) => [form(vocabulary.valueOf(id)), id]))
    const matched = new Set<number>()
    let example: { key: string; value: string } | null = null
    for (const key of keys) {
      const id = ids.get(form(key))
      if (id === undefined) continue
      matched.add(id)
      example ??= { key, value: vocabulary.valueOf(id) }
    }
    return example ? [{ rule, ids: matched.size, example }] : []
  })
  return found.sort((a, b) => b.ids - a.ids)
}
