import { GraphError } from './errors'

/**
 * A tensor's shape. A size of 0 or more is known; −1 is unknown; −2 and below are unknown sizes with a name
 * (`Graph.dimension`), equal to themselves: two tensors of `[batch, 8]` need no reduction at run time to find out whether
 * one of them was broadcast. `null` is an unknown rank.
 */
export type Shape = readonly number[] | null

export const unknown = -1

/** Whether two sizes are certain to be equal. */
export function sameSize(a: number, b: number): boolean {
  return a === b && a !== unknown
}

/** Whether two shapes are certain to be equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return !!a && !!b && a.length === b.length && a.every((size, i) => sameSize(size, b[i] ?? unknown))
}

export function isKnown(shape: Shape): shape is readonly number[] {
  return !!shape && shape.every((size) => size >= 0)
}

export function showShape(shape: Shape): string {
  return shape ? `[${shape.map((size) => (size < 0 ? '?' : size)).join(', ')}]` : '[unknown rank]'
}

/** Elements of a shape whose sizes are all known. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** The size that both must have where they are the same axis; throws where they cannot agree. */
export function mergeSize(a: number, b: number, what: string): number {
  if (a === b) return a
  if (a >= 0 && b >= 0)
    throw new GraphError(
      'shape-mismatch',
      `${what}: sizes ${a} and ${b} do not fit.`,
      'Give both the same size.',
    )
  if (a === unknown) return b
  if (b === unknown) return a
  return a >= 0 ? a : b // a known size says more than a name
}

/** The shape that both must have; throws where they cannot agree. */
export function mergeShape(a: Shape, b: Shape, what: string): Shape {
  if (!a) return b
  if (!b) return a
  if (a.length !== b.length)
    throw new GraphError(
      'shape-mismatch',
      `${what}: shapes ${showShape(a)} and ${showShape(b)} differ in rank.`,
    )
  return a.map((size, i) => mergeSize(size, b[i] ?? unknown, what))
}

/** NumPy's broadcasting: axes are aligned at the end, a size of 1 stretches. */
export function broadcastShape(a: Shape, b: Shape, what: string): Shape {
  if (!a || !b) return null
  const rank = Math.max(a.length, b.length)
  const result: number[] = []
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1
    const y = b[b.length - rank + i] ?? 1
    if (x === 1) result.push(y)
    else if (y === 1) result.push(x)
    else if (x >= 0 && y >= 0 && x !== y)
      throw new GraphError(
        'shape-mismatch',
        `${what}: shapes ${showShape(a)} and ${showShape(b)} cannot be broadcast together (${x} against ${y}).`,
        'Sizes of one axis must be equal, or one of them 1.',
      )
    // A known size other than 1 wins over an unknown one, which can then only be 1 or that size.
    else if (x >= 0) result.push(x)
    else if (y >= 0) result.push(y)
    else result.push(x === y ? x : unknown)
  }
  return result
}

/** An axis counted from the start; throws where it is out of range. */
export function normalizeAxis(axis: number, rank: number, what: string): number {
  const positive = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank)
    throw new GraphError('shape-mismatch', `${what}: axis ${axis} is out of range for rank ${rank}.`)
  return positive
}
