import type { ColumnEncoding, DerivedColumn } from '../../contract/tables'
import { usualEncoding } from '../../project/columnEncoding'
import type { Dtype } from '../../schema'
import type { RawColumn } from '../sources/types'
import { separators, type ColumnFacts, skewedMean } from './facts'

/** What a column is taken for, and why. */
export interface Guess {
  column: string
  tags: string[]
  /** Set aside; null encodings go with it. */
  ignored: boolean
  encoding: ColumnEncoding | null
  reason: string
}

export type ThresholdColumn = Extract<DerivedColumn, { kind: 'threshold' }>

export interface Inference {
  guesses: Guess[]
  derived: ThresholdColumn[]
  target: string | null
  warnings: string[]
}

/** What a person said about the target: a column, or `column>number`. */
export interface TargetWish {
  column: string
  above: number | null
}

const subjects = {
  user: /^(user|customer|member|client|account|visitor|reader|person|uid|reviewer)$/,
  item: /^(item|movie|product|article|book|song|track|sku|video|ad|listing|offer|film|asin|isbn|iid)$/,
  session: /^(session|visit|basket)$/,
} as const

/** Above so many distinct values ids are hashed: a vocabulary of millions is slow to fit and mostly seen once. */
const largestVocabulary = 2_000_000
const usualBuckets = 1 << 20
/** Integers of so few values are codes rather than quantities. */
const fewValues = 20

/**
 * Guesses what each column is for. Pure rules over facts, from the most certain to the least; the person can overrule each.
 * @param wish the target that the person named
 */
export function infer(facts: readonly ColumnFacts[], wish: TargetWish | null): Inference {
  const warnings: string[] = []
  const { target, derived, source } = chooseTarget(facts, wish, warnings)
  const guesses = facts.map((of) => {
    if (of.column.name === target) return targetGuess(of)
    if (of.column.name === source)
      return aside(of, [], `${target ?? ''} is made from it, so it would give the answer away`)
    return guess(of, warnings)
  })
  return { guesses, derived, target, warnings }
}

function aside({ column }: ColumnFacts, tags: string[], reason: string): Guess {
  return { column: column.name, tags, ignored: true, encoding: null, reason }
}

function categorical(of: ColumnFacts, tags: string[], reason: string): Guess {
  const hashed = of.distinct > largestVocabulary
  return {
    column: of.column.name,
    tags: ['categorical', ...tags],
    ignored: false,
    encoding: { ...usualEncoding.categorical, buckets: hashed ? usualBuckets : null },
    reason: hashed ? `${reason}; hashed, for it has about ${Math.round(of.distinct)} values` : reason,
  }
}

function continuous(of: ColumnFacts, reason: string): Guess {
  const skewed =
    of.min !== null && of.min >= 0 && (of.mean ?? 0) > skewedMean * (of.median ?? 0) && (of.max ?? 0) > 100
  return {
    column: of.column.name,
    tags: ['continuous'],
    ignored: false,
    encoding: {
      ...usualEncoding.continuous,
      transform: skewed ? 'log1p' : 'standardise',
      indicator: of.missing > 0,
    },
    reason: skewed
      ? `${reason}; its largest values are far from the middle, so their logarithm is taken`
      : reason,
  }
}

function guess(of: ColumnFacts, warnings: string[]): Guess {
  const { column, rows, missing, distinct } = of
  const { name, type } = column
  const present = rows - missing
  if (present === 0) return aside(of, [], 'it has no values')
  if (column.isList) return guessList(of)
  if (distinct <= 1 && missing === 0) return aside(of, [], 'all its values are the same')
  if (isTime(of))
    return aside(
      of,
      ['time'],
      'a raw time tells when, and later rows have times never seen: it is for splitting',
    )
  const subject = subjectOf(name, distinct)
  if (subject !== null)
    return categorical(
      of,
      [`${subject}_id`],
      `its name says that it identifies ${subject === 'item' ? 'an' : 'a'} ${subject}`,
    )
  const split = type === 'VARCHAR' ? listSeparator(of) : null
  if (split !== null)
    return {
      column: name,
      tags: ['categorical', 'list'],
      ignored: false,
      encoding: { ...usualEncoding.list, separator: split },
      reason: `its texts are lists separated by "${split}" of ${of.items ?? 0} different items, which are looked up and pooled`,
    }
  const isFraction = type === 'DOUBLE'
  if (!isFraction && present > 100 && distinct > 0.95 * present) {
    warnings.push(
      `column ${name} is different in nearly every row: nothing can be learnt from it, so it is set aside`,
    )
    return aside(of, [], 'it is different in nearly every row')
  }
  if (type === 'VARCHAR') {
    if (of.words >= 2 && distinct > 50)
      return aside(of, ['text'], 'it is text of several words, most of them different')
    return categorical(of, [], 'it is text of few kinds, or codes')
  }
  if (type === 'BOOLEAN') return categorical(of, [], 'it is true or false')
  if (isFraction) return continuous(of, 'its values have fractions')
  if (/(^|[_\s])(id|code|type|class|category|zip)$/i.test(name) || /[a-z](Id|ID|Code)$/.test(name))
    return categorical(of, [], 'its name says that its numbers are codes')
  if (distinct <= fewValues)
    return categorical(of, [], `it has only about ${Math.round(distinct)} different integers`)
  return continuous(of, 'its values are integers of a wide range')
}

function guessList({ column: { name, type }, lengths }: ColumnFacts): Guess {
  const { min, max } = lengths ?? { min: 0, max: 0 }
  if (type === 'DOUBLE' && min === max && max > 0)
    return {
      column: name,
      tags: ['embedding'],
      ignored: false,
      encoding: usualEncoding.vector,
      reason: `every row has a vector of ${max} numbers, which goes in as it is`,
    }
  if (type === 'DOUBLE')
    return {
      column: name,
      tags: ['list'],
      ignored: true,
      encoding: { ...usualEncoding.list, as: 'numbers' },
      reason: `it holds ${min} to ${max} numbers a row: they may weigh the items of another list`,
    }
  return {
    column: name,
    tags: ['categorical', 'list'],
    ignored: false,
    encoding: usualEncoding.list,
    reason: `it holds lists of up to ${max} items, which are looked up and pooled`,
  }
}

/** `user_id`, `userId`, `UserID`, `user`. */
function subjectOf(name: string, distinct: number): 'user' | 'item' | 'session' | null {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  const tail = words[words.length - 1]
  const head = tail === 'id' || tail === 'key' ? words.slice(0, -1).join('_') : words.join('_')
  const whole = words.join('_')
  for (const subject of ['user', 'item', 'session'] as const)
    if (subjects[subject].test(head) || subjects[subject].test(whole.replace(/id$/, ''))) {
      // A bare `member` of yes and no identifies nobody.
      if (tail === 'id' || tail === 'key' || distinct > fewValues) return subject
    }
  return null
}

function isTime({ column, min, max }: ColumnFacts): boolean {
  if (column.type === 'TIMESTAMP') return true
  if (column.isList || (column.type !== 'BIGINT' && column.type !== 'DOUBLE')) return false
  if (!/time|date|^ts$|_ts$|_at$|epoch/i.test(column.name)) return false
  const within = (low: number, high: number): boolean => (min ?? 0) >= low && (max ?? 0) <= high
  // Seconds, milli-, micro- or nanoseconds since 1970, from 1973 to 2096.
  return [1, 1e3, 1e6, 1e9].some((unit) => within(1e8 * unit, 4e9 * unit))
}

/** A separator that is in many values and cuts them into few different items. */
function listSeparator(of: ColumnFacts): string | null {
  const [best] = [...separators].sort((a, b) => of.separators[b] - of.separators[a])
  if (!best || of.items === null || of.separators[best] < 0.1) return null
  const most = best === '|' ? 1000 : 100
  return of.items <= most && of.items < of.distinct ? best : null
}

function targetGuess(of: ColumnFacts): Guess {
  const { column, min, max, distinct } = of
  const binary =
    column.type === 'BOOLEAN' ||
    (min === 0 && max === 1 && distinct <= 2) ||
    (column.type === 'VARCHAR' && distinct <= 2)
  return {
    column: column.name,
    tags: [
      'target',
      binary
        ? 'binary_classification'
        : column.type === 'VARCHAR'
          ? 'multi_class_classification'
          : 'regression',
    ],
    ignored: false,
    encoding: usualEncoding.target,
    reason: binary ? 'it is the target, of two classes' : 'it is the target',
  }
}

const targetNames =
  /^(label|target|y|click|clicked|is_?click(ed)?|converted|conversion|purchase[d]?|bought|churn(ed)?|like[sd]?|default|response|outcome)$/i

interface Choice {
  target: string | null
  derived: ThresholdColumn[]
  /** The column that the target is made from. */
  source: string | null
}

function chooseTarget(facts: readonly ColumnFacts[], wish: TargetWish | null, warnings: string[]): Choice {
  if (wish) {
    if (wish.above === null) return { target: wish.column, derived: [], source: null }
    return threshold(facts, wish.column, wish.above)
  }
  const isBinary = ({ column, min, max, missing, rows }: ColumnFacts): boolean =>
    missing < rows && (column.type === 'BOOLEAN' || (min === 0 && max === 1 && column.type !== 'VARCHAR'))
  const named = facts.find((of) => targetNames.test(of.column.name) && isBinary(of))
  if (named) return { target: named.column.name, derived: [], source: null }
  const rating = facts.find(
    ({ column, min, max }) =>
      /^(rating|stars|score)$/i.test(column.name) && min !== null && max !== null && min < max,
  )
  if (rating) {
    const { min, max, column } = rating
    const above = min !== null && max !== null && max <= 5 ? 3 : ((min ?? 0) + (max ?? 0)) / 2
    warnings.push(
      `no column of 0 and 1 is a target: ${column.name} above ${above} is taken; name another target where that is not the question (COLUMN or COLUMN>NUMBER)`,
    )
    return threshold(facts, column.name, above)
  }
  warnings.push('no column looks like a target: name one (COLUMN or COLUMN>NUMBER)')
  return { target: null, derived: [], source: null }
}

function threshold(facts: readonly ColumnFacts[], column: string, above: number): Choice {
  const taken = new Set(facts.map((of) => of.column.name.toLowerCase()))
  let name = `${column}_binary`
  for (let suffix = 2; taken.has(name.toLowerCase()); suffix++) name = `${column}_binary_${suffix}`
  return { target: name, derived: [{ kind: 'threshold', name, column, above }], source: column }
}

/** The schema's type of a raw column. */
export function dtypeOf({ type }: Pick<RawColumn, 'type'>): Dtype {
  const types = {
    BOOLEAN: 'bool',
    BIGINT: 'int64',
    DOUBLE: 'float64',
    TIMESTAMP: 'string',
    VARCHAR: 'string',
  } as const
  return types[type]
}
