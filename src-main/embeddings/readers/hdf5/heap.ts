import type { Cursor, Hdf5Storage } from './storage'

/** Collections that are kept: texts are written in order, so that neighbours share one. */
const kept = 16

/** The largest collection that is read; HDF5 makes them of 4 KiB, or as long as one text. */
const maxCollectionBytes = 1 << 26

/** Texts of varying length: each element holds the length, the collection's place and the text's number in it. */
export async function readHeapTexts(
  storage: Hdf5Storage,
  elements: Uint8Array,
  count: number,
): Promise<string[]> {
  const cursor = storage.cursor(elements)
  const collections = new Map<number, ReadonlyMap<number, Uint8Array>>()
  const texts: string[] = []
  for (let i = 0; i < count; i++) {
    const length = cursor.u32()
    const address = cursor.address()
    const number = cursor.u32()
    if (length === 0 || address === null || address === 0) {
      texts.push('')
      continue
    }
    let collection = collections.get(address)
    if (!collection) {
      collection = await readCollection(storage, address)
      const [oldest] = collections.keys()
      if (collections.size === kept && oldest !== undefined) collections.delete(oldest)
      collections.set(address, collection)
    }
    const bytes = collection.get(number)
    if (!bytes || bytes.length < length) throw storage.corrupt('a text is not where it should be')
    texts.push(Buffer.from(bytes.subarray(0, length)).toString('utf8').replace(/\0+$/, ''))
  }
  return texts
}

/** `GCOL`: objects with their numbers, each padded to eight bytes; number 0 is the free rest. */
async function readCollection(
  storage: Hdf5Storage,
  address: number,
): Promise<ReadonlyMap<number, Uint8Array>> {
  const head = await storage.read(address, 8 + storage.lengthBytes)
  head.signature('GCOL')
  head.skip(4)
  const size = head.length()
  if (size < head.bytes.length || size > maxCollectionBytes)
    throw storage.corrupt('a heap of texts has no sensible size')
  const cursor: Cursor = await storage.read(address + head.bytes.length, size - head.bytes.length)
  const objects = new Map<number, Uint8Array>()
  while (cursor.left >= 8 + storage.lengthBytes) {
    const number = cursor.u16()
    if (number === 0) break
    cursor.skip(6)
    const length = cursor.length()
    objects.set(number, cursor.take(length))
    cursor.skip(Math.min(cursor.left, (8 - (length % 8)) % 8))
  }
  return objects
}
