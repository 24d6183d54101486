import { type WireError } from '../contract'

interface Stream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** What a command prints: results to standard output, everything else to standard error. */
export class Output {
  private pending = ''

  constructor(
    /** Exactly one JSON document on standard output, and nothing else there. */
    readonly json: boolean,
    private readonly out: Stream = process.stdout,
    private readonly err: Stream = process.stderr,
  ) {}

  /** Whether progress can be redrawn in place. */
  get isLive(): boolean {
    return this.err.isTTY === true
  }

  /** Columns of the terminal. */
  get width(): number {
    return this.err.columns ?? 80
  }

  /** The result of a command: `data` with `--json`, else the text for people. */
  result(data: unknown, text: string): void {
    this.clearLive()
    if (this.json) this.out.write(`${JSON.stringify(data)}\n`)
    else if (text !== '') this.out.write(`${text}\n`)
  }

  /** Something to know while the command works. */
  say(text: string): void {
    this.clearLive()
    this.err.write(`${text}\n`)
  }

  /** Redraws the last line of a terminal; nothing elsewhere. */
  live(text: string): void {
    if (!this.isLive || text === this.pending) return
    this.pending = text
    this.err.write(`\r\u001b[K${text.slice(0, this.width - 1)}`)
  }

  failure(error: WireError): void {
    this.clearLive()
    if (this.json) {
      this.out.write(`${JSON.stringify({ error })}\n`)
      return
    }
    this.err.write(`Error: ${error.message}\n`)
    if (error.hint !== '') this.err.write(`${error.hint}\n`)
  }

  private clearLive(): void {
    if (this.pending !== '') this.err.write('\r\u001b[K')
    this.pending = ''
  }
}
