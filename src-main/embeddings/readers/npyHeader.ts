import { GraftError } from '../../contract/errors'
import { elementType, type ElementType } from './elements'
import { LiteralError, parsePythonLiteral, type PythonValue } from './pythonLiteral'

/**
 * The `.npy` format, versions 1.0 to 3.0: `\x93NUMPY`, two version bytes, the header's length (2 bytes, from version 2
 * on 4; little-endian), the header (a Python dictionary; latin-1, in version 3 UTF-8), then the elements.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export const npyMagic = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)

/** Bytes before the header's text, at most: magic, version, a length of four bytes. */
export const npyPreambleBytes = 12

/** numpy itself refuses headers past 10,000 characters unless told otherwise; a header of vectors has about 120. */
const maxHeaderBytes = 65_536

export interface NpyPreamble {
  readonly version: number
  /** Where the header's text begins and how long it is. */
  readonly headerStart: number
  readonly headerBytes: number
}

export interface NpyHeader {
  /** The type as numpy names it, also where it cannot be read as vectors. */
  readonly dtype: string
  readonly shape: readonly number[]
  readonly fortranOrder: boolean
  readonly littleEndian: boolean
  /** Null where elements of this type are no numbers, or unsafe to read; `problem` then says why. */
  readonly element: ElementType | null
  readonly problem: GraftError | null
}

export function isNpy(head: Uint8Array): boolean {
  return npyMagic.every((byte, i) => head[i] === byte)
}

/** Whether bytes begin as Python's pickle protocols 2 to 5 do; `numpy.save` of objects and `.pkl` files hold those. */
export function isPickle(head: Uint8Array): boolean {
  const [protocol, version, opcode] = head
  if (protocol !== 0x80 || version === undefined || version < 2 || version > 5) return false
  // Protocol 4 and 5 continue with a frame; 2 and 3 with any opcode, which are printable but for a few.
  return version < 4 || opcode === 0x95
}

export function unsafePickle(name: string, what: string): GraftError {
  return new GraftError(
    'unsafe-file',
    `${name} ${what}, and reading a pickle can run any code that its author put there.`,
    'Save the vectors as plain numbers: numpy.save(path, array.astype("float32"), allow_pickle=False).',
  )
}

function invalid(name: string, why: string): GraftError {
  return new GraftError(
    'invalid-file',
    `${name} is not a readable .npy file: ${why}.`,
    'Save it again with numpy.save.',
  )
}

/** Reads what precedes the header. `bytes` holds the first `npyPreambleBytes` of the file, or all of a shorter one. */
export function parseNpyPreamble(bytes: Uint8Array, name: string): NpyPreamble {
  if (!isNpy(bytes)) {
    throw isPickle(bytes)
      ? unsafePickle(name, 'is a Python pickle')
      : invalid(name, 'its first bytes are others')
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = bytes[6] ?? 0
  if (version < 1 || version > 3) throw invalid(name, `version ${version} of the format is unknown`)
  const headerStart = version === 1 ? 10 : 12
  if (bytes.length < headerStart) throw invalid(name, 'it ends in the middle of the header')
  const headerBytes = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (headerBytes > maxHeaderBytes) {
    throw invalid(name, `a header of ${headerBytes.toLocaleString('en-US')} bytes is announced`)
  }
  return { version, headerStart, headerBytes }
}

/** Reads the header's text. Nothing is evaluated. */
export function parseNpyHeader(bytes: Uint8Array, version: number, name: string): NpyHeader {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    version === 3 ? 'utf8' : 'latin1',
  )
  let header: PythonValue
  try {
    header = parsePythonLiteral(text)
  } catch (error) {
    if (error instanceof LiteralError) throw invalid(name, `its header has ${error.message}`)
    throw error
  }
  if (!(header instanceof Map)) throw invalid(name, 'its header is not a dictionary')
  const fortranOrder = header.get('fortran_order')
  if (typeof fortranOrder !== 'boolean') throw invalid(name, "its header has no 'fortran_order'")
  const descr = header.get('descr')
  if (descr === undefined) throw invalid(name, "its header has no 'descr'")
  return { shape: shapeOf(header.get('shape'), name), fortranOrder, ...typeOf(descr, name) }
}

function shapeOf(value: PythonValue | undefined, name: string): number[] {
  if (!Array.isArray(value)) throw invalid(name, "its header has no 'shape'")
  if (value.length > 64) throw invalid(name, `its shape has ${value.length} axes`)
  return value.map((axis) => {
    if (typeof axis !== 'number' || !Number.isSafeInteger(axis) || axis < 0) {
      throw invalid(name, `its shape holds ${String(axis)}`)
    }
    return axis
  })
}

type TypeFacts = Pick<NpyHeader, 'dtype' | 'littleEndian' | 'element' | 'problem'>

function typeOf(descr: PythonValue, name: string): TypeFacts {
  if (typeof descr !== 'string') {
    return unusable('structured', name, 'holds records of several fields')
  }
  const match = /^([<>|=]?)([A-Za-z?])(\d{0,6})(\[[^\]]*\])?$/.exec(descr)
  if (!match) throw invalid(name, `its type '${descr.slice(0, 40)}' is unknown`)
  const [, order = '', kind = '', size = ''] = match
  if (kind === 'O') {
    const problem = unsafePickle(name, 'holds Python objects')
    return { dtype: 'object', littleEndian: true, element: null, problem }
  }
  const element = elementType(kind === '?' ? 'b1' : `${kind}${size}`)
  if (!element) return unusable(descr, name, `holds elements of type '${descr}'`)
  return { dtype: element.name, littleEndian: order !== '>', element, problem: null }
}

function unusable(dtype: string, name: string, what: string): TypeFacts {
  const problem = new GraftError(
    'unsupported-file',
    `${name} ${what}, which are not vectors.`,
    'Vectors are stored as floats, integers or booleans: convert with array.astype("float32").',
    { dtype },
  )
  return { dtype, littleEndian: true, element: null, problem }
}

/**
 * The bytes of a version 1.0 header for elements in C order, padded so that the data begin at a multiple of 64:
 * TensorFlow's raw decoding and memory maps then find them aligned.
 * @param descr numpy's type text, such as `<f4`
 */
export function formatArrayHeader(descr: string, shape: readonly number[]): Uint8Array {
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${axes}), }`
  const total = Math.ceil((10 + dictionary.length + 1) / 64) * 64
  const bytes = new Uint8Array(total).fill(0x20)
  bytes.set(npyMagic)
  bytes.set([1, 0], 6)
  new DataView(bytes.buffer).setUint16(8, total - 10, true)
  bytes.set(Buffer.from(dictionary, 'latin1'), 10)
  bytes[total - 1] = 0x0a
  return bytes
}

/** The header of float32 rows, little-endian. */
export function formatNpyHeader(rows: number, width: number): Uint8Array {
  return formatArrayHeader('<f4', [rows, width])
}
