/** The codes of Graft's closed list that a schema can raise; `toGraftError` maps them by this field. */
export type SchemaErrorCode =
  'invalid-schema' | 'unknown-column' | 'no-target' | 'ambiguous-target' | 'invalid-setting'

/** Where a schema file is wrong: 1-based line and column. */
export interface Position {
  line: number
  column: number
}

/** What is wrong with a schema or its file. Carries `code` and `hint` so that it crosses the contract's border as data. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
  readonly code: SchemaErrorCode
  readonly hint: string
  readonly position: Position | null

  constructor(code: SchemaErrorCode, message: string, hint = '', position: Position | null = null) {
    super(position ? `line ${position.line}, column ${position.column}: ${message}` : message)
    this.code = code
    this.hint = hint
    this.position = position
  }
}
