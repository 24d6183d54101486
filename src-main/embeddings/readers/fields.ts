const quote = 0x22

/** The fields of a record of separated values (RFC 4180) as places in its bytes. Reused from record to record. */
export class Fields {
  count = 0
  private starts = new Int32Array(256)
  private ends = new Int32Array(256)
  private bytes: Uint8Array = new Uint8Array(0)

  /** Finds the fields of the record in bytes [start, end). Quotes count only where a field begins with one. */
  split(bytes: Uint8Array, start: number, end: number, delimiter: number): void {
    this.bytes = bytes
    this.count = 0
    const stop = end > start && bytes[end - 1] === 0x0d ? end - 1 : end
    for (let at = start; ; at++) {
      const from = at
      if (bytes[at] === quote && at < stop) {
        at += 1
        while (at < stop && (bytes[at] !== quote || bytes[at + 1] === quote))
          at += bytes[at] === quote ? 2 : 1
      }
      while (at < stop && bytes[at] !== delimiter) at += 1
      this.add(from, Math.min(at, stop))
      if (at >= stop) return
    }
  }

  private add(start: number, end: number): void {
    if (this.count === this.starts.length) {
      this.starts = grown(this.starts)
      this.ends = grown(this.ends)
    }
    this.starts[this.count] = start
    this.ends[this.count] = end
    this.count += 1
  }

  /** Where a field's content begins, behind its opening quote if it has one. */
  start(index: number): number {
    const start = this.starts[index] ?? 0
    return this.isQuoted(index) ? start + 1 : start
  }

  /** Where a field's content ends, before its closing quote if it has one. */
  end(index: number): number {
    const end = this.ends[index] ?? 0
    return this.isQuoted(index) ? Math.max(this.start(index), end - 1) : end
  }

  /** The field's text, doubled quotes made single. */
  text(index: number): string {
    const start = this.start(index)
    const length = this.end(index) - start
    const text = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, length).toString('utf8')
    return this.isQuoted(index) ? text.replace(/""/g, '"') : text
  }

  texts(): string[] {
    return Array.from({ length: this.count }, (_, index) => this.text(index))
  }

  private isQuoted(index: number): boolean {
    const start = this.starts[index] ?? 0
    const end = this.ends[index] ?? 0
    return end - start >= 2 && this.bytes[start] === quote && this.bytes[end - 1] === quote
  }
}

function grown(places: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * places.length)
  larger.set(places)
  return larger
}
