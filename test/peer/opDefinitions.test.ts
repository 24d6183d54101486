import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type OpDefinition, ops } from '../../src-main/graph'
import { runPython } from './python'

const definition = z.object({
  inputs: z.record(z.string(), z.string()),
  outputs: z.record(z.string(), z.string()),
  stateful: z.boolean(),
  attrs: z.record(
    z.string(),
    z.object({ kind: z.string(), default: z.unknown().optional(), allowed: z.array(z.string()).optional() }),
  ),
})

const kinds: Record<string, string> = {
  type: 'type',
  int: 'int',
  float: 'float',
  bool: 'bool',
  string: 'string',
  shape: 'shape',
  tensor: 'tensor',
  'list(int)': 'ints',
  'list(type)': 'types',
  'list(string)': 'strings',
}

const output = await runPython(join(import.meta.dirname, 'op_definitions.py'), [], {
  input: JSON.stringify(Object.keys(ops)),
})
const theirs = z.record(z.string(), definition.nullable()).parse(JSON.parse(output))
const rows: [string, OpDefinition][] = Object.entries(ops)

/** TensorFlow ignores an attribute that it does not know, so a typing error in the table would go unnoticed elsewhere. */
describe("the op table says what TensorFlow's registry says", () => {
  test.each(rows)('%s', (name, ours) => {
    const their = theirs[name]
    if (!their) throw new Error('TensorFlow has no such op')
    expect(Object.entries(ours.inputs)).toEqual(Object.entries(their.inputs))
    expect(Object.values(ours.outputs)).toEqual(Object.values(their.outputs))
    expect(ours.stateful ?? false).toBe(their.stateful)
    const attrs = ours.attrs ?? {}
    for (const [attr, spec] of Object.entries(attrs)) {
      const known = their.attrs[attr]
      if (!known) throw new Error(`TensorFlow's ${name} has no attribute ${attr}`)
      expect(spec.kind, attr).toBe(kinds[known.kind])
      if (typeof spec.fallback === 'number' && typeof known.default === 'number')
        expect(Math.fround(spec.fallback), attr).toBe(Math.fround(known.default))
      else if (spec.fallback !== undefined) expect(spec.fallback, attr).toEqual(known.default)
      if (spec.allowed && known.allowed)
        expect(known.allowed, attr).toEqual(expect.arrayContaining([...spec.allowed]))
    }
    // What we leave out must have a default.
    for (const [attr, known] of Object.entries(their.attrs))
      if (!attrs[attr]) expect('default' in known, `${attr} is missing`).toBe(true)
  })
})
