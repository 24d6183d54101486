import { z } from 'zod'

/** One field of a settings form. */
export type FormField = {
  name: string
  title: string
  help: string
} & (
  | { kind: 'number'; whole: boolean; min: number | null; max: number | null; nullable: boolean }
  | { kind: 'switch' }
  | { kind: 'choice'; options: string[] }
  | { kind: 'numbers'; whole: boolean; min: number | null }
  /** `options` are proposed; any other text can be written. */
  | { kind: 'text'; options: string[]; nullable: boolean }
)

const property = z.looseObject({
  /** A nullable text is written as a list of two types. */
  type: z.union([z.string().transform((type) => [type]), z.array(z.string())]).default([]),
  title: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.string()).optional(),
  const: z.string().optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  get items() {
    return property.optional()
  },
  get anyOf() {
    return z.array(property).optional()
  },
})
type Property = z.infer<typeof property>

const objectSchema = z.looseObject({ properties: z.record(z.string(), property).default({}) })

/** The fields that the JSON Schema of a settings object asks for, in its order. Objects within are left to others. */
export function formFields(schema: unknown, without: readonly string[] = []): FormField[] {
  const { properties } = objectSchema.parse(schema)
  return Object.entries(properties).flatMap(([name, given]) => {
    if (without.includes(name)) return []
    const field = fieldOf(given)
    return field
      ? [{ name, title: given.title ?? sentenceCase(name), help: given.description ?? '', ...field }]
      : []
  })
}

type Kind = FormField extends infer F
  ? F extends FormField
    ? Omit<F, 'name' | 'title' | 'help'>
    : never
  : never

function fieldOf(given: Property): Kind | null {
  if (given.anyOf) {
    const real = given.anyOf.filter((option) => !option.type.includes('null'))
    const nullable = real.length < given.anyOf.length
    const [only] = real
    if (real.length === 1 && only) {
      const field = fieldOf(only)
      return field?.kind === 'number' || field?.kind === 'text' ? { ...field, nullable } : field
    }
    const values = real.flatMap((option) => option.const ?? option.enum ?? [])
    if (values.length === 0) return null
    const others = real.some((option) => option.const === undefined && option.enum === undefined)
    return others ? { kind: 'text', options: values, nullable } : { kind: 'choice', options: values }
  }
  if (given.enum) return { kind: 'choice', options: given.enum }
  const type = given.type.find((one) => one !== 'null')
  if (type === 'boolean') return { kind: 'switch' }
  if (type === 'integer' || type === 'number') {
    const whole = type === 'integer'
    return { kind: 'number', whole, ...boundsOf(given), nullable: false }
  }
  const [item] = given.items?.type ?? []
  if (type === 'array' && given.items && (item === 'integer' || item === 'number'))
    return { kind: 'numbers', whole: item === 'integer', min: boundsOf(given.items).min }
  return type === 'string' ? { kind: 'text', options: [], nullable: given.type.includes('null') } : null
}

/** zod writes the safe integers as bounds of every integer; they are no bounds that a person needs to see. */
function boundsOf(given: Property): { min: number | null; max: number | null } {
  const min = given.minimum ?? given.exclusiveMinimum ?? null
  const max = given.maximum ?? given.exclusiveMaximum ?? null
  return {
    min: min === null || min <= Number.MIN_SAFE_INTEGER ? null : min,
    max: max === null || max >= Number.MAX_SAFE_INTEGER ? null : max,
  }
}

/** `128, 64` as numbers; null where it is no such list. */
export function parseNumbers(text: string, whole: boolean, min: number | null): number[] | null {
  const words = text.split(/[\s,;]+/).filter(Boolean)
  const values = words.map(Number)
  const fine = values.every(
    (value) =>
      Number.isFinite(value) && (!whole || Number.isInteger(value)) && (min === null || value >= min),
  )
  return fine ? values : null
}

function sentenceCase(name: string): string {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
