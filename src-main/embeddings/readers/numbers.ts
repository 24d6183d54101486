/** Exact powers of ten: 10^22 is the largest that a double holds without rounding. */
const powers = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const notFinite = new Map([
  ['nan', NaN],
  ['inf', Infinity],
  ['infinity', Infinity],
])

/**
 * Parses a decimal number in bytes [start, end), spaces around it allowed. `nan` and `inf` in any case are numbers, as
 * numpy and pandas write them; so is nothing at all: a gap in a table is NaN.
 *
 * Up to 15 digits with a power of ten up to 10^22 are exact as `digits · 10^±k`, one rounding (Clinger, "How to Read
 * Floating Point Numbers Accurately", 1990); everything else is left to the runtime's own parser.
 * @returns null where the bytes are no number
 */
export function parseNumber(bytes: Uint8Array, start: number, end: number): number | null {
  let at = start
  while (at < end && isBlank(bytes[at])) at += 1
  while (end > at && isBlank(bytes[end - 1])) end -= 1
  if (at === end) return NaN
  const first = at
  const sign = bytes[at] === 0x2d ? -1 : 1
  if (bytes[at] === 0x2d || bytes[at] === 0x2b) at += 1
  let digits = 0
  let count = 0
  let scale = 0
  let fraction = false
  let seen = false
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte >= 0x30 && byte <= 0x39) {
      seen = true
      digits = digits * 10 + (byte - 0x30)
      // Zeros in front are no digits of the number.
      if (digits > 0) count += 1
      if (fraction) scale -= 1
    } else if (byte === 0x2e && !fraction) {
      fraction = true
    } else {
      break
    }
  }
  if (seen && at < end && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    at += 1
    const down = bytes[at] === 0x2d
    if (down || bytes[at] === 0x2b) at += 1
    let exponent = 0
    const from = at
    for (; at < end && at - from < 5; at++) {
      const byte = bytes[at] ?? 0
      if (byte < 0x30 || byte > 0x39) break
      exponent = exponent * 10 + (byte - 0x30)
    }
    if (at === from) return null
    scale += down ? -exponent : exponent
  }
  if (seen && at === end && digits === 0) return sign * 0
  if (!seen || at < end || count > 15 || scale < -22 || scale > 22) return parseSlowly(bytes, first, end)
  return sign * (scale < 0 ? digits / (powers[-scale] ?? NaN) : digits * (powers[scale] ?? NaN))
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d
}

function parseSlowly(bytes: Uint8Array, start: number, end: number): number | null {
  // Longer than any number that is written with sense: the text is not even made.
  if (end - start > 400) return null
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
  if (decimal.test(text)) return Number(text)
  const [, sign = '', word = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  const special = notFinite.get(word.toLowerCase())
  if (special === undefined) return null
  return sign === '-' ? -special : special
}

/** A text as a number, by the same rules; nothing at all is no number here. */
export function numberOf(text: string): number | null {
  if (text.trim() === '') return null
  const bytes = Buffer.from(text, 'utf8')
  return parseNumber(bytes, 0, bytes.length)
}
