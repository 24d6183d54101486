/**
 * Element types that vectors are stored as, and their conversion to float32, the type of every table. Wider types are
 * rounded to the nearest float32; what does not fit becomes infinite, and is then refused with all that is not finite.
 */
export interface ElementType {
  /** numpy's name, such as `float16`. */
  readonly name: string
  readonly bytes: number
  /** Converts `into.length` elements from the start of `from`. */
  decode(from: Uint8Array, into: Float32Array, littleEndian: boolean): void
}

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** The bits of a float as a number and back, without allocating. */
const bits = new Uint32Array(1)
const asFloat = new Float32Array(bits.buffer)

/** IEEE 754 half precision to single: exact, subnormal numbers and NaN included. */
function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** All 65,536 halves: 256 KiB, made at the first float16 file. */
let halves: Float32Array | undefined
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 65_536 }, (_, half) => halfToFloat(half))
  return halves
}

type Getter = (view: DataView, offset: number, littleEndian: boolean) => number

function element(name: string, bytes: number, get: Getter): ElementType {
  return {
    name,
    bytes,
    decode(from, into, littleEndian) {
      const view = new DataView(from.buffer, from.byteOffset, into.length * bytes)
      for (let i = 0; i < into.length; i++) into[i] = get(view, i * bytes, littleEndian)
    },
  }
}

const float32: ElementType = {
  name: 'float32',
  bytes: 4,
  decode(from, into, littleEndian) {
    if (littleEndian === hostIsLittleEndian) {
      new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(from.subarray(0, into.byteLength))
      return
    }
    const view = new DataView(from.buffer, from.byteOffset, into.byteLength)
    for (let i = 0; i < into.length; i++) into[i] = view.getFloat32(i * 4, littleEndian)
  },
}

/** Whether elements are float32 as this machine holds them, so that nothing has to be converted. */
export function isNative(element: ElementType, littleEndian: boolean): boolean {
  return element === float32 && littleEndian === hostIsLittleEndian
}

const float16: ElementType = {
  name: 'float16',
  bytes: 2,
  decode(from, into, littleEndian) {
    const table = halfTable()
    const low = littleEndian ? 0 : 1
    for (let i = 0; i < into.length; i++) {
      into[i] = table[(from[2 * i + low] ?? 0) | ((from[2 * i + 1 - low] ?? 0) << 8)] ?? NaN
    }
  },
}

/** The upper half of a float32. */
const bfloat16 = element('bfloat16', 2, (view, offset, littleEndian) => {
  bits[0] = view.getUint16(offset, littleEndian) << 16
  return asFloat[0] ?? NaN
})

const types: Readonly<Record<string, ElementType>> = {
  f2: float16,
  f4: float32,
  f8: element('float64', 8, (view, offset, littleEndian) => view.getFloat64(offset, littleEndian)),
  i1: element('int8', 1, (view, offset) => view.getInt8(offset)),
  i2: element('int16', 2, (view, offset, littleEndian) => view.getInt16(offset, littleEndian)),
  i4: element('int32', 4, (view, offset, littleEndian) => view.getInt32(offset, littleEndian)),
  i8: element('int64', 8, (view, offset, littleEndian) => Number(view.getBigInt64(offset, littleEndian))),
  u1: element('uint8', 1, (view, offset) => view.getUint8(offset)),
  u2: element('uint16', 2, (view, offset, littleEndian) => view.getUint16(offset, littleEndian)),
  u4: element('uint32', 4, (view, offset, littleEndian) => view.getUint32(offset, littleEndian)),
  u8: element('uint64', 8, (view, offset, littleEndian) => Number(view.getBigUint64(offset, littleEndian))),
  b1: element('bool', 1, (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1)),
  // numpy has no bfloat16 of its own; ml_dtypes, which JAX and TensorFlow use, saves it as two bytes without a type.
  V2: bfloat16,
}

/** The type of a numpy kind and size such as `f4`, if vectors can be read from it. */
export function elementType(kindAndSize: string): ElementType | undefined {
  return Object.prototype.hasOwnProperty.call(types, kindAndSize) ? types[kindAndSize] : undefined
}

export const elementKinds = Object.keys(types)
