import { breathe } from '../../breathe'

/** A frame that is not as it should be. */
export class Lz4Error extends Error {}

const magic = 0x184d2204

/** Bytes that are decompressed before other work gets a turn. */
const bytesAtOnce = 1 << 22

/**
 * Decompresses an LZ4 frame of a known decompressed size.
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md
 * @throws Lz4Error where the frame is damaged or does not fill the size exactly
 */
export async function decompressLz4(frame: Uint8Array, size: number): Promise<Uint8Array> {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (frame.length < 7 || view.getUint32(0, true) !== magic)
    throw new Lz4Error('it does not begin as a frame')
  const flags = frame[4] ?? 0
  if (flags >> 6 !== 1) throw new Lz4Error('its version is unknown')
  const blockSums = (flags & 0x10) !== 0
  // Descriptor: flags, block size, content size and dictionary where the flags say so, check byte.
  let at = 4 + 2 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0) + 1
  const out = new Uint8Array(size)
  let filled = 0
  let rested = 0
  for (;;) {
    if (at + 4 > frame.length) throw new Lz4Error('it ends too early')
    const word = view.getUint32(at, true)
    at += 4
    if (word === 0) break
    const bytes = word & 0x7fffffff
    if (bytes > frame.length - at) throw new Lz4Error('it ends too early')
    const block = frame.subarray(at, at + bytes)
    if (word >>> 31 === 1) {
      if (bytes > size - filled) throw new Lz4Error('it is longer than it says')
      out.set(block, filled)
      filled += bytes
    } else {
      filled = decompressBlock(block, out, filled)
    }
    at += bytes + (blockSums ? 4 : 0)
    if (filled - rested < bytesAtOnce) continue
    rested = filled
    await breathe()
  }
  if (filled !== size) throw new Lz4Error('it is shorter than it says')
  return out
}

/** @returns how far `out` is filled afterwards */
function decompressBlock(block: Uint8Array, out: Uint8Array, start: number): number {
  let at = 0
  let to = start
  const longer = (length: number): number => {
    for (let byte = 255; byte === 255; length += byte) {
      if (at >= block.length) throw new Lz4Error('a block ends too early')
      byte = block[at++] ?? 0
    }
    return length
  }
  while (at < block.length) {
    const token = block[at++] ?? 0
    const literals = token >> 4 === 15 ? longer(15) : token >> 4
    if (literals > block.length - at || literals > out.length - to) throw new Lz4Error('a block is too long')
    out.set(block.subarray(at, at + literals), to)
    at += literals
    to += literals
    // The last sequence has no copy.
    if (at === block.length) break
    if (at + 2 > block.length) throw new Lz4Error('a block ends too early')
    const offset = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8)
    at += 2
    const count = ((token & 15) === 15 ? longer(15) : token & 15) + 4
    if (offset === 0 || offset > to || count > out.length - to)
      throw new Lz4Error('a block copies from outside')
    if (offset >= count) {
      out.copyWithin(to, to - offset, to - offset + count)
      to += count
    } else {
      // The copy runs into what it has just written.
      for (let i = 0; i < count; i++, to++) out[to] = out[to - offset] ?? 0
    }
  }
  return to
}
