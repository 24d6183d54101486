import { findMessage, messageKind, readMessages, type Message } from './objects'
import { unsupported, type Hdf5Storage } from './storage'

/** An object that is no group, by its path from the root. */
export interface FoundObject {
  readonly path: string
  readonly messages: readonly Message[]
}

interface Link {
  readonly name: string
  readonly address: number
}

const maxObjects = 10_000
const maxDepth = 64

/** All objects below the root that are no groups, in the order in which their groups list them. */
export async function listObjects(storage: Hdf5Storage, root: number): Promise<FoundObject[]> {
  const found: FoundObject[] = []
  const seen = new Set<number>()
  const visit = async (address: number, path: string, depth: number): Promise<void> => {
    // An object may have several names, and a group hold itself.
    if (seen.has(address)) return
    seen.add(address)
    if (seen.size > maxObjects) throw storage.corrupt(`it holds more than ${maxObjects} objects`)
    const messages = await readMessages(storage, address)
    if (findMessage(messages, messageKind.layout)) {
      found.push({ path, messages })
      return
    }
    if (depth > maxDepth) throw storage.corrupt('its groups are nested too deep')
    for (const link of await linksOf(storage, messages, path))
      await visit(link.address, path === '' ? link.name : `${path}/${link.name}`, depth + 1)
  }
  await visit(root, '', 0)
  return found
}

async function linksOf(storage: Hdf5Storage, messages: readonly Message[], path: string): Promise<Link[]> {
  const table = findMessage(messages, messageKind.symbolTable)
  if (table) return readSymbolTable(storage, table)
  const info = findMessage(messages, messageKind.linkInfo)
  if (info && isDense(storage, info)) {
    throw unsupported(
      storage.name,
      `keeps the members of its group '/${path}' in a form that is not read (many members, or attributes of their order)`,
      'Save the vectors in a file with fewer datasets, or with libver="earliest" and without track_order.',
    )
  }
  return messages.flatMap((message) =>
    message.kind === messageKind.link ? (readLink(storage, message) ?? []) : [],
  )
}

/** Whether links stand in a heap of their own instead of in the header. */
function isDense(storage: Hdf5Storage, { bytes }: Message): boolean {
  const cursor = storage.cursor(bytes)
  cursor.skip(1)
  if ((cursor.u8() & 1) !== 0) cursor.skip(8)
  return cursor.address() !== null
}

/** A hard link; null for one that names another path or file. */
function readLink(storage: Hdf5Storage, { bytes }: Message): Link | null {
  const cursor = storage.cursor(bytes)
  if (cursor.u8() !== 1) throw storage.corrupt('a link has an unknown version')
  const flags = cursor.u8()
  const type = (flags & 8) !== 0 ? cursor.u8() : 0
  if ((flags & 4) !== 0) cursor.skip(8)
  if ((flags & 16) !== 0) cursor.skip(1)
  const name = Buffer.from(cursor.take(cursor.uint(2 ** (flags & 3)))).toString('utf8')
  return type === 0 ? { name, address: cursor.place() } : null
}

/** The older form: a B-tree of symbol tables, whose names stand in a heap. */
async function readSymbolTable(storage: Hdf5Storage, message: Message): Promise<Link[]> {
  const places = storage.cursor(message.bytes)
  const tree = places.place()
  const heapHead = await storage.read(places.place(), 8 + 2 * storage.lengthBytes + storage.offsetBytes)
  heapHead.signature('HEAP')
  heapHead.skip(4)
  const heapSize = heapHead.length()
  heapHead.length()
  const heap = await storage.read(heapHead.place(), heapSize)
  const links: Link[] = []
  for (const address of await leaves(storage, tree, new Set())) {
    const head = await storage.read(address, 8)
    head.signature('SNOD')
    head.skip(2)
    const count = head.u16()
    const entries = await storage.read(address + 8, count * (2 * storage.offsetBytes + 24))
    for (let i = 0; i < count; i++) {
      const name = heap.bytes.subarray(entries.place())
      const header = entries.address()
      const kind = entries.u32()
      entries.skip(20)
      const end = name.indexOf(0)
      if (end < 0) throw storage.corrupt('a name does not end')
      // Kind 2 is a symbolic link.
      if (header !== null && kind !== 2)
        links.push({ name: Buffer.from(name.subarray(0, end)).toString('utf8'), address: header })
    }
  }
  return links
}

/** Addresses of a group tree's symbol tables. */
async function leaves(storage: Hdf5Storage, address: number, seen: Set<number>): Promise<number[]> {
  if (seen.has(address) || seen.size > maxObjects)
    throw storage.corrupt('the index of a group runs in circles')
  seen.add(address)
  const head = await storage.read(address, 8 + 2 * storage.offsetBytes)
  head.signature('TREE')
  if (head.u8() !== 0) throw storage.corrupt('the index of a group is of another kind')
  const level = head.u8()
  const count = head.u16()
  const entries = await storage.read(
    address + 8 + 2 * storage.offsetBytes,
    count * (storage.lengthBytes + storage.offsetBytes),
  )
  const children: number[] = []
  for (let i = 0; i < count; i++) {
    entries.length()
    children.push(entries.place())
  }
  if (level === 0) return children
  const below: number[] = []
  for (const child of children) below.push(...(await leaves(storage, child, seen)))
  return below
}
