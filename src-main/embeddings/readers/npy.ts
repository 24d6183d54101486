import { GraftError } from '../../contract/errors'
import type { ElementType } from './elements'
import { isNpy, npyPreambleBytes, parseNpyHeader, parseNpyPreamble, type NpyHeader } from './npyHeader'
import { textKeyType, type KeyLayout } from './keyArrays'
import { blockBytes, shapeProblem, type RowBlock, type VectorArray, type VectorReader } from './reader'
import { columnMajor, rowMajor } from './rows'
import { openSingleArray } from './singleArray'
import { spool, truncated, type ByteSource } from './source'

/** An array in the `.npy` format, its header read and held against the bytes that are really there. */
export interface NpyArray {
  readonly header: NpyHeader
  readonly dataOffset: number
  readonly problem: GraftError | null
}

/**
 * Reads the header of an array and compares what it promises with the size of the source, before anything of that size
 * is allocated.
 * @param array the name within an archive, `''` for a file of its own
 * @throws GraftError `invalid-file` for a corrupt or truncated array, `unsafe-file` for a pickle
 */
export async function readNpyHeader(source: ByteSource, path: string, array: string): Promise<NpyArray> {
  const preamble = new Uint8Array(Math.min(npyPreambleBytes, source.size))
  await source.read(preamble, 0)
  const { version, headerStart, headerBytes } = parseNpyPreamble(preamble, source.name)
  const dataOffset = headerStart + headerBytes
  if (dataOffset > source.size) throw truncated(source.name, dataOffset, source.size)
  // Version 1 has two bytes of the text in the preamble already; a compressed member must not be read backwards.
  const text = new Uint8Array(headerBytes)
  const known = preamble.subarray(headerStart, Math.min(preamble.length, dataOffset))
  text.set(known)
  await source.read(text.subarray(known.length), headerStart + known.length)
  const header = parseNpyHeader(text, version, source.name)
  if (header.element) checkSize(source, header, header.element, dataOffset)
  return { header, dataOffset, problem: header.problem ?? shapeProblem(path, array, header.shape) }
}

function checkSize(source: ByteSource, header: NpyHeader, element: ElementType, dataOffset: number): void {
  const elements = header.shape.reduce((product, axis) => product * axis, 1)
  const expected = dataOffset + elements * element.bytes
  if (!Number.isSafeInteger(expected)) {
    throw new GraftError(
      'invalid-file',
      `${source.name} claims the shape (${header.shape.join(', ')}), which no file can hold.`,
      'Save it again with numpy.save.',
    )
  }
  if (expected > source.size) throw truncated(source.name, expected, source.size)
  if (expected < source.size) {
    throw new GraftError(
      'invalid-file',
      `${source.name} holds ${(source.size - expected).toLocaleString('en-US')} bytes more than its header accounts for.`,
      'If several arrays were saved one after the other, save them as one .npz instead.',
      { expected, found: source.size },
    )
  }
}

/** How the array is listed. @param keyRows how many keys the file holds, if it holds any */
export function npyArrayInfo(name: string, array: NpyArray, keyRows: number | null = null): VectorArray {
  const { dtype, shape } = array.header
  const keyed = keyRows !== null && shape[0] === keyRows && array.problem === null
  return { name, dtype, shape, keyed, problem: array.problem }
}

/** How an array could be read as keys: one axis of text or numbers; null for others. */
export function npyKeyLayout(array: NpyArray): KeyLayout | null {
  const { shape, dtype, element, littleEndian } = array.header
  const [rows = 0] = shape
  if (shape.length !== 1) return null
  const { dataOffset } = array
  if (element) return { type: { kind: 'number', element }, rows, littleEndian, dataOffset }
  const text = textKeyType(dtype)
  return text && { ...text, rows, dataOffset }
}

/** Streams the rows of an array that has no problem. */
export async function* readNpyRows(source: ByteSource, array: NpyArray): AsyncGenerator<RowBlock> {
  const { element, shape, fortranOrder } = array.header
  const [rows = 0, width = 0] = shape
  if (array.problem) throw array.problem
  if (!element) throw new GraftError('internal', `${source.name} has no element type and no problem.`)
  const layout = {
    element,
    rows,
    width,
    littleEndian: array.header.littleEndian,
    dataOffset: array.dataOffset,
  }
  // One column or one row is the same in either order.
  if (!fortranOrder || width === 1 || rows === 1) {
    yield* rowMajor(source, layout)
  } else if (source.sequential) {
    const copy = await spool(source, blockBytes)
    try {
      yield* columnMajor(copy, layout)
    } finally {
      await copy.close()
    }
  } else {
    yield* columnMajor(source, layout)
  }
}

/** A file that holds one array, as `numpy.save` writes it. */
export const npyReader: VectorReader = {
  format: 'npy',
  extensions: ['.npy'],
  sniff: isNpy,
  open: (path, options = {}) =>
    openSingleArray(path, 'npy', options, async (source) => {
      const array = await readNpyHeader(source, path, '')
      return { array: npyArrayInfo('', array), rows: () => readNpyRows(source, array) }
    }),
}
