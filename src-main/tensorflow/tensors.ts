import { GraftError } from '../contract/errors'
import { type DType, dtypeNumbers, dtypeOf, elements } from '../graph'
import type { Binding, NativeTensor } from './binding'

/** What a tensor's elements come as. int64 may be given as 32-bit numbers, bool as 0 and 1. */
export type HostData = Float32Array | Int32Array | Uint8Array | BigInt64Array | readonly string[]

/** A tensor's value on our side. */
export interface HostTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: HostData
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const arrays = {
  float32: Float32Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const

function isStrings(data: HostData): data is readonly string[] {
  return Array.isArray(data)
}

/** int64 as tfjs-node's binding takes it: pairs of 32-bit halves, the lower one first. */
function halves(data: Int32Array | BigInt64Array): Int32Array {
  if (data instanceof BigInt64Array) return new Int32Array(data.buffer, data.byteOffset, 2 * data.length)
  const pairs = new Int32Array(2 * data.length)
  data.forEach((value, i) => {
    pairs[2 * i] = value
    pairs[2 * i + 1] = value < 0 ? -1 : 0
  })
  return pairs
}

/** What `data` cannot be fed as, in words; null where it can. */
export function misfit(dtype: DType, shape: readonly number[], data: HostData): string | null {
  const length = data.length
  if (shape.some((size) => !Number.isInteger(size) || size < 0))
    return `has no such shape as [${shape.join(', ')}]`
  if (length !== elements(shape)) return `has ${length} elements and not those of [${shape.join(', ')}]`
  if (dtype === 'string') return isStrings(data) ? null : 'must be given as texts'
  if (dtype === 'int64')
    return data instanceof Int32Array || data instanceof BigInt64Array ? null : 'must be given as integers'
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'uint8' && dtype !== 'bool')
    return `is ${dtype}, which cannot be fed: feed its bits as int32 and bitcast`
  return data instanceof arrays[dtype] ? null : `must be given as ${arrays[dtype].name}`
}

/** Makes a tensor; whoever makes it deletes it. The caller has checked that the data fit (`misfit`). */
export function createTensor(
  binding: Binding,
  dtype: DType,
  shape: readonly number[],
  data: HostData,
): number {
  const size = [...shape]
  if (isStrings(data))
    return binding.createTensor(
      size,
      dtypeNumbers.string,
      data.map((text) => encoder.encode(text)),
    )
  if (dtype !== 'int64') return createFrom(binding, size, dtype, data)
  if (data instanceof Int32Array || data instanceof BigInt64Array)
    return binding.createTensor(size, dtypeNumbers.int64, halves(data))
  throw new GraftError('internal', 'An int64 tensor must be given as integers.')
}

function createFrom(binding: Binding, shape: number[], dtype: DType, data: HostData): number {
  if (data instanceof BigInt64Array || isStrings(data))
    throw new GraftError('internal', `A ${dtype} tensor cannot be made of 64-bit integers or texts.`)
  return binding.createTensor(shape, dtypeNumbers[dtype], data)
}

/** What the binding copies. */
const fetched: ReadonlySet<DType> = new Set<DType>(['float32', 'int32', 'int64', 'bool', 'string'])

/** Copies a tensor's value out. Types that the binding cannot copy are an error; the tensor stays. */
export function readTensor(binding: Binding, tensor: NativeTensor): HostTensor {
  const dtype = dtypeOf(tensor.dtype)
  if (!fetched.has(dtype))
    throw new GraftError(
      'internal',
      `A ${dtype} tensor cannot be fetched.`,
      'Cast it, or bitcast it to int32.',
    )
  const data = binding.tensorDataSync(tensor.id)
  // Texts come as arrays of bytes.
  if (Array.isArray(data))
    return { dtype, shape: tensor.shape, data: data.map((bytes) => decoder.decode(bytes)) }
  return { dtype, shape: tensor.shape, data }
}
