import { GraftError } from '../../../contract/errors'
import { decodeNumberKeys } from '../keyArrays'
import { openBuffer, type ArrowFile, type Batch, type BufferReader } from './batches'
import { corrupt } from './flatbuffer'
import type { ArrowType, Field } from './schema'

/** A column and where its nodes and buffers begin in every batch. */
export interface Column {
  readonly field: Field
  readonly buffer: number
  /** How many fields of views come before it. */
  readonly views: number
}

/** The columns whose buffers can be found; those behind a type of unknown layout cannot. */
export function locateColumns(fields: readonly Field[]): Column[] {
  const columns: Column[] = []
  let buffer = 0
  let views = 0
  // Further buffers of views depend on the batch: they are added when a column is read.
  const pass = (field: Field): boolean => {
    const { type } = field
    const own = ownBuffers(type)
    if (own === null) return false
    buffer += own
    if (type.kind === 'textView' || (type.kind === 'other' && type.views === true)) views += 1
    return field.children.every(pass)
  }
  for (const field of fields) {
    columns.push({ field, buffer, views })
    if (!pass(field)) break
  }
  return columns
}

export function ownBuffers(type: ArrowType): number | null {
  if (type.kind === 'other') return type.buffers
  if (type.kind === 'fixedList') return 1
  return type.kind === 'text' ? 3 : 2
}

/** The number of a column's buffer in a batch, where earlier columns of views have further buffers of their own. */
export function bufferIndex(batch: Batch, { buffer, views }: Column, place: number): number {
  let index = buffer + place
  for (let i = 0; i < views; i++) index += batch.viewBuffers[i] ?? 0
  return index
}

export const bitmapBytes = (count: number): number => Math.ceil(count / 8)

/** Which values are there; null where all are. */
async function openValidity(
  file: ArrowFile,
  batch: Batch,
  index: number,
  count: number,
): Promise<BufferReader | null> {
  const buffer = await openBuffer(file, batch, index, bitmapBytes(count))
  return buffer.bytes === 0 ? null : buffer
}

/** Tells for values from `first` on whether they are there. */
export async function readValidity(
  buffer: BufferReader | null,
  first: number,
  count: number,
): Promise<(i: number) => boolean> {
  if (!buffer) return () => true
  const start = first >> 3
  const bits = await buffer.read(start, bitmapBytes(first + count) - start)
  return (i) => {
    const bit = first + i - 8 * start
    return ((bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0
  }
}

/** A batch's numbers of one column. */
export interface NumberReader {
  /** Decodes values from `first` on; gaps become NaN. */
  read(first: number, into: Float32Array): Promise<void>
}

export function isNumeric(type: ArrowType): boolean {
  return type.kind === 'number' || type.kind === 'bool'
}

/** @param index the number of the values' validity buffer */
async function openNumbers(
  file: ArrowFile,
  batch: Batch,
  type: ArrowType,
  index: number,
  count: number | null,
): Promise<NumberReader> {
  const validity = await openBuffer(file, batch, index, count === null ? null : bitmapBytes(count))
  const gaps = validity.bytes === 0 ? null : validity
  if (type.kind === 'bool') {
    const bits = await openBuffer(file, batch, index + 1, count === null ? null : bitmapBytes(count))
    return {
      read: async (first, into) => {
        const isSet = await readValidity(bits, first, into.length)
        const isThere = await readValidity(gaps, first, into.length)
        for (let i = 0; i < into.length; i++) into[i] = !isThere(i) ? NaN : isSet(i) ? 1 : 0
      },
    }
  }
  if (type.kind !== 'number')
    throw new GraftError('internal', `${file.name}: a column of no numbers was chosen.`)
  const { element } = type
  const values = await openBuffer(file, batch, index + 1, count === null ? null : count * element.bytes)
  return {
    read: async (first, into) => {
      const bytes = await values.read(first * element.bytes, into.length * element.bytes)
      element.decode(bytes, into, true)
      if (!gaps) return
      const isThere = await readValidity(gaps, first, into.length)
      for (let i = 0; i < into.length; i++) if (!isThere(i)) into[i] = NaN
    },
  }
}

/** A column of numbers in a batch. */
export function openNumberColumn(file: ArrowFile, batch: Batch, column: Column): Promise<NumberReader> {
  return openNumbers(file, batch, column.field.type, bufferIndex(batch, column, 0), batch.rows)
}

/** A batch's lists of one column. */
export interface ListReader {
  /**
   * Reads the lists of rows from `first` on.
   * @param into [count, width]
   * @returns the first row, counted from `first`, whose list has another width, and that width; null where all fit
   */
  read(
    first: number,
    count: number,
    width: number,
    into: Float32Array,
  ): Promise<{ row: number; found: number } | null>
}

export async function openListColumn(file: ArrowFile, batch: Batch, column: Column): Promise<ListReader> {
  const { type, children } = column.field
  const [child] = children
  if (!child) throw corrupt(file.name, `the lists of '${column.field.name}' have no items`)
  const validity = await openValidity(file, batch, bufferIndex(batch, column, 0), batch.rows)
  if (type.kind === 'fixedList') {
    const items = await openNumbers(
      file,
      batch,
      child.type,
      bufferIndex(batch, column, 1),
      batch.rows * type.size,
    )
    return {
      read: async (first, count, width, into) => {
        const isThere = await readValidity(validity, first, count)
        for (let row = 0; row < count; row++) if (!isThere(row)) return { row, found: 0 }
        if (type.size !== width) return { row: 0, found: type.size }
        await items.read(first * width, into)
        return null
      },
    }
  }
  if (type.kind !== 'list') throw new GraftError('internal', `${file.name}: a column of no lists was chosen.`)
  const size = type.offsetBytes
  const offsets = await openBuffer(file, batch, bufferIndex(batch, column, 1), (batch.rows + 1) * size)
  const items = await openNumbers(file, batch, child.type, bufferIndex(batch, column, 2), null)
  return {
    read: async (first, count, width, into) => {
      const isThere = await readValidity(validity, first, count)
      const places = readOffsets(await offsets.read(first * size, (count + 1) * size), size)
      for (let row = 0; row < count; row++) {
        const found = isThere(row) ? (places[row + 1] ?? 0) - (places[row] ?? 0) : 0
        if (found !== width) return { row, found }
      }
      await items.read(places[0] ?? 0, into)
      return null
    },
  }
}

export function readOffsets(bytes: Uint8Array, size: 4 | 8): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / size }, (_, i) =>
    size === 4 ? view.getInt32(4 * i, true) : Number(view.getBigInt64(8 * i, true)),
  )
}

/** Width of the first list of a column that is there; 0 where none is. */
export async function firstWidth(file: ArrowFile, column: Column): Promise<number> {
  const { type } = column.field
  if (type.kind === 'fixedList') return type.size
  if (type.kind !== 'list') return 0
  const batch = file.batches.find(({ rows }) => rows > 0)
  if (!batch) return 0
  const size = type.offsetBytes
  const offsets = await openBuffer(file, batch, bufferIndex(batch, column, 1), (batch.rows + 1) * size)
  const [from = 0, to = 0] = readOffsets(await offsets.read(0, 2 * size), size)
  return to - from
}

/** Texts longer than this are no keys, and together not past this. */
const maxTextBytes = 1 << 29

/** A batch's values of a column as keys; a gap is an empty key. */
export async function readKeys(file: ArrowFile, batch: Batch, column: Column): Promise<string[]> {
  const { field } = column
  if (!field.dictionary) return readValues(file, batch, field.type, column, batch.rows)
  const words = await readDictionary(file, field.dictionary.id, field.dictionary.values)
  const indices = await readValues(file, batch, field.type, column, batch.rows)
  return indices.map((index) => (index === '' ? '' : (words[Number(index)] ?? '')))
}

async function readDictionary(file: ArrowFile, id: number, type: ArrowType): Promise<string[]> {
  let words: string[] = []
  for (const { batch, delta, id: own } of file.dictionaries) {
    if (own !== id) continue
    const field: Field = { name: '', type, children: [], dictionary: null }
    const found = await readValues(file, batch, type, { field, buffer: 0, views: 0 }, batch.rows)
    words = delta ? words.concat(found) : found
  }
  return words
}

async function readValues(
  file: ArrowFile,
  batch: Batch,
  type: ArrowType,
  column: Column,
  count: number,
): Promise<string[]> {
  const buffer = (place: number, needed: number | null): Promise<BufferReader> =>
    openBuffer(file, batch, bufferIndex(batch, column, place), needed)
  const isThere = await readValidity(
    await openValidity(file, batch, bufferIndex(batch, column, 0), count),
    0,
    count,
  )
  const keep = (keys: string[]): string[] => keys.map((key, i) => (isThere(i) ? key : ''))
  if (type.kind === 'number') {
    const bytes = await (await buffer(1, count * type.element.bytes)).read(0, count * type.element.bytes)
    return keep(decodeNumberKeys(bytes, count, type.element, true))
  }
  if (type.kind === 'text') {
    const size = type.offsetBytes
    const places = readOffsets(await (await buffer(1, (count + 1) * size)).read(0, (count + 1) * size), size)
    const content = await buffer(2, null)
    if (content.bytes > maxTextBytes) throw corrupt(file.name, 'its keys are longer than keys are')
    const bytes = Buffer.from(await content.read(0, content.bytes))
    return keep(
      Array.from({ length: count }, (_, i) => {
        const [from = 0, to = 0] = [places[i], places[i + 1]]
        if (from < 0 || to < from || to > bytes.length)
          throw corrupt(file.name, 'a text lies outside of its buffer')
        return bytes.toString('utf8', from, to)
      }),
    )
  }
  if (type.kind === 'textView') return keep(await readViews(file, batch, column, count))
  if (type.kind === 'bool') {
    const isSet = await readValidity(await buffer(1, bitmapBytes(count)), 0, count)
    return keep(Array.from({ length: count }, (_, i) => String(isSet(i))))
  }
  throw new GraftError('internal', `${file.name}: a column that cannot be read was chosen for keys.`)
}

/** Views: length, then the text itself up to 12 bytes, else its beginning, buffer and place. */
async function readViews(file: ArrowFile, batch: Batch, column: Column, count: number): Promise<string[]> {
  const views = await openBuffer(file, batch, bufferIndex(batch, column, 1), 16 * count)
  const bytes = await views.read(0, 16 * count)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const texts: Buffer[] = []
  for (let i = 0; i < (batch.viewBuffers[column.views] ?? 0); i++) {
    const content = await openBuffer(file, batch, bufferIndex(batch, column, 2 + i), null)
    if (content.bytes > maxTextBytes) throw corrupt(file.name, 'its keys are longer than keys are')
    texts.push(Buffer.from(await content.read(0, content.bytes)))
  }
  return Array.from({ length: count }, (_, i) => {
    const length = view.getInt32(16 * i, true)
    if (length >= 0 && length <= 12)
      return Buffer.from(bytes.subarray(16 * i + 4, 16 * i + 4 + length)).toString('utf8')
    const text = texts[view.getInt32(16 * i + 8, true)]
    const from = view.getInt32(16 * i + 12, true)
    if (!text || length < 0 || from < 0 || from + length > text.length)
      throw corrupt(file.name, 'a text lies outside of its buffer')
    return text.toString('utf8', from, from + length)
  })
}
