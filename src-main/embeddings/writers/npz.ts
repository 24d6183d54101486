import { extendCrc32 } from '../readers/zipMember'
import { writeKeyArray, writeRows } from './npy'
import type { FileSink } from './sink'
import type { TableWriter } from './writer'

/**
 * A zip archive of members that are stored as they are (APPNOTE.TXT 4.3). Sizes past 4 GiB get zip64's fields, which every
 * reader of such archives knows.
 */
interface Member {
  readonly name: Buffer
  readonly offset: number
  readonly crc: number
  readonly size: number
}

const limit = 0xffffffff
/** 1 January 1980, the first day that the format knows: the same table gives the same file. */
const date = 0x21

/** Fields of a header, little-endian: [bytes, value]. */
function fields(...values: readonly (readonly [2 | 4 | 8, number])[]): Buffer {
  const bytes = Buffer.alloc(values.reduce((sum, [size]) => sum + size, 0))
  let at = 0
  for (const [size, value] of values) {
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value), at)
    else bytes.writeUIntLE(value, at, size)
    at += size
  }
  return bytes
}

/** Room for both sizes is kept in every local header, for they are known only once the member is written. */
function localHeader({ name, crc, size }: Member): Buffer {
  const head = fields(
    [4, 0x04034b50],
    [2, 45],
    [2, 0x0800],
    [2, 0],
    [2, 0],
    [2, date],
    [4, crc],
    [4, limit],
    [4, limit],
    [2, name.length],
    [2, 20],
  )
  return Buffer.concat([head, name, fields([2, 1], [2, 16], [8, size], [8, size])])
}

function directoryEntry({ name, crc, size, offset }: Member): Buffer {
  const head = fields(
    [4, 0x02014b50],
    [2, 45],
    [2, 45],
    [2, 0x0800],
    [2, 0],
    [2, 0],
    [2, date],
    [4, crc],
    [4, limit],
    [4, limit],
    [2, name.length],
    [2, 28],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, limit],
  )
  return Buffer.concat([head, name, fields([2, 1], [2, 24], [8, size], [8, size], [8, offset])])
}

async function addMember(
  file: FileSink,
  name: string,
  content: (onBytes: (bytes: Uint8Array) => void) => Promise<void>,
): Promise<Member> {
  const empty: Member = { name: Buffer.from(name, 'utf8'), offset: file.position, crc: 0, size: 0 }
  await file.write(localHeader(empty))
  const start = file.position
  let crc = 0
  await content((bytes) => {
    crc = extendCrc32(bytes, crc)
  })
  const member = { ...empty, crc, size: file.position - start }
  await file.patch(member.offset, localHeader(member))
  return member
}

async function writeDirectory(file: FileSink, members: readonly Member[]): Promise<void> {
  const start = file.position
  for (const member of members) await file.write(directoryEntry(member))
  const size = file.position - start
  const end = file.position
  const count = members.length
  await file.write(
    Buffer.concat([
      fields(
        [4, 0x06064b50],
        [8, 44],
        [2, 45],
        [2, 45],
        [4, 0],
        [4, 0],
        [8, count],
        [8, count],
        [8, size],
        [8, start],
      ),
      fields([4, 0x07064b50], [4, 0], [8, end], [4, 1]),
      fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, limit], [4, limit], [2, 0]),
    ]),
  )
}

/** `numpy.savez`'s format, with the arrays `vectors` and `keys`. */
export const npzWriter: TableWriter = {
  format: 'npz',
  extensions: ['.npz'],
  paths: (path) => [path],
  async write([file], table) {
    if (!file) return
    const vectors = await addMember(file, 'vectors.npy', (onBytes) => writeRows(file, table, onBytes))
    const keys = await addMember(file, 'keys.npy', (onBytes) => writeKeyArray(file, table, onBytes))
    await writeDirectory(file, [vectors, keys])
  },
}
