import { InvalidArgumentError } from 'commander'

/** How options are read; what does not fit is wrong usage. */

export function integer(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`Give an integer of ${least} or more.`)
    return value
  }
}

export function positiveNumber(text: string): number {
  const value = Number(text)
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Give a number above 0.')
  return value
}

/** `a,b` as a list; an empty text is an empty list. */
export function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

export interface Setting {
  readonly path: string
  readonly value: unknown
}

/** Gathers `--set path=value`: the value as JSON where it is JSON, else as the text that it is. */
export function setting(text: string, before: readonly Setting[] = []): Setting[] {
  const split = text.indexOf('=')
  if (split <= 0) throw new InvalidArgumentError('Write path=value.')
  const raw = text.slice(split + 1)
  return [...before, { path: text.slice(0, split), value: parseValue(raw) }]
}

function parseValue(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch {
    return raw
  }
}
