import { elementType, type ElementType } from '../elements'
import { unsupported, type Cursor, type Hdf5Storage } from './storage'

/** How a dataset's elements are stored. */
export type Hdf5Type =
  | { readonly kind: 'number'; readonly element: ElementType; readonly littleEndian: boolean }
  /** Bytes of a fixed length, filled up with zeros or spaces. */
  | { readonly kind: 'text'; readonly bytes: number; readonly spaces: boolean }
  /** Texts of any length, in heaps: an element says where. */
  | { readonly kind: 'heapText'; readonly bytes: number }

const classNames: Readonly<Record<number, string>> = {
  2: 'dates',
  4: 'bit fields',
  5: 'opaque bytes',
  6: 'records of several fields',
  7: 'references',
  9: 'lists of varying length',
  10: 'arrays',
  11: 'complex numbers',
}

/** @throws GraftError `unsupported-file` for elements that are neither numbers nor text */
export function parseDatatype(storage: Hdf5Storage, cursor: Cursor, name: string): Hdf5Type {
  const kind = cursor.u8() & 0x0f
  const [low = 0] = cursor.take(3)
  const size = cursor.u32()
  const littleEndian = (low & 1) === 0
  if (kind === 0) {
    const [offset, precision] = [cursor.u16(), cursor.u16()]
    const element = elementType(`${(low & 8) !== 0 ? 'i' : 'u'}${size}`)
    if (element && offset === 0 && precision === 8 * size) return { kind: 'number', element, littleEndian }
  } else if (kind === 1) {
    const [offset, precision] = [cursor.u16(), cursor.u16()]
    cursor.skip(1)
    const exponent = cursor.u8()
    cursor.skip(1)
    const mantissa = cursor.u8()
    const element = elementType(floats[`${size}/${exponent}/${mantissa}`] ?? '')
    // Bit 6 is VAX's byte order.
    if (element && offset === 0 && precision === 8 * size && (low & 0x40) === 0)
      return { kind: 'number', element, littleEndian }
  } else if (kind === 3) {
    if (size > 0 && size <= 1_000_000) return { kind: 'text', bytes: size, spaces: (low & 0x0f) === 2 }
  } else if (kind === 8) {
    // h5py's booleans: an enumeration of FALSE and TRUE over int8.
    const base = parseDatatype(storage, cursor, name)
    if (base.kind === 'number') return base
  } else if (kind === 9 && (low & 0x0f) === 1) {
    if (size === storage.offsetBytes + 8) return { kind: 'heapText', bytes: size }
  }
  throw unsupported(
    name,
    `holds ${classNames[kind] ?? `elements of ${size} bytes`} of a type that is not read`,
    'Vectors are stored as floats, integers or booleans, keys as those or as text.',
  )
}

/** Size, bits of the exponent, bits of the mantissa. */
const floats: Readonly<Record<string, string>> = {
  '2/5/10': 'f2',
  '2/8/7': 'V2',
  '4/8/23': 'f4',
  '8/11/52': 'f8',
}

/** The axes of a dataset; none for a single number. */
export function parseDataspace(storage: Hdf5Storage, cursor: Cursor): number[] {
  const version = cursor.u8()
  const rank = cursor.u8()
  cursor.skip(1)
  if (version === 1) cursor.skip(5)
  else if (version === 2) {
    // 2: no elements at all.
    if (cursor.u8() === 2) return [0]
  } else throw storage.corrupt('a dataset has a shape of an unknown version')
  return Array.from({ length: rank }, () => cursor.length())
}
