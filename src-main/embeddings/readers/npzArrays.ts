import { GraftError } from '../../contract/errors'
import { openNpz } from './npz'

/** An array of any number of axes, converted to float32. */
export interface FloatArray {
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/**
 * All arrays of an `.npz`, whole: for a model's weights, biases and all. Files of vectors go through `openVectorFile`, which
 * streams.
 * @throws GraftError as the reader does
 */
export async function readNpzArrays(path: string): Promise<Map<string, FloatArray>> {
  const archive = await openNpz(path)
  try {
    const arrays = new Map<string, FloatArray>()
    for (const [name, member] of archive.members) {
      const { shape, fortranOrder } = member.array.header
      if (fortranOrder && shape.length > 2) {
        throw new GraftError(
          'unsupported-file',
          `Array '${name}' of ${path} has ${shape.length} axes in Fortran order.`,
          'Save it with numpy.ascontiguousarray(array).',
        )
      }
      const elements = shape.reduce((product, axis) => product * axis, 1)
      const values = new Float32Array(elements)
      // Whatever its axes, an array in C order is a table of its first axis by all the others.
      const rows = shape.length < 2 ? 1 : (shape[0] ?? 1)
      const flat = { ...member.array, problem: member.array.header.problem }
      const table = {
        ...member,
        array: { ...flat, header: { ...flat.header, shape: [rows, rows === 0 ? 0 : elements / rows] } },
      }
      if (elements > 0)
        for await (const block of archive.read(table))
          values.set(block.rows, block.firstRow * (elements / rows))
      arrays.set(name, { shape, values })
    }
    return arrays
  } finally {
    archive.close()
  }
}
