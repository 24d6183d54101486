import { SchemaError, type Position } from '../errors'

/** One token of protobuf's text format; a string's content is bytes, for its escapes can spell any. */
export type Token =
  | { kind: 'identifier' | 'number' | 'punctuation'; text: string; position: Position }
  | { kind: 'string'; bytes: number[]; position: Position }
  | { kind: 'end'; position: Position }

const simpleEscapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '?': 63,
  '\\': 92,
  "'": 39,
  '"': 34,
}

const blank = /[ \t\r\n\v\f]*(?:#[^\n]*(?:\n[ \t\r\n\v\f]*|$))*/y
const identifier = /[A-Za-z_][A-Za-z0-9_]*/y
const number = /(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?)/y
const punctuation = /[{}<>[\]:,;\-./]/y

/** Splits protobuf text format (text-format-spec) into tokens. Throws SchemaError with line and column. */
export class Tokenizer {
  private offset = 0
  private readonly lineStarts: number[] = [0]
  private readonly encoder = new TextEncoder()

  constructor(private readonly text: string) {
    if (text.charCodeAt(0) === 0xfeff) this.offset = 1
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.lineStarts.push(at + 1)
  }

  next(): Token {
    this.match(blank)
    const position = this.positionOf(this.offset)
    if (this.offset >= this.text.length) return { kind: 'end', position }
    const quote = this.text.charAt(this.offset)
    if (quote === '"' || quote === "'") return { kind: 'string', bytes: this.string(quote), position }
    const name = this.match(identifier)
    if (name) return { kind: 'identifier', text: name, position }
    const digits = this.match(number)
    if (digits) {
      if (/[A-Za-z0-9_]/.test(this.text.charAt(this.offset)))
        throw new SchemaError('invalid-schema', `the number ${digits} is followed by letters`, '', position)
      return { kind: 'number', text: digits, position }
    }
    const sign = this.match(punctuation)
    if (sign) return { kind: 'punctuation', text: sign, position }
    throw new SchemaError('invalid-schema', `unexpected character ${JSON.stringify(quote)}`, '', position)
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.offset
    const found = pattern.exec(this.text)?.[0] ?? ''
    this.offset += found.length
    return found
  }

  private positionOf(offset: number): Position {
    let low = 0
    let high = this.lineStarts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.lineStarts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (this.lineStarts[low] ?? 0) + 1 }
  }

  private string(quote: string): number[] {
    const start = this.offset
    const bytes: number[] = []
    this.offset += 1
    for (;;) {
      const point = this.text.codePointAt(this.offset)
      if (point === undefined || point === 10)
        throw new SchemaError(
          'invalid-schema',
          'a string is not closed on its line',
          `Close it with ${quote}.`,
          this.positionOf(start),
        )
      const character = String.fromCodePoint(point)
      this.offset += character.length
      if (character === quote) return bytes
      if (character === '\\') this.escape(bytes)
      else if (point < 128) bytes.push(point)
      else for (const byte of this.encoder.encode(character)) bytes.push(byte)
    }
  }

  private escape(bytes: number[]): void {
    const start = this.offset - 1
    const fail = (): never => {
      throw new SchemaError(
        'invalid-schema',
        'a string has an escape that text format does not know',
        '',
        this.positionOf(start),
      )
    }
    const octal = this.match(/[0-7]{1,3}/y)
    if (octal) {
      const value = parseInt(octal, 8)
      bytes.push(value > 255 ? fail() : value)
      return
    }
    const letter = this.text.charAt(this.offset)
    this.offset += 1
    const simple = Object.hasOwn(simpleEscapes, letter) ? simpleEscapes[letter] : undefined
    if (simple !== undefined) bytes.push(simple)
    else if (letter === 'x' || letter === 'X')
      bytes.push(parseInt(this.match(/[0-9a-fA-F]{1,2}/y) || fail(), 16))
    else if (letter === 'u' || letter === 'U') {
      const digits = this.match(letter === 'u' ? /[0-9a-fA-F]{4}/y : /[0-9a-fA-F]{8}/y) || fail()
      const point = parseInt(digits, 16)
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) fail()
      for (const byte of this.encoder.encode(String.fromCodePoint(point))) bytes.push(byte)
    } else fail()
  }
}
