import { GraftError } from '../../contract/errors'

/** Shares of training, validation and test. */
export type Shares = readonly [number, number, number]

export type SplitSpec =
  | { kind: 'all' }
  | { kind: 'random'; shares: Shares }
  | { kind: 'time' | 'group'; column: string; shares: Shares }
  | { kind: 'leave-last-out'; user: string; time: string | null }
  | { kind: 'column'; column: string }

/**
 * Reads a split as a person writes it: `random:0.8,0.1,0.1`, `time:COLUMN:0.8,0.1,0.1`, `group:COLUMN:0.8,0.1,0.1`,
 * `leave-last-out:USER[:TIME]`, `column:NAME`; null is no split: all rows train. A column's name may hold colons where
 * shares follow it.
 * @throws GraftError `invalid-setting`
 */
export function parseSplit(text: string | null): SplitSpec {
  if (text === null) return { kind: 'all' }
  const at = text.indexOf(':')
  const kind = at < 0 ? text : text.slice(0, at)
  const rest = at < 0 ? '' : text.slice(at + 1)
  if (kind === 'random') return { kind, shares: parseShares(text, rest) }
  if (kind === 'time' || kind === 'group') {
    const end = rest.lastIndexOf(':')
    if (end > 0) return { kind, column: rest.slice(0, end), shares: parseShares(text, rest.slice(end + 1)) }
  }
  if (kind === 'leave-last-out' && rest !== '') {
    const end = rest.indexOf(':')
    return end < 0
      ? { kind, user: rest, time: null }
      : { kind, user: rest.slice(0, end), time: rest.slice(end + 1) }
  }
  if (kind === 'column' && rest !== '') return { kind, column: rest }
  throw unreadable(text)
}

function parseShares(text: string, list: string): Shares {
  const shares = list.split(',').map((share) => (share.trim() === '' ? Number.NaN : Number(share)))
  const [train = Number.NaN, validation = Number.NaN, test = Number.NaN] = shares
  const sum = train + validation + test
  if (shares.length !== 3 || !(train > 0) || !(validation >= 0) || !(test >= 0) || Math.abs(sum - 1) > 1e-6)
    throw unreadable(text)
  return [train, validation, test]
}

function unreadable(text: string): GraftError {
  return new GraftError(
    'invalid-setting',
    `"${text}" is no split.`,
    'Write random:0.8,0.1,0.1, time:COLUMN:0.8,0.1,0.1, group:COLUMN:0.8,0.1,0.1, leave-last-out:USER[:TIME] or column:NAME; the three shares add up to 1, that of training above 0.',
    { split: text },
  )
}
