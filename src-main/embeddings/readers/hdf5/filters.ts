import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import { unsupported, type Cursor, type Hdf5Storage } from './storage'

const inflateAsync = promisify(inflate)

export interface Filter {
  readonly id: number
  readonly values: readonly number[]
}

const names: Readonly<Record<number, string>> = {
  4: 'szip',
  5: 'nbit',
  6: 'scaleoffset',
  305: 'lzo',
  307: 'bzip2',
  32001: 'blosc',
  32004: 'lz4',
  32008: 'bitshuffle',
  32015: 'zstd',
  32026: 'blosc2',
}

const deflate = 1
const shuffle = 2
const fletcher32 = 3
const lzf = 32000
const known = new Set([deflate, shuffle, fletcher32, lzf])

/** Deflate and LZF cannot shrink anything more than this many times. */
const maxRatio = 1032

/** The filters that chunks were written through, first to last. @throws GraftError `unsupported-file` */
export function parseFilters(storage: Hdf5Storage, cursor: Cursor, name: string): Filter[] {
  const version = cursor.u8()
  const count = cursor.u8()
  if (version !== 1 && version !== 2) throw storage.corrupt('its filters are of an unknown version')
  if (version === 1) cursor.skip(6)
  return Array.from({ length: count }, () => {
    const id = cursor.u16()
    const nameBytes = version === 1 || id >= 256 ? cursor.u16() : 0
    cursor.skip(2)
    const valueCount = cursor.u16()
    cursor.skip(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes)
    const values = Array.from({ length: valueCount }, () => cursor.u32())
    if (version === 1 && valueCount % 2 === 1) cursor.skip(4)
    if (!known.has(id)) {
      throw unsupported(
        name,
        `is compressed with ${names[id] ?? `filter ${id}`}, which is not read`,
        'Save it with compression="gzip" or "lzf", or without.',
      )
    }
    return { id, values }
  })
}

/**
 * Undoes a chunk's filters, last to first.
 * @param mask a bit for each filter that was left out for this chunk
 * @param size bytes of the chunk before it was filtered
 */
export async function unfilter(
  storage: Hdf5Storage,
  stored: Uint8Array,
  filters: readonly Filter[],
  mask: number,
  size: number,
): Promise<Uint8Array> {
  let bytes = stored
  for (let i = filters.length - 1; i >= 0; i--) {
    const filter = filters[i]
    if (!filter || (mask & (1 << i)) !== 0) continue
    if (filter.id === fletcher32) {
      if (bytes.length < 4) throw storage.corrupt('a chunk is too short')
      bytes = bytes.subarray(0, -4)
    } else if (filter.id === shuffle) {
      bytes = unshuffle(bytes, filter.values[0] ?? 1)
    } else {
      // A check sum of four bytes may have been put in before.
      const limit = size + 4
      if (limit > (bytes.length + 16) * maxRatio)
        throw storage.corrupt('a chunk claims to grow beyond what is possible')
      bytes = filter.id === deflate ? await inflateChunk(storage, bytes, limit) : unlzf(storage, bytes, limit)
    }
  }
  if (bytes.length !== size) throw storage.corrupt(`a chunk has ${bytes.length} bytes instead of ${size}`)
  return bytes
}

async function inflateChunk(storage: Hdf5Storage, bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  try {
    return await inflateAsync(bytes, { maxOutputLength: limit })
  } catch {
    throw storage.corrupt('a compressed chunk is damaged')
  }
}

/** Bytes of the same place within their elements stand together: puts each element together again. */
function unshuffle(bytes: Uint8Array, elementBytes: number): Uint8Array {
  if (elementBytes < 2 || elementBytes > bytes.length) return bytes
  const count = Math.floor(bytes.length / elementBytes)
  const whole = new Uint8Array(bytes.length)
  for (let place = 0; place < elementBytes; place++) {
    const from = place * count
    for (let i = 0, to = place; i < count; i++, to += elementBytes) whole[to] = bytes[from + i] ?? 0
  }
  // What is left over stays where it is.
  whole.set(bytes.subarray(count * elementBytes), count * elementBytes)
  return whole
}

/** LZF (Marc Lehmann, liblzf `lzf_d.c`): literal runs, and copies from up to 8 KiB before. */
function unlzf(storage: Hdf5Storage, bytes: Uint8Array, limit: number): Uint8Array {
  const out = new Uint8Array(limit)
  const damaged = (): Error => storage.corrupt('a compressed chunk is damaged')
  let at = 0
  let to = 0
  while (at < bytes.length) {
    const control = bytes[at++] ?? 0
    if (control < 32) {
      const count = control + 1
      if (at + count > bytes.length || to + count > limit) throw damaged()
      out.set(bytes.subarray(at, at + count), to)
      at += count
      to += count
    } else {
      let count = control >> 5
      if (count === 7) count += bytes[at++] ?? 0
      count += 2
      let from = to - ((control & 0x1f) << 8) - (bytes[at++] ?? 0) - 1
      if (at > bytes.length || from < 0 || to + count > limit) throw damaged()
      // Byte by byte: a copy may run into what it has just written.
      for (let i = 0; i < count; i++) out[to++] = out[from++] ?? 0
    }
  }
  return out.subarray(0, to)
}
