import { GraftError } from '../../../contract/errors'
import { keyBytes, readKeyArray, type KeyType } from '../keyArrays'
import { shapeText, type RowBlock } from '../reader'
import { rowMajor } from '../rows'
import { readChunkTree, readModernIndex, type ChunkIndex, type ChunkShape } from './chunkIndex'
import { parseFilters, unfilter, type Filter } from './filters'
import type { FoundObject } from './groups'
import { readHeapTexts } from './heap'
import { findMessage, messageKind, type Message } from './objects'
import { unsupported, type Cursor, type Hdf5Storage } from './storage'
import { parseDataspace, parseDatatype, type Hdf5Type } from './types'

/** Where a dataset's bytes are. */
type Place =
  | { readonly kind: 'whole'; readonly address: number | null; readonly bytes: number }
  | { readonly kind: 'inline'; readonly content: Uint8Array }
  | { readonly kind: 'chunks'; readonly shape: ChunkShape; readonly index: () => Promise<ChunkIndex> }

export interface Dataset {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: Hdf5Type
  readonly place: Place
  readonly filters: readonly Filter[]
}

/** Chunks are decoded whole: past this, no row can be had without more memory than reading should take. */
const maxChunkBytes = 1 << 28

/** @throws GraftError `unsupported-file` for what is not read, `invalid-file` for what contradicts itself */
export function parseDataset(storage: Hdf5Storage, { path, messages }: FoundObject): Dataset {
  const name = `'${path}' of ${storage.name}`
  const cursorOf = (kind: number): Cursor | null => {
    const message = findMessage(messages, kind)
    if (message) refuseShared(message, name)
    return message ? storage.cursor(message.bytes) : null
  }
  const required = (kind: number, what: string): Cursor => {
    const cursor = cursorOf(kind)
    if (!cursor) throw storage.corrupt(`'${path}' has no ${what}`)
    return cursor
  }
  const shape = parseDataspace(storage, required(messageKind.dataspace, 'shape'))
  const type = parseDatatype(storage, required(messageKind.datatype, 'type'), name)
  const filterCursor = cursorOf(messageKind.filters)
  const filters = filterCursor ? parseFilters(storage, filterCursor, name) : []
  const place = parseLayout(
    storage,
    required(messageKind.layout, 'layout'),
    shape,
    elementBytes(type),
    filters,
    name,
  )
  return { name: path, shape, type, place, filters }
}

function refuseShared(message: Message, name: string): void {
  if (message.shared)
    throw unsupported(name, 'has a type that is stored apart', 'Save it again without a named datatype.')
}

export function elementBytes(type: Hdf5Type): number {
  return type.kind === 'number' ? type.element.bytes : type.bytes
}

function parseLayout(
  storage: Hdf5Storage,
  cursor: Cursor,
  shape: readonly number[],
  size: number,
  filters: readonly Filter[],
  name: string,
): Place {
  const version = cursor.u8()
  if (version !== 3 && version !== 4)
    throw unsupported(name, `has a layout of version ${version}`, 'Save it again with a current h5py.')
  const elements = shape.reduce((product, axis) => product * axis, 1)
  const expected = elements * size
  const checkBytes = (found: number): void => {
    if (found !== expected)
      throw storage.corrupt(
        `${name} is ${shapeText(shape)} and has ${found} bytes, where ${expected} belong to it`,
      )
  }
  const kind = cursor.u8()
  if (kind === 0) {
    const content = cursor.take(cursor.u16())
    checkBytes(content.length)
    return { kind: 'inline', content }
  }
  if (kind === 1) {
    const address = cursor.address()
    const bytes = cursor.length()
    checkBytes(bytes)
    if (address !== null) storage.position(address, bytes)
    return { kind: 'whole', address, bytes }
  }
  if (kind !== 2) throw unsupported(name, 'is put together from other datasets', 'Copy it into one dataset.')
  return version === 3
    ? oldChunks(storage, cursor, shape, size, filters, name)
    : modernChunks(storage, cursor, shape, size, filters, name)
}

function oldChunks(
  storage: Hdf5Storage,
  cursor: Cursor,
  shape: readonly number[],
  size: number,
  filters: readonly Filter[],
  name: string,
): Place {
  const rank = cursor.u8() - 1
  const address = cursor.address()
  const axes = Array.from({ length: Math.max(0, rank) }, () => cursor.u32())
  const chunks = chunkShape(storage, shape, axes, size, filters, name)
  const index = async (): Promise<ChunkIndex> =>
    address === null ? new Map() : readChunkTree(storage, address, chunks)
  return { kind: 'chunks', shape: chunks, index }
}

function modernChunks(
  storage: Hdf5Storage,
  cursor: Cursor,
  shape: readonly number[],
  size: number,
  filters: readonly Filter[],
  name: string,
): Place {
  const flags = cursor.u8()
  const rank = cursor.u8() - 1
  const width = cursor.u8()
  if (width < 1 || width > 8) throw storage.corrupt('its chunks have axes of an unknown width')
  const axes = Array.from({ length: Math.max(0, rank) }, () => cursor.uint(width))
  cursor.skip(width)
  const chunks = chunkShape(storage, shape, axes, size, filters, name)
  const unevenEdges = axes.some((axis, i) => (shape[i] ?? 0) % axis !== 0)
  if ((flags & 1) !== 0 && chunks.filtered && unevenEdges)
    throw unsupported(name, 'leaves its last chunks uncompressed', 'Save it again with h5py.')
  const at = cursor.at
  const index = (): Promise<ChunkIndex> => {
    const rest = storage.cursor(cursor.bytes.subarray(at))
    return readModernIndex(storage, rest, flags, chunks, name)
  }
  return { kind: 'chunks', shape: chunks, index }
}

function chunkShape(
  storage: Hdf5Storage,
  shape: readonly number[],
  axes: readonly number[],
  size: number,
  filters: readonly Filter[],
  name: string,
): ChunkShape {
  if (axes.length !== shape.length || axes.some((axis) => axis < 1))
    throw storage.corrupt('its chunks have other axes than the dataset')
  const bytes = axes.reduce((product, axis) => product * axis, size)
  const all = shape.reduce((product, axis) => product * axis, size)
  // A dataset that can grow may have a chunk larger than itself, but then a small one.
  if (bytes > Math.max(1 << 24, 2 * all)) throw storage.corrupt('its chunks are larger than the dataset')
  if (bytes > maxChunkBytes) {
    throw unsupported(
      name,
      `is cut into chunks of ${(bytes / 2 ** 20).toFixed(0)} MiB, where up to ${maxChunkBytes / 2 ** 20} are read`,
      'Save it with smaller chunks, such as chunks=True.',
    )
  }
  const counts = axes.map((axis, i) => Math.ceil((shape[i] ?? 0) / axis))
  return { axes, bytes, counts, filtered: filters.length > 0 }
}

async function readChunk(
  storage: Hdf5Storage,
  dataset: Dataset,
  shape: ChunkShape,
  chunk: ChunkIndex,
  place: number,
) {
  const found = chunk.get(place)
  if (!found) return null
  const { address, bytes, mask } = found
  const start = storage.position(address, bytes)
  // What a filter adds at most: a check sum, or deflate's own overhead on what cannot be compressed.
  if (bytes > shape.bytes * 1.01 + 1024) throw storage.corrupt('a chunk is larger than it can be')
  const stored = new Uint8Array(bytes)
  await storage.source.read(stored, start)
  return unfilter(storage, stored, dataset.filters, mask, shape.bytes)
}

/** Streams a dataset with two axes of numbers. Single chunks that were never written are zeros. */
export async function* readDatasetRows(storage: Hdf5Storage, dataset: Dataset): AsyncGenerator<RowBlock> {
  const { type, place, shape } = dataset
  const [rows = 0, width = 0] = shape
  if (type.kind !== 'number')
    throw new GraftError('internal', `${dataset.name} holds no numbers and has no problem.`)
  const { element, littleEndian } = type
  if (place.kind === 'inline') {
    const values = new Float32Array(rows * width)
    element.decode(place.content, values, littleEndian)
    yield { firstRow: 0, count: rows, rows: values }
  } else if (place.kind === 'whole' && place.address !== null) {
    const dataOffset = storage.position(place.address, place.bytes)
    yield* rowMajor(storage.source, { element, rows, width, littleEndian, dataOffset })
  } else if (place.kind === 'chunks') {
    const decode = (bytes: Uint8Array, into: Float32Array): void => element.decode(bytes, into, littleEndian)
    yield* chunkedRows(storage, dataset, place.shape, await place.index(), decode)
  } else {
    throw neverWritten(storage, dataset)
  }
}

/** A dataset of zeros that take no room could be of any size, and is no table of vectors. */
function neverWritten(storage: Hdf5Storage, { name }: Dataset): GraftError {
  return new GraftError(
    'invalid-file',
    `'${name}' of ${storage.name} has a shape, and most of it was never written.`,
    'Was it saved to its end? Save it again.',
  )
}

/** One row of chunks after the other: all that lie side by side are put together into a band. */
async function* chunkedRows(
  storage: Hdf5Storage,
  dataset: Dataset,
  chunks: ChunkShape,
  index: ChunkIndex,
  decode: (bytes: Uint8Array, into: Float32Array) => void,
): AsyncGenerator<RowBlock> {
  const [rows = 0, width = 0] = dataset.shape
  const [chunkRows = 1, chunkWidth = 1] = chunks.axes
  const [down = 0, across = 0] = chunks.counts
  if (down * across > 2 * index.size) throw neverWritten(storage, dataset)
  const bandRows = Math.min(rows, chunkRows)
  if (bandRows * width * 4 > 2 * maxChunkBytes) {
    throw unsupported(
      `'${dataset.name}' of ${storage.name}`,
      `is cut into chunks of ${shapeText(chunks.axes)}: a row of them does not fit into memory`,
      'Save it with chunks of whole rows.',
    )
  }
  const band = new Float32Array(bandRows * width) // [bandRows, width]
  // Small chunks are gathered, so that a block is worth its while.
  const single = across === 1 && chunkWidth === width
  const scratch = single && chunkRows === bandRows ? band : new Float32Array(chunkRows * chunkWidth)
  for (let i = 0; i < down; i++) {
    const firstRow = i * chunkRows
    const count = Math.min(chunkRows, rows - firstRow)
    for (let j = 0; j < across; j++) {
      const bytes = await readChunk(storage, dataset, chunks, index, i * across + j)
      if (bytes) decode(bytes, scratch)
      else scratch.fill(0)
      if (scratch === band) continue
      const from = j * chunkWidth
      const part = Math.min(chunkWidth, width - from)
      for (let r = 0; r < count; r++)
        band.set(scratch.subarray(r * chunkWidth, r * chunkWidth + part), r * width + from)
    }
    yield { firstRow, count, rows: band.subarray(0, count * width) }
  }
}

/** Bytes of a dataset with one axis, whole: keys. */
async function readWhole(storage: Hdf5Storage, dataset: Dataset): Promise<Uint8Array> {
  const [rows = 0] = dataset.shape
  const size = elementBytes(dataset.type)
  const { place } = dataset
  if (place.kind === 'inline') return place.content
  // An array this long is not there unless the file holds it; what is not written costs nothing to promise.
  if (rows * size > storage.source.size * 1032)
    throw storage.corrupt(`'${dataset.name}' is longer than it can be`)
  const bytes = new Uint8Array(rows * size)
  if (place.kind === 'whole') {
    if (place.address !== null) await storage.source.read(bytes, storage.position(place.address, place.bytes))
    return bytes
  }
  const index = await place.index()
  const [chunkRows = 1] = place.shape.axes
  for (let i = 0; i < (place.shape.counts[0] ?? 0); i++) {
    const chunk = await readChunk(storage, dataset, place.shape, index, i)
    const start = i * chunkRows * size
    if (chunk) bytes.set(chunk.subarray(0, Math.min(chunk.length, bytes.length - start)), start)
  }
  return bytes
}

/** A dataset with one axis as keys. */
export async function readDatasetKeys(storage: Hdf5Storage, dataset: Dataset): Promise<string[]> {
  const bytes = await readWhole(storage, dataset)
  const { type } = dataset
  const [rows = 0] = dataset.shape
  if (type.kind === 'heapText') return readHeapTexts(storage, bytes, rows)
  const keyType: KeyType = type.kind === 'number' ? type : { kind: 'bytes', bytes: type.bytes }
  const source = {
    name: dataset.name,
    size: rows * keyBytes(keyType),
    sequential: false,
    read: async (into: Uint8Array, position: number) =>
      into.set(bytes.subarray(position, position + into.length)),
    close: async () => undefined,
  }
  const littleEndian = type.kind !== 'number' || type.littleEndian
  const keys = await readKeyArray(source, { type: keyType, rows, littleEndian, dataOffset: 0 })
  return type.kind === 'text' && type.spaces ? keys.map((key) => key.replace(/ +$/, '')) : keys
}
