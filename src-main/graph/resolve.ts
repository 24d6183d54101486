import type { AttrInput, AttrSpec, AttrValue, OpCall, OpDefinition } from './definition'
import { type DType, isDType, type TensorValue } from './dtypes'
import { GraphError } from './errors'
import type { Tensor } from './graph'
import { constantValue } from './constants'
import { showShape, unknown } from './shape'

type Inputs = readonly (Tensor | readonly Tensor[])[]
type Inferred = Map<string, AttrInput>

/** Attributes that follow from the inputs: types, and lengths of lists. Throws where inputs contradict each other. */
export function resolveTypes(what: string, definition: OpDefinition, inputs: Inputs): Inferred {
  const inferred: Inferred = new Map()
  const expressions = Object.entries(definition.inputs)
  if (expressions.length !== inputs.length)
    throw new GraphError('internal', `${what} takes ${expressions.length} inputs, not ${inputs.length}.`)

  const settle = (name: string, value: AttrInput, input: string): void => {
    const before = inferred.get(name)
    if (before !== undefined && before !== value)
      throw new GraphError(
        'internal',
        `${what}: input "${input}" makes ${name} ${String(value)}, not ${String(before)}.`,
      )
    inferred.set(name, value)
  }
  const one = (expression: string, tensor: Tensor, input: string): void => {
    if (!isDType(expression)) settle(expression, tensor.dtype, input)
    else if (tensor.dtype !== expression)
      throw new GraphError(
        'internal',
        `${what}: input "${input}" must be ${expression}, not ${tensor.dtype}.`,
      )
  }

  expressions.forEach(([input, expression], i) => {
    const given = inputs[i]
    const list = expression.startsWith('[') || expression.includes('*')
    if (given === undefined || isList(given) !== list)
      throw new GraphError('internal', `${what}: input "${input}" takes ${list ? 'a list' : 'one tensor'}.`)
    if (!isList(given)) return one(expression, given, input)
    if (expression.startsWith('[')) {
      inferred.set(
        expression.slice(1, -1),
        given.map((tensor) => tensor.dtype),
      )
      return
    }
    const [length = '', type = ''] = expression.split('*')
    settle(length, given.length, input)
    for (const tensor of given) one(type, tensor, input)
  })
  return inferred
}

function isList(input: Tensor | readonly Tensor[]): input is readonly Tensor[] {
  return Array.isArray(input)
}

/** All attributes of the node: given, inferred, or TensorFlow's default. */
export function resolveAttributes(
  what: string,
  definition: OpDefinition,
  inferred: Inferred,
  given: Readonly<Record<string, AttrInput | undefined>>,
): Map<string, AttrValue> {
  const specs = definition.attrs ?? {}
  for (const name of Object.keys(given))
    if (!specs[name])
      throw new GraphError(
        'internal',
        `${what} has no attribute "${name}".`,
        `It has: ${Object.keys(specs).join(', ')}.`,
      )
  const values = new Map<string, AttrValue>()
  for (const [name, spec] of Object.entries(specs)) {
    const fromInputs = inferred.get(name)
    const set = given[name]
    if (fromInputs !== undefined && set !== undefined && fromInputs !== set)
      throw new GraphError('internal', `${what}: ${name} follows from the inputs (${String(fromInputs)}).`)
    const value = set ?? fromInputs ?? spec.fallback
    // A shape may be null (unknown rank), which `??` cannot tell from nothing.
    const chosen =
      set === null || (value === undefined && 'fallback' in spec && spec.fallback === null) ? null : value
    if (chosen === undefined) throw new GraphError('internal', `${what}: attribute "${name}" is required.`)
    values.set(name, coerce(`${what}: attribute "${name}"`, spec, chosen))
  }
  return values
}

function isTensorValue(value: AttrInput): value is TensorValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Gives a value the kind of its definition; TensorFlow does not notice most confusions. */
function coerce(what: string, spec: AttrSpec, value: AttrInput): AttrValue {
  const wrong = (): never => {
    throw new GraphError('internal', `${what} must be of kind ${spec.kind}, not ${JSON.stringify(value)}.`)
  }
  if (spec.allowed && !(typeof value === 'string' && spec.allowed.includes(value)))
    throw new GraphError(
      'internal',
      `${what} must be one of ${spec.allowed.join(', ')}, not ${String(value)}.`,
    )
  switch (spec.kind) {
    case 'type':
      return typeof value === 'string' && isDType(value) ? { kind: 'type', value } : wrong()
    case 'int':
      return typeof value === 'number' && Number.isSafeInteger(value) ? { kind: 'int', value } : wrong()
    case 'float':
      return typeof value === 'number' ? { kind: 'float', value } : wrong()
    case 'bool':
      return typeof value === 'boolean' ? { kind: 'bool', value } : wrong()
    case 'string':
      return typeof value === 'string' ? { kind: 'string', value } : wrong()
    case 'tensor':
      return isTensorValue(value) ? { kind: 'tensor', value } : wrong()
    case 'shape':
      return value === null
        ? { kind: 'shape', value: null }
        : { kind: 'shape', value: numbers(value) ?? wrong() }
    case 'ints':
      return { kind: 'ints', value: numbers(value) ?? wrong() }
    case 'strings':
      return { kind: 'strings', value: strings(value) ?? wrong() }
    case 'types':
      return {
        kind: 'types',
        value: (strings(value) ?? wrong()).map((name) => (isDType(name) ? name : wrong())),
      }
  }
}

function numbers(value: AttrInput): readonly number[] | null {
  if (!Array.isArray(value)) return null
  const result: number[] = []
  for (const item of value) if (typeof item === 'number' && Number.isSafeInteger(item)) result.push(item)
  return result.length === value.length ? result : null
}

function strings(value: AttrInput): readonly string[] | null {
  if (!Array.isArray(value)) return null
  const result: string[] = []
  for (const item of value) if (typeof item === 'string') result.push(item)
  return result.length === value.length ? result : null
}

/** The data types of the outputs, lists expanded. */
export function resolveOutputs(
  what: string,
  definition: OpDefinition,
  attrs: ReadonlyMap<string, AttrValue>,
): readonly DType[] {
  const type = (expression: string): DType => {
    if (isDType(expression)) return expression
    const value = attrs.get(expression)
    if (value?.kind !== 'type')
      throw new GraphError('internal', `${what}: no type attribute "${expression}".`)
    return value.value
  }
  return Object.values(definition.outputs).flatMap((expression): readonly DType[] => {
    if (expression.startsWith('[')) {
      const list = attrs.get(expression.slice(1, -1))
      if (list?.kind !== 'types')
        throw new GraphError('internal', `${what}: no list of types for ${expression}.`)
      return list.value
    }
    const [length = '', element] = expression.split('*')
    if (element === undefined) return [type(expression)]
    const count = attrs.get(length)
    if (count?.kind !== 'int') throw new GraphError('internal', `${what}: no length attribute "${length}".`)
    return Array.from({ length: count.value }, () => type(element))
  })
}

/** The view of a node under construction that shape inference gets. */
export function call(what: string, inputs: readonly Tensor[], attrs: ReadonlyMap<string, AttrValue>): OpCall {
  const fail = (message: string, hint = ''): never => {
    throw new GraphError('shape-mismatch', `${what}: ${message}`, hint)
  }
  const shape = (i: number) => inputs[i]?.shape ?? null
  const missing = (name: string): never => {
    throw new GraphError('internal', `${what}: no attribute "${name}" of that kind.`)
  }
  return {
    what,
    inputs,
    shape,
    fail,
    ranked(i, rank) {
      const found = shape(i)
      if (!found) return Array.from({ length: rank }, () => unknown)
      if (found.length !== rank) fail(`input ${i} has shape ${showShape(found)}, and must have rank ${rank}.`)
      return found
    },
    constant: (i) => {
      const input = inputs[i]
      return input ? constantValue(input) : null
    },
    int(name) {
      const value = attrs.get(name)
      return value?.kind === 'int' ? value.value : missing(name)
    },
    bool(name) {
      const value = attrs.get(name)
      return value?.kind === 'bool' ? value.value : missing(name)
    },
    ints(name) {
      const value = attrs.get(name)
      return value?.kind === 'ints' ? value.value : missing(name)
    },
    string(name) {
      const value = attrs.get(name)
      return value?.kind === 'string' ? value.value : missing(name)
    },
    type(name) {
      const value = attrs.get(name)
      return value?.kind === 'type' ? value.value : missing(name)
    },
    types(name) {
      const value = attrs.get(name)
      return value?.kind === 'types' ? value.value : missing(name)
    },
    shapeAttr(name) {
      const value = attrs.get(name)
      return value?.kind === 'shape' ? value.value : missing(name)
    },
    tensorAttr(name) {
      const value = attrs.get(name)
      return value?.kind === 'tensor' ? value.value : missing(name)
    },
  }
}
