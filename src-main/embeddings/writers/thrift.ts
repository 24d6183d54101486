/** Writes structures in Thrift's compact protocol (thrift-compact-protocol.md), as Parquet's metadata are. */
export class ThriftWriter {
  private readonly parts: Buffer[] = []
  private last = 0

  bytes(): Buffer {
    return Buffer.concat([...this.parts, Buffer.from([0])])
  }

  int32(field: number, value: number): this {
    return this.head(field, 5).varint(zigzag(BigInt(value)))
  }

  int64(field: number, value: number): this {
    return this.head(field, 6).varint(zigzag(BigInt(value)))
  }

  text(field: number, value: string): this {
    return this.head(field, 8).string(value)
  }

  struct(field: number, value: ThriftWriter): this {
    this.head(field, 12).parts.push(value.bytes())
    return this
  }

  structs(field: number, values: readonly ThriftWriter[]): this {
    this.list(field, 12, values.length)
    for (const value of values) this.parts.push(value.bytes())
    return this
  }

  int32s(field: number, values: readonly number[]): this {
    this.list(field, 5, values.length)
    for (const value of values) this.varint(zigzag(BigInt(value)))
    return this
  }

  texts(field: number, values: readonly string[]): this {
    this.list(field, 8, values.length)
    for (const value of values) this.string(value)
    return this
  }

  /** Fields come in rising order, each as its distance from the one before. */
  private head(field: number, type: number): this {
    this.parts.push(Buffer.from([((field - this.last) << 4) | type]))
    this.last = field
    return this
  }

  private list(field: number, type: number, count: number): void {
    this.head(field, 9)
    if (count < 15) this.parts.push(Buffer.from([(count << 4) | type]))
    else {
      this.parts.push(Buffer.from([0xf0 | type]))
      this.varint(BigInt(count))
    }
  }

  private string(value: string): this {
    const bytes = Buffer.from(value, 'utf8')
    this.varint(BigInt(bytes.length))
    this.parts.push(bytes)
    return this
  }

  private varint(value: bigint): this {
    this.parts.push(varint(value))
    return this
  }
}

const zigzag = (value: bigint): bigint => (value >= 0n ? value * 2n : -value * 2n - 1n)

/** A number of seven bits a byte, the lowest first. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = value
  do {
    const more = rest >> 7n
    bytes.push(Number(rest & 0x7fn) | (more > 0n ? 0x80 : 0))
    rest = more
  } while (rest > 0n)
  return Buffer.from(bytes)
}
