import { GraphError } from './errors'

/** TensorFlow's DataType enumeration (tensorflow/core/framework/types.proto), as far as we use it. */
export const dtypeNumbers = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  float16: 19,
  resource: 20,
} as const

export type DType = keyof typeof dtypeNumbers

/** Bytes of one element; 0 where an element has no fixed size. */
export const dtypeBytes: Record<DType, number> = {
  float32: 4,
  float64: 8,
  int32: 4,
  uint8: 1,
  int16: 2,
  int8: 1,
  string: 0,
  int64: 8,
  bool: 1,
  bfloat16: 2,
  float16: 2,
  resource: 0,
}

const namesByNumber = new Map<number, DType>()
for (const name of Object.keys(dtypeNumbers)) if (isDType(name)) namesByNumber.set(dtypeNumbers[name], name)

export function isDType(name: string): name is DType {
  return Object.prototype.hasOwnProperty.call(dtypeNumbers, name)
}

/** The name of a DataType number; throws for a type that we do not use. */
export function dtypeOf(number: number): DType {
  const name = namesByNumber.get(number)
  if (!name) throw new GraphError('internal', `TensorFlow's data type ${number} is not supported.`)
  return name
}

export const floatTypes: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16']
export const numberTypes: readonly DType[] = [...floatTypes, 'int32', 'int64', 'uint8', 'int16', 'int8']
/** Numbers of either sign for which all of TensorFlow's arithmetic has kernels. */
export const signedTypes: readonly DType[] = [...floatTypes, 'int32', 'int64']
export const indexTypes: readonly DType[] = ['int32', 'int64']

export function isFloat(dtype: DType): boolean {
  return floatTypes.includes(dtype)
}

/** The typed arrays that hold a tensor's elements in JavaScript; bool and uint8 share Uint8Array. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint8Array
  | Int16Array
  | Int8Array
  | BigInt64Array
  | readonly string[]

/** A tensor's value outside of any graph: what a Const holds. */
export interface TensorValue {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: TensorData
}
