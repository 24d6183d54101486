import { GraftError } from '../../../contract/errors'
import type { ByteSource } from '../source'

/** What is wrong with a file whose structures contradict themselves or its size. */
export function corrupt(name: string, why: string): GraftError {
  return new GraftError(
    'invalid-file',
    `${name} is not a readable HDF5 file: ${why}.`,
    'Copy or download the file again, or save it again with h5py.',
  )
}

export function unsupported(name: string, what: string, hint: string): GraftError {
  return new GraftError('unsupported-file', `${name} ${what}.`, hint)
}

/** The longest single structure: a header, a heap or a node of an index. Data are read in blocks of their own. */
const maxStructureBytes = 1 << 26

/** Reads the fields of a structure one after the other, little-endian; past its end is an error of the file's. */
export class Cursor {
  at = 0
  private readonly view: DataView

  constructor(
    private readonly file: Hdf5Storage,
    readonly bytes: Uint8Array,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  skip(count: number): void {
    this.take(count)
  }

  take(count: number): Uint8Array {
    if (count > this.left) throw this.file.corrupt('a structure ends too early')
    this.at += count
    return this.bytes.subarray(this.at - count, this.at)
  }

  u8(): number {
    return this.uint(1)
  }

  u16(): number {
    return this.uint(2)
  }

  u32(): number {
    return this.uint(4)
  }

  /** An unsigned number of 1 to 8 bytes. */
  uint(bytes: number): number {
    const start = this.at
    this.skip(bytes)
    if (bytes === 1) return this.view.getUint8(start)
    if (bytes === 2) return this.view.getUint16(start, true)
    if (bytes === 4) return this.view.getUint32(start, true)
    let value = 0
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + this.view.getUint8(start + i)
    if (!Number.isSafeInteger(value)) throw this.file.corrupt('it holds a number that is too large')
    return value
  }

  /** A length, in the width that the file uses for lengths. */
  length(): number {
    return this.uint(this.file.lengthBytes)
  }

  /** A place in the file; null where it is the undefined address (all bits set). */
  address(): number | null {
    const start = this.at
    const bytes = this.take(this.file.offsetBytes)
    if (bytes.every((byte) => byte === 0xff)) return null
    this.at = start
    return this.uint(this.file.offsetBytes)
  }

  /** An address that must be there. */
  place(): number {
    const address = this.address()
    if (address === null) throw this.file.corrupt('a place is not given')
    return address
  }

  signature(expected: string): void {
    const found = Buffer.from(this.take(4)).toString('latin1')
    if (found !== expected)
      throw this.file.corrupt(`'${expected}' is expected at a place that holds other bytes`)
  }
}

/** The bytes of an HDF5 file with what its superblock says of them. */
export class Hdf5Storage {
  offsetBytes = 8
  lengthBytes = 8
  base = 0

  constructor(
    readonly source: ByteSource,
    readonly name: string,
  ) {}

  corrupt(why: string): GraftError {
    return corrupt(this.name, why)
  }

  /** Fails where a place lies outside of the file. @returns its position, counted from the file's first byte */
  position(address: number, length: number): number {
    const start = this.base + address
    if (!Number.isSafeInteger(start + length) || start + length > this.source.size)
      throw this.corrupt(`it points to ${length} bytes at ${address}, past its end`)
    return start
  }

  /** Reads a structure. */
  async read(address: number, length: number): Promise<Cursor> {
    if (length > maxStructureBytes) throw this.corrupt(`a structure of ${length} bytes is announced`)
    const start = this.position(address, length)
    const bytes = new Uint8Array(length)
    await this.source.read(bytes, start)
    return new Cursor(this, bytes)
  }

  /** Reads as much as there is, up to `length` bytes: for structures that say their size themselves. */
  async peek(address: number, length: number): Promise<Cursor> {
    const start = this.position(address, 0)
    return this.read(address, Math.min(length, this.source.size - start))
  }

  cursor(bytes: Uint8Array): Cursor {
    return new Cursor(this, bytes)
  }
}

export const signature = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)

export function hasSignature(bytes: Uint8Array, at: number): boolean {
  return signature.every((byte, i) => bytes[at + i] === byte)
}

/**
 * Reads the superblock, which stands at 0 or behind a user's own bytes at 512, 1024, 2048.
 * @returns the address of the root group's header
 */
export async function readSuperblock(storage: Hdf5Storage): Promise<number> {
  const head = await storage.peek(0, 4096)
  const start = [0, 512, 1024, 2048].find((at) => hasSignature(head.bytes, at))
  if (start === undefined) throw storage.corrupt('its signature is missing')
  const block = storage.cursor(head.bytes.subarray(start + signature.length))
  const version = block.u8()
  if (version > 3)
    throw unsupported(
      storage.name,
      `is in version ${version} of HDF5's layout`,
      'Save it with libver="v110".',
    )
  const modern = version >= 2
  if (!modern) block.skip(4)
  storage.offsetBytes = block.u8()
  storage.lengthBytes = block.u8()
  if (![2, 4, 8].includes(storage.offsetBytes) || ![2, 4, 8].includes(storage.lengthBytes))
    throw storage.corrupt('its addresses have an unknown width')
  block.skip(modern ? 1 : version === 0 ? 9 : 13)
  // Addresses count from here.
  storage.base = block.place()
  if (storage.base !== 0 && storage.base !== start) throw storage.corrupt('its base address is elsewhere')
  block.skip(storage.offsetBytes * (modern ? 2 : 3))
  // The root group: its header's address, in the older versions behind the place of its (empty) name.
  if (!modern) block.skip(storage.offsetBytes)
  return block.place()
}
