import { GraftError } from '../../contract/errors'
import { isNative, type ElementType } from './elements'
import { blockBytes, blockRows, type RowBlock } from './reader'
import type { ByteSource } from './source'

/** A table of elements in a source. */
export interface Layout {
  readonly element: ElementType
  readonly rows: number
  readonly width: number
  readonly littleEndian: boolean
  readonly dataOffset: number
}

/** Streams a table that is stored row by row (C order). The next block is read while the caller works on one. */
export async function* rowMajor(source: ByteSource, layout: Layout): AsyncGenerator<RowBlock> {
  const { element, rows, width, littleEndian, dataOffset } = layout
  const rowBytes = width * element.bytes
  const most = Math.min(rows, blockRows(rowBytes))
  const asTheyAre = isNative(element, littleEndian)
  const decoded = new Float32Array(asTheyAre ? 0 : most * width) // [most, width]
  const buffers = [new Uint8Array(most * rowBytes), new Uint8Array(most * rowBytes)] as const
  const readBlock = async (block: number): Promise<Uint8Array<ArrayBuffer>> => {
    const firstRow = block * most
    const into = block % 2 === 0 ? buffers[0] : buffers[1]
    const bytes = into.subarray(0, Math.min(most, rows - firstRow) * rowBytes)
    await source.read(bytes, dataOffset + firstRow * rowBytes)
    return bytes
  }
  const blocks = Math.ceil(rows / most)
  let ahead = readBlock(0)
  try {
    for (let block = 0; block < blocks; block++) {
      const bytes = await ahead
      if (block + 1 < blocks) {
        ahead = readBlock(block + 1)
        // Whoever awaits it hears of a failure; until then it is no unhandled one.
        ahead.catch(() => undefined)
      }
      const count = bytes.length / rowBytes
      const values = asTheyAre
        ? new Float32Array(bytes.buffer, bytes.byteOffset, count * width)
        : decoded.subarray(0, count * width)
      if (!asTheyAre) element.decode(bytes, values, littleEndian)
      yield { firstRow: block * most, count, rows: values }
    }
  } finally {
    // The caller may stop early, and close the source.
    await ahead.catch(() => undefined)
  }
}

/**
 * Streams a table that is stored column by column (Fortran order). A block of rows lies scattered over all columns, so
 * each block costs one read a column; larger blocks (16 times) keep the pieces long enough for the disk.
 */
export async function* columnMajor(source: ByteSource, layout: Layout): AsyncGenerator<RowBlock> {
  const { element, rows, width, littleEndian, dataOffset } = layout
  const most = Math.min(rows, Math.max(1, Math.floor((16 * blockBytes) / (width * element.bytes))))
  const raw = new Uint8Array(most * element.bytes)
  const column = new Float32Array(most) // [most]
  const decoded = new Float32Array(most * width) // [most, width]
  for (let firstRow = 0; firstRow < rows; firstRow += most) {
    const count = Math.min(most, rows - firstRow)
    for (let c = 0; c < width; c++) {
      const bytes = raw.subarray(0, count * element.bytes)
      await source.read(bytes, dataOffset + (c * rows + firstRow) * element.bytes)
      element.decode(bytes, column.subarray(0, count), littleEndian)
      for (let r = 0; r < count; r++) decoded[r * width + c] = column[r] ?? NaN
    }
    yield { firstRow, count, rows: decoded.subarray(0, count * width) }
  }
}

/** Adds keys that were read apart from the rows. @param keys one for each row; null leaves the blocks as they are */
export async function* withKeys(
  blocks: AsyncIterable<RowBlock>,
  keys: readonly string[] | null,
): AsyncGenerator<RowBlock> {
  for await (const block of blocks) {
    if (!keys) {
      yield block
      continue
    }
    const own = keys.slice(block.firstRow, block.firstRow + block.count)
    if (own.length !== block.count) throw new GraftError('internal', `${keys.length} keys for more rows.`)
    yield { ...block, keys: own }
  }
}
