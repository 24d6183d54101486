import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { crc32, deflateRawSync } from 'node:zlib'

/** A wheel's member as a test writes it. */
export interface Member {
  name: string
  content: Buffer
  /** A RECORD hash to lie with. */
  recordedHash?: string
}

const hashOf = (content: Buffer): string => createHash('sha256').update(content).digest('base64url')

/** Writes a wheel: a zip of the members and of a RECORD with their hashes. */
export function writeWheel(path: string, members: readonly Member[], withRecord = true): void {
  const lines = members.map(
    ({ name, content, recordedHash }) =>
      `${name},sha256=${recordedHash ?? hashOf(content)},${content.length}`,
  )
  const record = { name: 'some-1.dist-info/RECORD', content: Buffer.from([...lines, 'RECORD,,'].join('\n')) }
  writeFileSync(path, zip(withRecord ? [...members, record] : members))
}

/** A zip file of deflated members (PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16). */
function zip(members: readonly Member[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content } of members) {
    const data = deflateRawSync(content)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0) // version needed
    common.writeUInt16LE(8, 4) // deflate
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(content.length, 18)
    common.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), data])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, rest, Buffer.from(name)]))
    parts.push(local)
    offset += local.length
  }
  const listing = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(members.length, 8)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(listing.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, listing, end])
}
