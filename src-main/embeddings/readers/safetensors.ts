import { GraftError } from '../../contract/errors'
import { elementType } from './elements'
import { readKeyArray } from './keyArrays'
import { guessField, namedField } from './keyFields'
import { rowMajor, withKeys } from './rows'
import {
  shapeProblem,
  usableArray,
  type OpenOptions,
  type VectorArray,
  type VectorFile,
  type VectorReader,
} from './reader'
import { FileSource } from './source'

/**
 * The safetensors format: the header's length (8 bytes, little-endian), the header (JSON: for each tensor its type, shape
 * and place), then the tensors, little-endian in C order. https://huggingface.co/docs/safetensors
 */

/** The format's own limit. */
const maxHeaderBytes = 100_000_000

/** The format's type names and our elements'. */
const types: Readonly<Record<string, string>> = {
  F16: 'f2',
  F32: 'f4',
  F64: 'f8',
  BF16: 'V2',
  I8: 'i1',
  I16: 'i2',
  I32: 'i4',
  I64: 'i8',
  U8: 'u1',
  U16: 'u2',
  U32: 'u4',
  U64: 'u8',
  BOOL: 'b1',
}

interface Tensor {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  /** Where its bytes begin and end, counted from the end of the header. */
  readonly begin: number
  readonly end: number
}

function corrupt(path: string, why: string): GraftError {
  return new GraftError(
    'invalid-file',
    `${path} is not a readable safetensors file: ${why}.`,
    'Copy or download the file again, or save it again with safetensors.',
  )
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

function parseTensor(path: string, name: string, entry: unknown, dataBytes: number): Tensor {
  if (typeof entry !== 'object' || entry === null) throw corrupt(path, `'${name}' is not described`)
  const facts = new Map<string, unknown>(Object.entries(entry))
  const dtype = facts.get('dtype')
  const shape: unknown = facts.get('shape')
  const offsets: unknown = facts.get('data_offsets')
  if (typeof dtype !== 'string') throw corrupt(path, `'${name}' has no type`)
  if (!Array.isArray(shape) || !shape.every(isCount)) throw corrupt(path, `'${name}' has no shape`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw corrupt(path, `'${name}' has no place`)
  }
  const [begin = 0, end = 0] = offsets
  if (begin > end || end > dataBytes) {
    throw corrupt(path, `'${name}' lies at bytes ${begin} to ${end}, and there are ${dataBytes}`)
  }
  const element = elementType(types[dtype] ?? '')
  const expected = shape.reduce((product, axis) => product * axis, element?.bytes ?? 0)
  if (element && expected !== end - begin) {
    throw corrupt(
      path,
      `'${name}' has the shape (${shape.join(', ')}), which does not fit its ${end - begin} bytes`,
    )
  }
  return { name, dtype, shape, begin, end }
}

interface Header {
  readonly tensors: readonly Tensor[]
  readonly dataOffset: number
  /** Keys of text, which the format has no tensors for: a list in JSON among the metadata. */
  readonly textKeys: readonly string[] | null
}

/** What the metadata's `keys` hold where they are a list of texts. */
function parseTextKeys(metadata: unknown): string[] | null {
  if (typeof metadata !== 'object' || metadata === null) return null
  const keys: unknown = new Map<string, unknown>(Object.entries(metadata)).get('keys')
  if (typeof keys !== 'string' || !keys.startsWith('[')) return null
  try {
    const list: unknown = JSON.parse(keys)
    return Array.isArray(list) && list.every((key): key is string => typeof key === 'string') ? list : null
  } catch {
    return null
  }
}

async function readHeader(source: FileSource, path: string): Promise<Header> {
  if (source.size < 8) throw corrupt(path, 'it is too short')
  const size = new Uint8Array(8)
  await source.read(size, 0)
  const announced = new DataView(size.buffer).getBigUint64(0, true)
  if (announced > BigInt(Math.min(maxHeaderBytes, source.size - 8))) {
    throw corrupt(path, `a header of ${announced.toLocaleString('en-US')} bytes is announced`)
  }
  const text = new Uint8Array(Number(announced))
  await source.read(text, 8)
  const dataOffset = 8 + text.length
  let header: unknown
  try {
    header = JSON.parse(Buffer.from(text).toString('utf8'))
  } catch {
    throw corrupt(path, 'its header is not JSON')
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw corrupt(path, 'its header is no table')
  const entries = Object.entries(header)
  const tensors = entries
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => parseTensor(path, name, entry, source.size - dataOffset))
  const metadata: unknown = entries.find(([name]) => name === '__metadata__')?.[1]
  return { tensors, dataOffset, textKeys: parseTextKeys(metadata) }
}

function sniff(head: Uint8Array): boolean {
  if (head.length < 10 || head[8] !== 0x7b) return false
  const announced = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true)
  return announced >= 2n && announced <= BigInt(maxHeaderBytes)
}

function describe(path: string, tensor: Tensor, keyRows: number | null): VectorArray {
  const { name, shape } = tensor
  const element = elementType(types[tensor.dtype] ?? '')
  const dtype = element?.name ?? tensor.dtype
  const unsupported = new GraftError(
    'unsupported-file',
    `'${name}' of ${path} holds elements of type ${tensor.dtype}, which are not read.`,
    'Save it as F32, F16 or BF16.',
    { dtype },
  )
  const problem = element ? shapeProblem(path, name, shape) : unsupported
  return { name, dtype, shape, keyed: keyRows !== null && shape[0] === keyRows && problem === null, problem }
}

/** The tensor that holds the keys: one axis, integers or floats. */
function chooseKey(path: string, tensors: readonly Tensor[], options: OpenOptions): Tensor | null {
  const fields = tensors.filter(({ shape, dtype }) => shape.length === 1 && types[dtype] !== undefined)
  const names = fields.map(({ name }) => name)
  const name =
    options.key === undefined
      ? guessField(
          names.map((field) => ({ name: field, text: false })),
          options,
        )
      : namedField(path, names, options.key)
  return fields.find((tensor) => tensor.name === name) ?? null
}

async function openSafetensors(source: FileSource, path: string, options: OpenOptions): Promise<VectorFile> {
  const { tensors, dataOffset, textKeys } = await readHeader(source, path)
  const inMetadata = textKeys !== null && (options.key === undefined || options.key === 'keys')
  const key = inMetadata ? null : chooseKey(path, tensors, options)
  const keyRows = inMetadata ? textKeys.length : (key?.shape[0] ?? null)
  const arrays = tensors.map((tensor) => describe(path, tensor, keyRows))
  return {
    path,
    format: 'safetensors',
    bytes: source.size,
    arrays,
    keyFields: [
      ...(textKeys ? ['keys'] : []),
      ...tensors.filter(({ shape }) => shape.length === 1).map(({ name }) => name),
    ],
    keyField: inMetadata ? 'keys' : (key?.name ?? null),
    async *read(name) {
      const array = usableArray({ path, arrays }, name)
      const tensor = tensors.find((candidate) => candidate.name === name)
      const element = elementType(types[tensor?.dtype ?? ''] ?? '')
      if (!tensor || !element)
        throw new GraftError('internal', `${path} lists '${name}' and does not hold it.`)
      const [rows = 0, width = 0] = tensor.shape
      const layout = { element, rows, width, littleEndian: true, dataOffset: dataOffset + tensor.begin }
      const keyElement = elementType(types[key?.dtype ?? ''] ?? '')
      const ownKeys =
        array.keyed && key && keyElement
          ? await readKeyArray(source, {
              type: { kind: 'number', element: keyElement },
              rows,
              littleEndian: true,
              dataOffset: dataOffset + key.begin,
            })
          : null
      yield* withKeys(rowMajor(source, layout), array.keyed && inMetadata ? textKeys : ownKeys)
    },
    sha256: (signal) => source.sha256(signal),
    close: () => source.close(),
  }
}

export const safetensorsReader: VectorReader = {
  format: 'safetensors',
  extensions: ['.safetensors'],
  sniff,
  async open(path, options = {}) {
    const source = await FileSource.open(path, options.digest)
    try {
      return await openSafetensors(source, path, options)
    } catch (error) {
      await source.close()
      throw error
    }
  },
}
