import { blockRows, type RowBlock } from './reader'

/** Gathers rows that are parsed one by one into blocks of about a megabyte. */
export class BlockBuilder {
  /** Rows of a full block. */
  readonly capacity: number
  private readonly values: Float32Array // [capacity, width]
  private keys: string[] = []
  private count = 0
  private firstRow = 0

  constructor(
    readonly width: number,
    private readonly keyed: boolean,
  ) {
    this.capacity = blockRows(4 * width)
    this.values = new Float32Array(this.capacity * width)
  }

  /** The row that is filled next, counted from 0 over the whole file. */
  get row(): number {
    return this.firstRow + this.count
  }

  get full(): boolean {
    return this.count === this.capacity
  }

  /** Sets a number of the row that is being filled. */
  set(column: number, value: number): void {
    this.values[this.count * this.width + column] = value
  }

  /** Sets all numbers of the row that is being filled. @param values [width] */
  setAll(values: Float32Array | Float64Array): void {
    this.values.set(values, this.count * this.width)
  }

  /** The row is complete. */
  push(key: string): void {
    if (this.keyed) this.keys.push(key)
    this.count += 1
  }

  /** The rows gathered so far as a block, and an empty builder; null where there are none. */
  take(): RowBlock | null {
    const { count, firstRow, keys, keyed } = this
    if (count === 0) return null
    this.firstRow += count
    this.count = 0
    this.keys = []
    const rows = this.values.subarray(0, count * this.width)
    return keyed ? { firstRow, count, rows, keys } : { firstRow, count, rows }
  }
}
