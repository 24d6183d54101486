import { GraftError } from '../../contract/errors'
import type { ColumnEncoding, ColumnUse } from '../../contract/tables'
import { usualEncoding } from '../../project/columnEncoding'
import type { RawColumn } from '../sources/types'
import type { Guess } from './rules'

const kinds = ['categorical', 'continuous', 'list', 'text', 'time']

/**
 * The guesses with what the person said of columns in their place.
 * @throws GraftError `unknown-column`, or `invalid-setting` where the column's values cannot be taken so
 */
export function overrule(
  guesses: readonly Guess[],
  said: Readonly<Record<string, ColumnUse>>,
  columns: readonly RawColumn[],
): Guess[] {
  const unknown = Object.keys(said).find((name) => !columns.some((column) => column.name === name))
  if (unknown !== undefined)
    throw new GraftError('unknown-column', `The table has no column ${unknown}.`, 'Check its name.', {
      column: unknown,
    })
  return guesses.map((guess) => {
    const use = Object.hasOwn(said, guess.column) ? said[guess.column] : undefined
    const column = columns.find(({ name }) => name === guess.column)
    return use === undefined || !column ? guess : takenFor(guess, use, column)
  })
}

function takenFor(guess: Guess, use: ColumnUse, column: RawColumn): Guess {
  if (guess.encoding?.kind === 'target') return guess
  const reason = 'you said so'
  if (use === 'ignored') return { ...guess, ignored: true, encoding: null, reason }
  if (column.isList)
    throw new GraftError(
      'invalid-setting',
      `Column ${column.name} holds lists, which are not ${use}.`,
      'Leave it to the rules, or set it aside.',
      { column: column.name },
    )
  if (use === 'continuous' && (column.type === 'VARCHAR' || column.type === 'TIMESTAMP'))
    throw new GraftError(
      'invalid-setting',
      `Column ${column.name} holds ${column.type === 'VARCHAR' ? 'text' : 'times'}, no numbers.`,
      'Take it as categorical, or set it aside.',
      { column: column.name },
    )
  // An identity is a category: a quantity is none.
  const kept = guess.tags.filter(
    (tag) => !kinds.includes(tag) && (use === 'categorical' || !tag.endsWith('id')),
  )
  return { ...guess, tags: [use, ...kept], ignored: false, encoding: usualFor(guess.encoding, use), reason }
}

function usualFor(guessed: ColumnEncoding | null, use: 'categorical' | 'continuous'): ColumnEncoding {
  if (guessed?.kind === use) return guessed
  return usualEncoding[use]
}
