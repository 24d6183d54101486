import type { Cursor, Hdf5Storage } from './storage'

/** Messages of an object's header that vectors need. */
export const messageKind = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  fillValue: 0x05,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  continuation: 0x10,
  symbolTable: 0x11,
} as const

export interface Message {
  readonly kind: number
  /** Whether the content stands elsewhere and is only referred to. */
  readonly shared: boolean
  readonly bytes: Uint8Array
}

/** More messages than any object has: past it, a header runs in circles. */
const maxMessages = 10_000

/** All messages of an object's header, continuations included. */
export async function readMessages(storage: Hdf5Storage, address: number): Promise<Message[]> {
  const start = await storage.peek(address, 4)
  const modern = Buffer.from(start.bytes).toString('latin1') === 'OHDR'
  return modern ? readModern(storage, address) : readOld(storage, address)
}

interface Piece {
  readonly address: number
  readonly length: number
}

/** Version 1: pieces of messages, each with a header of 8 bytes. */
async function readOld(storage: Hdf5Storage, address: number): Promise<Message[]> {
  const head = await storage.read(address, 16)
  if (head.u8() !== 1) throw storage.corrupt('an object header has an unknown version')
  head.skip(7)
  const length = head.u32()
  return readPieces(
    storage,
    { address: address + 16, length },
    (cursor) => {
      const kind = cursor.u16()
      const size = cursor.u16()
      const shared = (cursor.u8() & 2) !== 0
      cursor.skip(3)
      return { kind, shared, bytes: cursor.take(size) }
    },
    8,
    0,
  )
}

/** Version 2: `OHDR`, then pieces of messages with a header of 4 or 6 bytes, each piece with a check sum behind it. */
async function readModern(storage: Hdf5Storage, address: number): Promise<Message[]> {
  const head = await storage.peek(address, 64)
  head.signature('OHDR')
  if (head.u8() !== 2) throw storage.corrupt('an object header has an unknown version')
  const flags = head.u8()
  if ((flags & 0x20) !== 0) head.skip(16)
  if ((flags & 0x10) !== 0) head.skip(4)
  const length = head.uint(2 ** (flags & 3))
  const ordered = (flags & 4) !== 0
  return readPieces(
    storage,
    { address: address + head.at, length },
    (cursor) => {
      const kind = cursor.u8()
      const size = cursor.u16()
      const shared = (cursor.u8() & 2) !== 0
      if (ordered) cursor.skip(2)
      return { kind, shared, bytes: cursor.take(size) }
    },
    ordered ? 6 : 4,
    4,
  )
}

/**
 * @param least bytes of a message's own header: less is padding
 * @param frame bytes of `OCHK` before, and of the check sum behind a continuation
 */
async function readPieces(
  storage: Hdf5Storage,
  first: Piece,
  next: (cursor: Cursor) => Message,
  least: number,
  frame: number,
): Promise<Message[]> {
  const pieces = [first]
  const messages: Message[] = []
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[index] ?? first
    const cursor = await storage.read(piece.address, piece.length)
    while (cursor.left >= least) {
      const message = next(cursor)
      if (messages.push(message) > maxMessages) throw storage.corrupt('an object header does not end')
      if (message.kind !== messageKind.continuation) continue
      const place = storage.cursor(message.bytes)
      const address = place.place()
      const length = place.length()
      if (length < 2 * frame) throw storage.corrupt('a continuation is too short')
      if (frame > 0) (await storage.read(address, frame)).signature('OCHK')
      pieces.push({ address: address + frame, length: length - 2 * frame })
    }
  }
  return messages
}

export function findMessage(messages: readonly Message[], kind: number): Message | undefined {
  return messages.find((message) => message.kind === kind)
}
