import { deflateRawSync } from 'node:zlib'
import { crc32 } from '../../src-main/embeddings/readers/zipMember'

/** A member of an archive: what is stored, and what the archive's directory says about it. */
export interface ZipMember {
  readonly name: string
  readonly packed: Uint8Array
  /** 0: as it is, 8: by deflate. */
  readonly method: 0 | 8
  readonly crc: number
  readonly claimed: number
}

/** A deflated member that may lie about its size. */
export const deflatedMember = (name: string, content: Uint8Array, claimed = content.length): ZipMember => ({
  name,
  packed: deflateRawSync(content),
  method: 8,
  crc: crc32(content, 0),
  claimed,
})

/** An archive of such members; of which, by what it says itself, there are `count`. */
export function zipOf(members: readonly ZipMember[], count = members.length): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let at = 0
  for (const { name, packed, method, crc, claimed } of members) {
    const file = Buffer.from(name)
    const facts = Buffer.alloc(26)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt16LE(method, 4)
    facts.writeUInt32LE(crc, 10)
    facts.writeUInt32LE(packed.length, 14)
    facts.writeUInt32LE(claimed, 18)
    facts.writeUInt16LE(file.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts, file, packed])
    const entry = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), facts, Buffer.alloc(14), file])
    entry.writeUInt32LE(at, 42)
    at += local.length
    locals.push(local)
    entries.push(entry)
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...locals, directory, end])
}

/** A `.npy` file of float32, or of another type, whose header may say anything. */
export function npyOf(shape: string, content: Uint8Array, type = '<f4'): Buffer {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117) + '\n'
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'), Buffer.from(header), content])
}
