import { GraftError } from '../../contract/errors'
import { littleEndianBytes } from '../hash'
import { areIntegers, integerBytes, keyPieces, type TableWriter } from './writer'

/** Keys of text stand in the header, which may have 100 MB in all. */
const maxKeyBytes = 90_000_000

/**
 * safetensors: `vectors`, and `keys` as int64 where they are whole numbers. The format has no text, so other keys stand in
 * the header's metadata as a list in JSON under `keys`.
 */
export const safetensorsWriter: TableWriter = {
  format: 'safetensors',
  extensions: ['.safetensors'],
  paths: (path) => [path],
  async write([file], table) {
    if (!file) return
    const { rows, width } = table
    const end = 4 * rows * width
    const vectors = { dtype: 'F32', shape: [rows, width], data_offsets: [0, end] }
    const integers = await areIntegers(table)
    const tensors = integers
      ? { vectors, keys: { dtype: 'I64', shape: [rows], data_offsets: [end, end + 8 * rows] } }
      : { __metadata__: { keys: JSON.stringify([...keyPieces(table)].flat()) }, vectors }
    // Padded to a multiple of 8 with spaces, so that the tensors are aligned.
    const text = JSON.stringify(tensors)
    const header = Buffer.from(text.padEnd(text.length + ((8 - (Buffer.byteLength(text) % 8)) % 8)), 'utf8')
    if (header.length > maxKeyBytes) {
      throw new GraftError(
        'invalid-setting',
        `The keys take ${header.length.toLocaleString('en-US')} bytes, more than the header of a safetensors file may have.`,
        'Choose npz or Parquet.',
      )
    }
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(header.length))
    await file.write(size)
    await file.write(header)
    for await (const block of table.blocks()) await file.write(littleEndianBytes(block))
    if (integers) for (const keys of keyPieces(table)) await file.write(integerBytes(keys))
  },
}
