/** A value of Python that numpy writes into headers. Dictionaries become maps: a key of `__proto__` is then only a key. */
export type PythonValue = string | number | boolean | null | PythonValue[] | Map<string, PythonValue>

/** Where and why a text is not a Python literal. */
export class LiteralError extends Error {}

const maxDepth = 16

/**
 * Reads a Python literal of strings, numbers, True, False, None, tuples, lists and dictionaries with text keys: what
 * `ast.literal_eval` would accept in a `.npy` header, and nothing that could run. Linear in the length of the text.
 * @throws LiteralError
 */
export function parsePythonLiteral(text: string): PythonValue {
  const parser = new Parser(text)
  const value = parser.value(0)
  parser.end()
  return value
}

class Parser {
  private at = 0

  constructor(private readonly text: string) {}

  value(depth: number): PythonValue {
    if (depth > maxDepth) this.fail('nested too deeply')
    this.space()
    const next = this.text[this.at]
    if (next === '{') return this.dictionary(depth)
    if (next === '(') return this.tuple(depth)
    if (next === '[') {
      this.at += 1
      return this.items(']', depth).values
    }
    if (next === "'" || next === '"') return this.string(next)
    return this.atom()
  }

  end(): void {
    this.space()
    if (this.at < this.text.length) this.fail('unexpected text')
  }

  private fail(what: string): never {
    throw new LiteralError(`${what} at character ${this.at + 1}`)
  }

  private space(): void {
    while (this.at < this.text.length && ' \t\r\n\0'.includes(this.text.charAt(this.at))) this.at += 1
  }

  private take(character: string): boolean {
    this.space()
    if (this.text[this.at] !== character) return false
    this.at += 1
    return true
  }

  /** Values up to `close`, a comma between them and perhaps after the last. */
  private items(close: string, depth: number): { values: PythonValue[]; trailingComma: boolean } {
    const values: PythonValue[] = []
    let trailingComma = false
    while (!this.take(close)) {
      if (values.length > 0 && !trailingComma) this.fail('a comma is missing')
      values.push(this.value(depth + 1))
      trailingComma = this.take(',')
    }
    return { values, trailingComma }
  }

  /** `(3)` is the number 3 in Python, `(3,)` a tuple of one. */
  private tuple(depth: number): PythonValue {
    this.at += 1
    const { values, trailingComma } = this.items(')', depth)
    const [only] = values
    return values.length === 1 && !trailingComma && only !== undefined ? only : values
  }

  private dictionary(depth: number): PythonValue {
    this.at += 1
    const entries = new Map<string, PythonValue>()
    let first = true
    while (!this.take('}')) {
      if (!first) this.fail('a comma is missing')
      const key = this.value(depth + 1)
      if (typeof key !== 'string') this.fail('a key that is not text')
      if (!this.take(':')) this.fail('a colon is missing')
      entries.set(key, this.value(depth + 1))
      first = this.take(',')
    }
    return entries
  }

  private string(quote: string): string {
    let result = ''
    for (this.at += 1; this.at < this.text.length; this.at += 1) {
      const character = this.text.charAt(this.at)
      if (character === quote) {
        this.at += 1
        return result
      }
      if (character === '\n') break
      if (character === '\\') {
        this.at += 1
        const escaped = this.text.charAt(this.at)
        // Only the field names of structured types could hold others, and those are not read as vectors anyway.
        if (escaped !== '\\' && escaped !== "'" && escaped !== '"') this.fail('an escape that is not read')
        result += escaped
      } else {
        result += character
      }
    }
    return this.fail('a text that does not end')
  }

  private atom(): PythonValue {
    const word = /[A-Za-z0-9_.+-]*/y
    word.lastIndex = this.at
    const found = word.exec(this.text)?.[0] ?? ''
    const constants = new Map([
      ['True', true],
      ['False', false],
      ['None', null],
    ])
    const constant = constants.get(found)
    if (constant !== undefined) {
      this.at += found.length
      return constant
    }
    // Python 2 wrote long integers as 3L.
    if (!/^[+-]?\d{1,20}L?$/.test(found))
      this.fail(found === '' ? 'a value is missing' : `'${found.slice(0, 40)}'`)
    this.at += found.length
    return Number(found.replace('L', ''))
  }
}
