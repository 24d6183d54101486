import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { GraftError, toGraftError } from '../../contract/errors'
import { hashFile } from '../hash'
import { elementType } from './elements'
import { refuseNamedKey } from './keyFields'
import { shapeProblem, usableArray, type RowBlock, type VectorArray, type VectorReader } from './reader'
import { rowMajor } from './rows'
import { FileSource } from './source'
import { Cursor, readTable } from './sstable'

/**
 * TensorFlow's checkpoints (tensor bundles), which SavedModels keep their variables in too: an index from names to types,
 * shapes and places, and the numbers in files of their own beside it.
 * tensorflow/core/protobuf/tensor_bundle.proto, tensorflow/core/framework/types.proto
 */

/** DataType of types.proto and our elements'. */
const types: Readonly<Record<number, string>> = {
  1: 'f4',
  2: 'f8',
  3: 'i4',
  4: 'u1',
  5: 'i2',
  6: 'i1',
  9: 'i8',
  10: 'b1',
  14: 'V2',
  17: 'u2',
  19: 'f2',
  22: 'u4',
  23: 'u8',
}

interface Tensor {
  readonly name: string
  readonly dtype: number
  readonly shape: readonly number[]
  readonly shard: number
  readonly offset: number
  readonly size: number
  /** Whether it is stored in several slices. */
  readonly sliced: boolean
}

/** The fields of a protocol buffer: numbers and bytes by field number, the last one counting. */
interface Message {
  readonly numbers: ReadonlyMap<number, number>
  readonly texts: ReadonlyMap<number, readonly Uint8Array[]>
}

function corrupt(path: string, why: string): GraftError {
  return new GraftError(
    'invalid-file',
    `${path} is not a readable checkpoint index: ${why}.`,
    'Copy or save it again.',
  )
}

function parseMessage(bytes: Uint8Array, path: string): Message {
  const cursor = new Cursor(bytes, (why) => corrupt(path, why))
  const numbers = new Map<number, number>()
  const texts = new Map<number, Uint8Array[]>()
  while (!cursor.ended) {
    const tag = cursor.varint()
    const field = Math.floor(tag / 8)
    const wire = tag % 8
    if (wire === 0) numbers.set(field, cursor.varint())
    else if (wire === 1) cursor.take(8)
    else if (wire === 2) texts.set(field, [...(texts.get(field) ?? []), cursor.take(cursor.varint())])
    else if (wire === 5) cursor.take(4)
    else throw corrupt(path, `an entry has a field of kind ${wire}`)
  }
  return { numbers, texts }
}

/** BundleEntryProto. */
function parseEntry(name: string, value: Uint8Array, path: string): Tensor {
  const { numbers, texts } = parseMessage(value, path)
  const [shapeBytes] = texts.get(2) ?? []
  const axes = shapeBytes ? (parseMessage(shapeBytes, path).texts.get(2) ?? []) : []
  return {
    name,
    dtype: numbers.get(1) ?? 0,
    // An axis of length 0 is left out by protobuf.
    shape: axes.map((axis) => parseMessage(axis, path).numbers.get(1) ?? 0),
    shard: numbers.get(3) ?? 0,
    offset: numbers.get(4) ?? 0,
    size: numbers.get(5) ?? 0,
    sliced: texts.has(7),
  }
}

interface Checkpoint {
  readonly path: string
  readonly shards: number
  readonly littleEndian: boolean
  readonly tensors: readonly Tensor[]
}

async function readIndex(path: string): Promise<{ checkpoint: Checkpoint; bytes: number }> {
  const source = await FileSource.open(path)
  try {
    const [header, ...entries] = await readTable(source)
    // BundleHeaderProto has the empty key.
    if (!header || header.key !== '') throw corrupt(path, 'it has no header')
    const facts = parseMessage(header.value, path).numbers
    const tensors = entries
      // Keras and tf.train.Checkpoint save text and book-keeping beside the variables.
      .map(({ key, value }) => parseEntry(key, value, path))
      .filter(({ dtype }) => types[dtype] !== undefined)
    const checkpoint = { path, shards: facts.get(1) ?? 1, littleEndian: (facts.get(2) ?? 0) === 0, tensors }
    return { checkpoint, bytes: source.size }
  } finally {
    await source.close()
  }
}

function shardPath({ path, shards }: Checkpoint, shard: number): string {
  const five = (value: number): string => String(value).padStart(5, '0')
  return `${path.slice(0, -'.index'.length)}.data-${five(shard)}-of-${five(shards)}`
}

function describe(checkpoint: Checkpoint, tensor: Tensor): VectorArray {
  const { path } = checkpoint
  const { name, shape, sliced, size } = tensor
  const element = elementType(types[tensor.dtype] ?? '')
  const dtype = element?.name ?? String(tensor.dtype)
  const bytes = shape.reduce((product, axis) => product * axis, element?.bytes ?? 0)
  const inSlices = new GraftError(
    'unsupported-file',
    `'${name}' of ${path} is stored in several slices, which are not put together.`,
    'Save it in one piece.',
  )
  const lies = corrupt(
    path,
    `'${name}' has the shape (${shape.join(', ')}), which does not fit its ${size} bytes`,
  )
  const problem = sliced ? inSlices : (shapeProblem(path, name, shape) ?? (bytes === size ? null : lies))
  return { name, dtype, shape, keyed: false, problem }
}

async function* readTensor(checkpoint: Checkpoint, tensor: Tensor): AsyncGenerator<RowBlock> {
  const element = elementType(types[tensor.dtype] ?? '')
  if (!element) throw new GraftError('internal', `'${tensor.name}' has no element type and no problem.`)
  const path = shardPath(checkpoint, tensor.shard)
  const source = await FileSource.open(path).catch((error: unknown) => {
    const failure = toGraftError(error)
    if (failure.code !== 'not-found') throw failure
    throw new GraftError(
      'not-found',
      `${basename(checkpoint.path)} belongs to ${path}, which is not there.`,
      'Keep the files of a checkpoint together.',
    )
  })
  try {
    const [rows = 0, width = 0] = tensor.shape
    const { littleEndian } = checkpoint
    yield* rowMajor(source, { element, rows, width, littleEndian, dataOffset: tensor.offset })
  } finally {
    await source.close()
  }
}

/** The index of a checkpoint or of a SavedModel's variables; the numbers lie beside it. */
export const checkpointReader: VectorReader = {
  format: 'tensorflow-checkpoint',
  extensions: ['.index'],
  // Its mark is at the end of the file: the name has to do.
  sniff: () => false,
  async open(path, options = {}) {
    refuseNamedKey(path, 'TensorFlow checkpoint', options)
    const { checkpoint, bytes } = await readIndex(path)
    let total = bytes
    for (let shard = 0; shard < Math.min(checkpoint.shards, 10_000); shard++) {
      total += await stat(shardPath(checkpoint, shard)).then(
        ({ size }) => size,
        () => 0,
      )
    }
    const arrays = checkpoint.tensors.map((tensor) => describe(checkpoint, tensor))
    return {
      path,
      format: 'tensorflow-checkpoint',
      bytes: total,
      arrays,
      keyFields: [],
      keyField: null,
      read(name) {
        usableArray({ path, arrays }, name)
        const tensor = checkpoint.tensors.find((candidate) => candidate.name === name)
        if (!tensor) throw new GraftError('internal', `${path} lists '${name}' and does not hold it.`)
        return readTensor(checkpoint, tensor)
      },
      sha256: (signal) => hashFile(path, signal),
      close: async () => undefined,
    }
  },
}
