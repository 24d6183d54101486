import { GraftError } from '../../../contract/errors'

export function corrupt(name: string, why: string): GraftError {
  return new GraftError(
    'invalid-file',
    `${name} is not a readable Arrow file: ${why}.`,
    'Copy or download the file again, or save it again with pyarrow.',
  )
}

/**
 * A table of a FlatBuffer, as far as Arrow's metadata need it: fields are found by their number, and every access is held
 * against the buffer's end. https://flatbuffers.dev/internals/
 */
export class FlatTable {
  private constructor(
    private readonly view: DataView,
    private readonly position: number,
    private readonly name: string,
  ) {}

  /** The root table of a buffer. */
  static root(bytes: Uint8Array, name: string): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const start = new FlatTable(view, 0, name)
    return start.at(start.u32(0))
  }

  private at(position: number): FlatTable {
    return new FlatTable(this.view, position, this.name)
  }

  private check(position: number, bytes: number): number {
    if (!Number.isSafeInteger(position) || position < 0 || position + bytes > this.view.byteLength)
      throw corrupt(this.name, 'its metadata point past their end')
    return position
  }

  private u32(position: number): number {
    return this.view.getUint32(this.check(position, 4), true)
  }

  private long(position: number): number {
    const value = Number(this.view.getBigInt64(this.check(position, 8), true))
    if (!Number.isSafeInteger(value)) throw corrupt(this.name, 'its metadata hold a number that is too large')
    return value
  }

  /** Where a field stands; null where it is left out and has its default. */
  private field(number: number): number | null {
    const table = this.position - this.view.getInt32(this.check(this.position, 4), true)
    const size = this.view.getUint16(this.check(table, 4), true)
    const place = 4 + 2 * number
    if (place + 2 > size) return null
    const offset = this.view.getUint16(this.check(table + place, 2), true)
    return offset === 0 ? null : this.position + offset
  }

  byte(number: number, otherwise = 0): number {
    const at = this.field(number)
    return at === null ? otherwise : this.view.getUint8(this.check(at, 1))
  }

  short(number: number, otherwise = 0): number {
    const at = this.field(number)
    return at === null ? otherwise : this.view.getInt16(this.check(at, 2), true)
  }

  int(number: number, otherwise = 0): number {
    const at = this.field(number)
    return at === null ? otherwise : this.view.getInt32(this.check(at, 4), true)
  }

  int64(number: number): number {
    const at = this.field(number)
    return at === null ? 0 : this.long(at)
  }

  table(number: number): FlatTable | null {
    const at = this.field(number)
    return at === null ? null : this.at(at + this.u32(at))
  }

  /** Where a vector's items begin, and how many there are; null where there is none. */
  private vector(number: number, itemBytes: number): { start: number; count: number } | null {
    const at = this.field(number)
    if (at === null) return null
    const start = at + this.u32(at)
    const count = this.u32(start)
    this.check(start + 4, count * itemBytes)
    return { start: start + 4, count }
  }

  text(number: number): string {
    const vector = this.vector(number, 1)
    if (!vector) return ''
    const { buffer, byteOffset } = this.view
    return Buffer.from(buffer, byteOffset + vector.start, vector.count).toString('utf8')
  }

  tables(number: number): FlatTable[] {
    const vector = this.vector(number, 4)
    if (!vector) return []
    return Array.from({ length: vector.count }, (_, i) => {
      const at = vector.start + 4 * i
      return this.at(at + this.u32(at))
    })
  }

  /** A vector of structures, as the 64-bit numbers at the given places of each. */
  structures(number: number, bytes: number, places: readonly number[]): number[][] {
    const vector = this.vector(number, bytes)
    if (!vector) return []
    return Array.from({ length: vector.count }, (_, i) =>
      places.map((place) => this.long(vector.start + i * bytes + place)),
    )
  }

  /** The 32-bit numbers at a place of each structure of a vector. */
  structureInts(number: number, bytes: number, place: number): number[] {
    const vector = this.vector(number, bytes)
    if (!vector) return []
    return Array.from({ length: vector.count }, (_, i) => this.u32(vector.start + i * bytes + place))
  }
}
