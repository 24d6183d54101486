import type { OpCall } from '../definition'
import {
  broadcastShape,
  elements,
  isKnown,
  mergeShape,
  normalizeAxis,
  type Shape,
  showShape,
  unknown,
} from '../shape'

/** Shape functions that several ops share. Each returns the shapes of all outputs. */
type Infer = (call: OpCall) => readonly Shape[]

export const same: Infer = (call) => [call.shape(0)]
export const none: Infer = () => []
export const scalar: Infer = () => [[]]

export const broadcast: Infer = (call) => [broadcastShape(call.shape(0), call.shape(1), call.what)]

/** All inputs have one shape, which is the output's. */
export const merged: Infer = (call) => [
  call.inputs.reduce<Shape>((shape, input) => mergeShape(shape, input.shape, call.what), null),
]

/** input, axes → the axes left out, or kept with size 1. */
export const reduced: Infer = (call) => {
  const shape = call.shape(0)
  const axes = call.constant(1)
  const keep = call.bool('keep_dims')
  if (!shape) return [null]
  if (!axes) return [keep ? shape.map(() => unknown) : null]
  const reducedAxes = new Set(axes.map((axis) => normalizeAxis(axis, shape.length, call.what)))
  return [
    keep
      ? shape.map((size, i) => (reducedAxes.has(i) ? 1 : size))
      : shape.filter((_, i) => !reducedAxes.has(i)),
  ]
}

/** input, axis (scalar) → without that axis. */
export const withoutAxis: Infer = (call) => {
  const shape = call.shape(0)
  const axis = call.constant(1)?.[0]
  if (!shape) return [null]
  if (axis === undefined) return [shape.slice(1).map(() => unknown)]
  const positive = normalizeAxis(axis, shape.length, call.what)
  return [shape.filter((_, i) => i !== positive)]
}

/** The shape that input i spells out, as far as it is known. */
export function shapeFrom(call: OpCall, i: number): Shape {
  const value = call.constant(i)
  if (value) return value
  const rank = call.ranked(i, 1)[0] ?? unknown
  return rank >= 0 ? Array.from({ length: rank }, () => unknown) : null
}

/** A product of sizes where at most one is not known; `null` where it says nothing. */
function product(sizes: readonly number[]): { known: number; names: number[] } | null {
  const names = sizes.filter((size) => size < 0).sort()
  return names.includes(unknown) ? null : { known: elements(sizes.filter((size) => size >= 0)), names }
}

/** tensor, shape → that shape, with one −1 worked out where it can be. */
export const reshaped: Infer = (call) => {
  const target = shapeFrom(call, 1)
  const source = call.shape(0)
  if (!target) return [null]
  const free = target.filter((size) => size === unknown).length
  const isConst = call.inputs[1]?.node.op === 'Const'
  if (!source || free > 1) return [target]
  if (isKnown(source) && isKnown(target) && elements(source) !== elements(target))
    call.fail(`cannot make ${showShape(target)} of ${showShape(source)}: ${elements(source)} elements.`)
  if (free !== 1 || !isConst) return [target]
  // Exactly one size is open, as TensorFlow's reshape allows: it takes what the others leave.
  const all = product(source)
  const rest = product(target.filter((size) => size !== unknown))
  if (!all || !rest) return [target]
  const names = [...all.names]
  for (const name of rest.names) {
    const at = names.indexOf(name)
    if (at < 0) return [target]
    names.splice(at, 1)
  }
  if (names.length === 0) {
    if (rest.known === 0 || all.known % rest.known !== 0)
      call.fail(`cannot make ${showShape(target)} of ${showShape(source)}.`)
    return [target.map((size) => (size === unknown ? all.known / rest.known : size))]
  }
  const [name] = names
  if (names.length === 1 && name !== undefined && all.known === rest.known)
    return [target.map((size) => (size === unknown ? name : size))]
  return [target]
}
