import { unsupported, type Cursor, type Hdf5Storage } from './storage'

/** Where a chunk lies. */
export interface Chunk {
  readonly address: number
  /** Bytes in the file. */
  readonly bytes: number
  /** A bit for each filter that was left out. */
  readonly mask: number
}

/** How a dataset is cut into chunks, as its layout message says it. */
export interface ChunkShape {
  /** Axes of a chunk. */
  readonly axes: readonly number[]
  /** Bytes of a chunk before it is filtered. */
  readonly bytes: number
  /** Number of chunks along each axis. */
  readonly counts: readonly number[]
  readonly filtered: boolean
}

/** Chunks by their place in the grid, in C order; those that were never written are missing. */
export type ChunkIndex = ReadonlyMap<number, Chunk>

/** More chunks than any sensible file has; each takes memory while the file is open. */
const maxChunks = 2_000_000

export function chunkCount(storage: Hdf5Storage, shape: ChunkShape): number {
  const count = shape.counts.reduce((product, axis) => product * axis, 1)
  if (count > maxChunks) throw storage.corrupt(`it is cut into ${count.toLocaleString('en-US')} chunks`)
  return count
}

/** The older index: a B-tree whose keys are the chunks' offsets. */
export async function readChunkTree(
  storage: Hdf5Storage,
  address: number,
  shape: ChunkShape,
): Promise<ChunkIndex> {
  const index = new Map<number, Chunk>()
  const limit = chunkCount(storage, shape)
  const seen = new Set<number>()
  // An offset an axis, and one for the bytes of an element.
  const keyBytes = 8 + 8 * (shape.axes.length + 1)
  const visit = async (node: number, below: number): Promise<void> => {
    if (seen.has(node) || seen.size > 2 * limit + 64)
      throw storage.corrupt('the index of its chunks runs in circles')
    seen.add(node)
    const head = await storage.read(node, 8 + 2 * storage.offsetBytes)
    head.signature('TREE')
    if (head.u8() !== 1) throw storage.corrupt('the index of its chunks is of another kind')
    const level = head.u8()
    if (level >= below) throw storage.corrupt('the index of its chunks runs in circles')
    const count = head.u16()
    const entries = await storage.read(
      node + 8 + 2 * storage.offsetBytes,
      count * (keyBytes + storage.offsetBytes),
    )
    for (let i = 0; i < count; i++) {
      const bytes = entries.u32()
      const mask = entries.u32()
      const offsets = shape.axes.map(() => entries.uint(8))
      entries.skip(8)
      const child = entries.place()
      if (level > 0) await visit(child, level)
      else index.set(placeOf(storage, offsets, shape), { address: child, bytes, mask })
    }
  }
  await visit(address, 256)
  return index
}

function placeOf(storage: Hdf5Storage, offsets: readonly number[], { axes, counts }: ChunkShape): number {
  let place = 0
  for (const [i, offset] of offsets.entries()) {
    const along = offset / (axes[i] ?? 1)
    if (!Number.isInteger(along) || along >= (counts[i] ?? 0))
      throw storage.corrupt('a chunk lies outside of its dataset')
    place = place * (counts[i] ?? 0) + along
  }
  return place
}

/** The newer indexes. @param cursor behind the chunk's axes in the layout message, at the kind of index */
export async function readModernIndex(
  storage: Hdf5Storage,
  cursor: Cursor,
  flags: number,
  shape: ChunkShape,
  name: string,
): Promise<ChunkIndex> {
  const kind = cursor.u8()
  const count = chunkCount(storage, shape)
  if (kind === 1) {
    const filtered = (flags & 2) !== 0
    const bytes = filtered ? cursor.length() : shape.bytes
    const mask = filtered ? cursor.u32() : 0
    const address = cursor.address()
    return new Map(address === null ? [] : [[0, { address, bytes, mask }]])
  }
  if (kind === 2) {
    const address = cursor.address()
    if (address !== null) storage.position(address, count * shape.bytes)
    const index = new Map<number, Chunk>()
    for (let i = 0; address !== null && i < count; i++)
      index.set(i, { address: address + i * shape.bytes, bytes: shape.bytes, mask: 0 })
    return index
  }
  if (kind === 3) {
    cursor.skip(1)
    const address = cursor.address()
    return address === null ? new Map() : readFixedArray(storage, address, count, shape)
  }
  throw unsupported(
    name,
    'can grow, and the index of its chunks is of a kind that is not read',
    'Save it with a fixed shape, or with libver="earliest".',
  )
}

/** `FAHD`: an array of one entry a chunk, in pages where there are many. */
async function readFixedArray(
  storage: Hdf5Storage,
  address: number,
  count: number,
  shape: ChunkShape,
): Promise<ChunkIndex> {
  const head = await storage.read(address, 8 + storage.lengthBytes + storage.offsetBytes)
  head.signature('FAHD')
  head.skip(1)
  const filtered = head.u8() === 1
  const entryBytes = head.u8()
  const pageBits = head.u8()
  const found = head.length()
  if (found !== count || pageBits > 30) throw storage.corrupt('the index of its chunks has another length')
  const sizeBytes = entryBytes - storage.offsetBytes - 4
  if (filtered ? sizeBytes < 1 || sizeBytes > 8 : entryBytes !== storage.offsetBytes)
    throw storage.corrupt('the index of its chunks has entries of another size')
  const block = head.address()
  const index = new Map<number, Chunk>()
  if (block === null) return index
  const pageEntries = 2 ** pageBits
  const pages = Math.ceil(count / pageEntries)
  const paged = count > pageEntries
  const bitmapBytes = paged ? Math.ceil(pages / 8) : 0
  const prefix = await storage.read(block, 6 + storage.offsetBytes + bitmapBytes)
  prefix.signature('FADB')
  prefix.skip(2 + storage.offsetBytes)
  const bitmap = prefix.take(bitmapBytes)
  const readEntries = async (at: number, first: number, entries: number): Promise<void> => {
    const cursor = await storage.read(at, entries * entryBytes)
    for (let i = 0; i < entries; i++) {
      const place = cursor.address()
      const bytes = filtered ? cursor.uint(sizeBytes) : shape.bytes
      const mask = filtered ? cursor.u32() : 0
      if (place !== null) index.set(first + i, { address: place, bytes, mask })
    }
  }
  let at = block + prefix.bytes.length
  if (!paged) {
    await readEntries(at, 0, count)
    return index
  }
  // The prefix has a check sum of its own, as has each page.
  at += 4
  for (let page = 0; page < pages; page++) {
    const entries = Math.min(pageEntries, count - page * pageEntries)
    // Pages that hold nothing have not been written.
    if (((bitmap[page >> 3] ?? 0) & (0x80 >> (page & 7))) !== 0)
      await readEntries(at, page * pageEntries, entries)
    at += entries * entryBytes + 4
  }
  return index
}
