import type { ElementType } from './elements'
import { numberKey } from './keyFields'
import { blockRows } from './reader'
import type { ByteSource } from './source'

/** How the elements of an array of keys are stored. */
export type KeyType =
  | { readonly kind: 'number'; readonly element: ElementType }
  /** numpy's `S`: bytes of a fixed length, filled up with zeros. */
  | { readonly kind: 'bytes'; readonly bytes: number }
  /** numpy's `U`: four bytes for each character, filled up with zeros. */
  | { readonly kind: 'text'; readonly bytes: number }

export interface KeyLayout {
  readonly type: KeyType
  readonly rows: number
  readonly littleEndian: boolean
  readonly dataOffset: number
}

/** The key type of numpy's type text, such as `<U12`, `|S8`; null for others. */
export function textKeyType(descr: string): { type: KeyType; littleEndian: boolean } | null {
  const [, order, kind, size] = /^([<>|=]?)([US])(\d{1,6})$/.exec(descr) ?? []
  if (kind === undefined) return null
  const length = Number(size)
  if (length === 0) return null
  const type: KeyType = kind === 'S' ? { kind: 'bytes', bytes: length } : { kind: 'text', bytes: 4 * length }
  return { type, littleEndian: order !== '>' }
}

export function keyBytes(type: KeyType): number {
  return type.kind === 'number' ? type.element.bytes : type.bytes
}

/** All keys of an array with one axis, as text. Integers keep all their digits. */
export async function readKeyArray(source: ByteSource, layout: KeyLayout): Promise<string[]> {
  const { type, rows, littleEndian, dataOffset } = layout
  const size = keyBytes(type)
  const keys: string[] = []
  const perBlock = blockRows(size)
  const buffer = new Uint8Array(Math.min(rows, perBlock) * size)
  for (let first = 0; first < rows; first += perBlock) {
    const count = Math.min(perBlock, rows - first)
    const bytes = buffer.subarray(0, count * size)
    await source.read(bytes, dataOffset + first * size)
    decodeKeys(bytes, count, type, littleEndian, keys)
  }
  return keys
}

/** Numbers as keys. Integers keep all their digits. */
export function decodeNumberKeys(
  bytes: Uint8Array,
  count: number,
  element: ElementType,
  littleEndian: boolean,
): string[] {
  const keys: string[] = []
  decodeKeys(bytes, count, { kind: 'number', element }, littleEndian, keys)
  return keys
}

function decodeKeys(
  bytes: Uint8Array,
  count: number,
  type: KeyType,
  littleEndian: boolean,
  into: string[],
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const size = keyBytes(type)
  if (type.kind === 'number' && (type.element.name === 'int64' || type.element.name === 'uint64')) {
    const signed = type.element.name === 'int64'
    for (let i = 0; i < count; i++) {
      into.push(
        String(signed ? view.getBigInt64(8 * i, littleEndian) : view.getBigUint64(8 * i, littleEndian)),
      )
    }
  } else if (type.kind === 'number') {
    for (let i = 0; i < count; i++)
      into.push(numberKey(exactNumber(view, i * size, type.element, littleEndian)))
  } else if (type.kind === 'bytes') {
    for (let i = 0; i < count; i++) {
      const text = bytes.subarray(i * size, (i + 1) * size)
      let end = size
      while (end > 0 && text[end - 1] === 0) end -= 1
      into.push(Buffer.from(text.subarray(0, end)).toString('utf8'))
    }
  } else {
    for (let i = 0; i < count; i++) into.push(codePoints(view, i * size, size, littleEndian))
  }
}

/** A number without the rounding to float32 that vectors are decoded with. */
function exactNumber(view: DataView, at: number, element: ElementType, littleEndian: boolean): number {
  if (element.name === 'float64') return view.getFloat64(at, littleEndian)
  if (element.name === 'int32') return view.getInt32(at, littleEndian)
  if (element.name === 'uint32') return view.getUint32(at, littleEndian)
  const single = new Float32Array(1)
  element.decode(new Uint8Array(view.buffer, view.byteOffset + at, element.bytes), single, littleEndian)
  return single[0] ?? NaN
}

function codePoints(view: DataView, at: number, size: number, littleEndian: boolean): string {
  let text = ''
  for (let offset = 0; offset < size; offset += 4) {
    const code = view.getUint32(at + offset, littleEndian)
    // Zeros fill up; what is no character at all cannot meet any id.
    if (code === 0) break
    text += code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
  }
  return text
}
