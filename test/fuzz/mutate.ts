import type { Random } from './random'

/** Numbers at which counts, lengths and places break. */
const telling = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  1n << 40n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
] as const

/** Pieces of text that numbers, lists and headers are made of. */
const words = [
  '"',
  '\n',
  '\r',
  '\t',
  ' ',
  ',',
  ';',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  '-',
  '.',
  'e9',
  '0',
  '9999999999',
  'nan',
  'inf',
  '1e999',
  "'",
  '\\',
] as const

/** One to eight changes to a file's bytes. */
export function mutate(whole: Uint8Array, random: Random): Uint8Array {
  let bytes: Buffer = Buffer.from(whole)
  const changes = 1 + random.below(8)
  for (let i = 0; i < changes; i++) bytes = change(bytes, random)
  return bytes
}

function change(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  switch (random.below(9)) {
    case 0:
      return flipped(bytes, at, 1 << random.below(8))
    case 1:
      return splice(bytes, at, 1, Buffer.from([random.below(256)]))
    case 2:
      return overwritten(bytes, at, random)
    case 3:
      return splice(bytes, at, 0, Buffer.from(random.pick(words)))
    case 4:
      return splice(bytes, at, 1, Buffer.from(random.pick(words)))
    case 5:
      return splice(bytes, at, 1 + random.below(16), Buffer.alloc(0))
    case 6:
      // A piece once more, somewhere else.
      return splice(bytes, at, 0, copy(bytes, random))
    case 7:
      return splice(bytes, at, 8, Buffer.alloc(random.below(64), random.below(256)))
    default:
      return random.below(4) === 0 ? bytes.subarray(0, at) : overwritten(bytes, at, random)
  }
}

function splice(bytes: Buffer, at: number, removed: number, added: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)])
}

function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  const place = Math.min(at, bytes.length - 1)
  if (place >= 0) bytes[place] = (bytes[place] ?? 0) ^ bit
  return bytes
}

/** A number of 1, 2, 4 or 8 bytes in the place of what stands there. */
function overwritten(bytes: Buffer, at: number, random: Random): Buffer {
  const size = random.pick([1, 2, 4, 8] as const)
  const number = Buffer.alloc(8)
  number.writeBigUInt64LE(random.pick(telling))
  return splice(bytes, at, size, number.subarray(0, size))
}

function copy(bytes: Buffer, random: Random): Buffer {
  const from = random.below(bytes.length)
  return Buffer.from(bytes.subarray(from, from + 1 + random.below(64)))
}
