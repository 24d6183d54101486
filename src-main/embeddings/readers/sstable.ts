import { GraftError } from '../../contract/errors'
import type { ByteSource } from './source'

/**
 * The table format of LevelDB, as far as TensorFlow's checkpoint indexes use it: sorted keys and values in blocks, with
 * an index of the blocks and a footer. https://github.com/google/leveldb/blob/main/doc/table_format.md
 */

const footerBytes = 48
const magic = 0xdb4775248b80fb57n
/** Type and check sum behind each block. */
const trailerBytes = 5

/** An index lists names and places, some dozens of bytes for each tensor. */
const maxTableBytes = 1 << 28

function corrupt(name: string, why: string): GraftError {
  return new GraftError(
    'invalid-file',
    `${name} is not a readable checkpoint index: ${why}.`,
    'Copy or save it again.',
  )
}

/** Reads numbers and bytes one after the other; past the end is an error of the file's. */
export class Cursor {
  at = 0

  constructor(
    readonly bytes: Uint8Array,
    private readonly fail: (why: string) => GraftError,
  ) {}

  get ended(): boolean {
    return this.at >= this.bytes.length
  }

  /** A number of seven bits a byte, the lowest first. */
  varint(): number {
    let value = 0
    let factor = 1
    for (let i = 0; i < 10; i++) {
      const byte = this.bytes[this.at]
      if (byte === undefined) throw this.fail('it ends in the middle of a number')
      this.at += 1
      value += (byte & 0x7f) * factor
      factor *= 128
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) throw this.fail('it holds a number that is too large')
        return value
      }
    }
    throw this.fail('it holds a number that does not end')
  }

  take(count: number): Uint8Array {
    if (count > this.bytes.length - this.at) throw this.fail('it ends too early')
    this.at += count
    return this.bytes.subarray(this.at - count, this.at)
  }
}

interface Handle {
  readonly offset: number
  readonly size: number
}

const readHandle = (cursor: Cursor): Handle => ({ offset: cursor.varint(), size: cursor.varint() })

/** Whether a file's last bytes are a table's. */
export function endsAsTable(footer: Uint8Array): boolean {
  if (footer.length < 8) return false
  return new DataView(footer.buffer, footer.byteOffset + footer.length - 8, 8).getBigUint64(0, true) === magic
}

/** All entries of a table, in the order of their keys. @throws GraftError `invalid-file`, `unsupported-file` */
export async function readTable(source: ByteSource): Promise<{ key: string; value: Uint8Array }[]> {
  const fail = (why: string): GraftError => corrupt(source.name, why)
  if (source.size < footerBytes) throw fail('it is too short')
  if (source.size > maxTableBytes) throw fail('it is too long')
  const bytes = new Uint8Array(source.size)
  await source.read(bytes, 0)
  if (!endsAsTable(bytes)) throw fail('its last bytes are others')
  const footer = new Cursor(bytes.subarray(bytes.length - footerBytes), fail)
  readHandle(footer) // The meta index, which checkpoints leave empty.
  const index = readBlock(bytes, readHandle(footer), fail)
  return index
    .flatMap(({ value }) => readBlock(bytes, readHandle(new Cursor(value, fail)), fail))
    .map(({ key, value }) => ({
      key: key.toString('utf8'),
      value,
    }))
}

/** Entries of a block: each key shares its beginning with the one before. */
function readBlock(
  bytes: Uint8Array,
  { offset, size }: Handle,
  fail: (why: string) => GraftError,
): { key: Buffer; value: Uint8Array }[] {
  if (offset + size + trailerBytes > bytes.length) throw fail('a block lies past its end')
  const compression = bytes[offset + size] ?? 0
  if (compression !== 0) {
    throw new GraftError(
      'unsupported-file',
      'The checkpoint index is compressed.',
      'Save it with tf.train.Checkpoint.',
    )
  }
  const block = bytes.subarray(offset, offset + size)
  if (size < 4) throw fail('a block is too short')
  const restarts = new DataView(block.buffer, block.byteOffset + size - 4, 4).getUint32(0, true)
  const end = size - 4 - 4 * restarts
  if (end < 0) throw fail('a block has no room for its entries')
  const cursor = new Cursor(block.subarray(0, end), fail)
  const entries: { key: Buffer; value: Uint8Array }[] = []
  let last = Buffer.alloc(0)
  while (!cursor.ended) {
    const shared = cursor.varint()
    const added = cursor.varint()
    const length = cursor.varint()
    if (shared > last.length) throw fail('a key shares more than there is')
    const key = Buffer.concat([last.subarray(0, shared), cursor.take(added)])
    entries.push({ key, value: cursor.take(length) })
    last = key
  }
  return entries
}
