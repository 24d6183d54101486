import type { Tensor } from './graph'

/** Longest list worth following while building: shapes, axes, permutations and splits are far shorter. */
const longest = 4096

/**
 * The value of an integer tensor where it is known while building: a constant, the shape of a tensor, or a few steps of
 * arithmetic on those. Unknown sizes come as they stand in shapes (negative), null is "not known at all".
 */
export function constantValue(tensor: Tensor): readonly number[] | null {
  const { node } = tensor
  const inner = (i: number): readonly number[] | null => {
    const input = node.inputs[i]
    return input ? constantValue(input) : null
  }
  switch (node.op) {
    case 'Const': {
      const value = node.attrs.get('value')
      if (value?.kind !== 'tensor' || value.value.data.length > longest) return null
      const { data } = value.value
      if (data instanceof Int32Array) return Array.from(data)
      if (data instanceof BigInt64Array) return Array.from(data, Number)
      return null
    }
    case 'Identity':
    case 'StopGradient':
      return inner(0)
    case 'Shape':
      return node.inputs[0]?.shape ?? null
    case 'Cast':
      return tensor.dtype === 'int32' || tensor.dtype === 'int64' ? inner(0) : null
    // One size of a shape: as `sizeOf` asks for it.
    case 'Slice': {
      const [values, begin, count] = [inner(0), inner(1)?.[0], inner(2)?.[0]]
      if (!values || begin === undefined || count === undefined || node.input(0).rank !== 1) return null
      return values.slice(begin, count < 0 ? undefined : begin + count)
    }
    case 'Reshape':
      return tensor.shape?.length === 0 ? inner(0) : null
    case 'Pack': {
      const parts = node.inputs.map((input) => constantValue(input))
      const values: number[] = []
      for (const part of parts) {
        if (!part) return null
        values.push(...part)
      }
      return values
    }
    case 'ConcatV2': {
      const values: number[] = []
      for (const input of node.inputs.slice(0, -1)) {
        const part = constantValue(input)
        if (!part) return null
        values.push(...part)
      }
      return values
    }
    default:
      return null
  }
}
