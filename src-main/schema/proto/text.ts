import { SchemaError, type Position } from '../errors'
import { Tokenizer, type Token } from './tokens'

/** A value of protobuf's text format before anything is known of its type. */
export type TextValue =
  | { kind: 'string'; bytes: Uint8Array }
  | { kind: 'number'; text: string }
  | { kind: 'identifier'; text: string }
  | { kind: 'message'; fields: TextField[] }

/** `name: value`, or `name: [value, …]` when `list` is set. The name of an extension keeps its brackets. */
export interface TextField {
  name: string
  values: TextValue[]
  list: boolean
  position: Position
}

/** Deeper nesting is refused, so that a hostile file cannot exhaust the stack (protobuf's own limit is 100). */
const deepest = 100

/**
 * Reads protobuf text format into fields, without a descriptor: comments, both quotes, octal and hexadecimal escapes,
 * adjacent strings, `{ }` and `< >`, lists, separators, extension and Any names.
 * @throws SchemaError with line and column
 */
export function parseText(text: string): TextField[] {
  return new Parser(text).file()
}

class Parser {
  private readonly tokenizer: Tokenizer
  private token: Token

  constructor(text: string) {
    this.tokenizer = new Tokenizer(text)
    this.token = this.tokenizer.next()
  }

  file(): TextField[] {
    const fields = this.fields(0)
    if (this.token.kind !== 'end') this.fail(`unexpected ${describe(this.token)}`)
    return fields
  }

  private fields(depth: number): TextField[] {
    if (depth > deepest) this.fail(`messages are nested more than ${deepest} deep`)
    const fields: TextField[] = []
    while (this.token.kind === 'identifier' || this.is('[')) fields.push(this.field(depth))
    return fields
  }

  private field(depth: number): TextField {
    const position = this.token.position
    const name = this.is('[') ? this.extensionName() : this.identifier()
    const colon = this.accept(':')
    let field: TextField
    if (this.is('{') || this.is('<')) field = { name, values: [this.message(depth)], list: false, position }
    else if (this.is('[')) field = { name, values: this.list(depth), list: true, position }
    else if (!colon) this.fail(`field ${name} needs a colon before ${describe(this.token)}`)
    else field = { name, values: [this.scalar()], list: false, position }
    if (!this.accept(',')) this.accept(';')
    return field
  }

  private extensionName(): string {
    let name = this.expect('[')
    while (!this.is(']')) {
      const { token } = this
      if (token.kind === 'identifier' || token.kind === 'number') name += token.text
      else if (token.kind === 'punctuation' && /[./-]/.test(token.text)) name += token.text
      else this.fail(`unexpected ${describe(token)} in the name of an extension`)
      this.advance()
    }
    return name + this.expect(']')
  }

  private list(depth: number): TextValue[] {
    this.expect('[')
    const values: TextValue[] = []
    if (this.accept(']')) return values
    do values.push(this.is('{') || this.is('<') ? this.message(depth) : this.scalar())
    while (this.accept(','))
    this.expect(']')
    return values
  }

  private message(depth: number): TextValue {
    const closing = this.accept('{') ? '}' : (this.expect('<'), '>')
    const fields = this.fields(depth + 1)
    this.expect(closing)
    return { kind: 'message', fields }
  }

  private scalar(): TextValue {
    if (this.token.kind === 'string') {
      const bytes: number[] = []
      while (this.token.kind === 'string') {
        for (const byte of this.token.bytes) bytes.push(byte)
        this.advance()
      }
      return { kind: 'string', bytes: Uint8Array.from(bytes) }
    }
    const sign = this.accept('-') ? '-' : ''
    if (this.token.kind === 'number') {
      const text = sign + this.token.text
      this.advance()
      return { kind: 'number', text }
    }
    if (this.token.kind === 'identifier') return { kind: 'identifier', text: sign + this.identifier() }
    return this.fail(`expected a value, found ${describe(this.token)}`)
  }

  private identifier(): string {
    if (this.token.kind !== 'identifier') return this.fail(`expected a name, found ${describe(this.token)}`)
    const { text } = this.token
    this.advance()
    return text
  }

  private is(text: string): boolean {
    return this.token.kind === 'punctuation' && this.token.text === text
  }

  private accept(text: string): boolean {
    const found = this.is(text)
    if (found) this.advance()
    return found
  }

  private expect(text: string): string {
    if (!this.accept(text)) this.fail(`expected ${text}, found ${describe(this.token)}`)
    return text
  }

  private advance(): void {
    this.token = this.tokenizer.next()
  }

  private fail(message: string): never {
    throw new SchemaError(
      'invalid-schema',
      message,
      'The file must be protobuf text format.',
      this.token.position,
    )
  }
}

function describe(token: Token): string {
  if (token.kind === 'end') return 'the end of the file'
  return token.kind === 'string' ? 'a string' : JSON.stringify(token.text)
}

/** Prints fields as protobuf text format, two spaces a level, a repeated field as one line a value. */
export function printText(fields: readonly TextField[], indent = ''): string {
  let out = ''
  for (const field of fields) {
    if (field.list) {
      const items = field.values.map((value) => printInline(value))
      out += `${indent}${field.name}: [${items.join(', ')}]\n`
    } else
      for (const value of field.values)
        if (value.kind === 'message')
          out += `${indent}${field.name} {\n${printText(value.fields, `${indent}  `)}${indent}}\n`
        else out += `${indent}${field.name}: ${printScalar(value)}\n`
  }
  return out
}

function printInline(value: TextValue): string {
  if (value.kind !== 'message') return printScalar(value)
  return `{ ${printText(value.fields).trimEnd().replace(/\n\s*/g, ' ')} }`
}

function printScalar(value: Exclude<TextValue, { kind: 'message' }>): string {
  return value.kind === 'string' ? quote(value.bytes) : value.text
}

const named: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' }

/** A string literal: readable UTF-8 stays as it is; bytes that are none are escaped in octal, three digits each. */
function quote(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes)
  let out = '"'
  if (text !== null && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text))
    for (const character of text) out += named[character.codePointAt(0) ?? 0] ?? character
  else
    for (const byte of bytes)
      out +=
        named[byte] ??
        (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`)
  return `${out}"`
}

/** The bytes as text, or null where they are not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
