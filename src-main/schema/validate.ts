import { z } from 'zod'
import { inputKind, roleOf, tableName, type Column, type Schema } from './column'
import { collisionsOf, hasTag } from './tags'

/** What kinds of fault a schema can have; the window marks a cell by it. */
export const problemCodes = [
  'no-columns',
  'empty-name',
  'duplicate-name',
  'tag-collision',
  'no-domain',
  'empty-domain',
  'negative-ids',
  'domain-disagrees',
  'not-integer',
  'not-number',
  'odd-embedding',
  'no-features',
  'no-target',
  'several-targets',
  'two-ids',
  'two-tasks',
] as const

export const problem = z.object({
  /** The column that it concerns; null for the schema as a whole. */
  column: z.string().nullable(),
  severity: z.enum(['error', 'warning']),
  code: z.enum(problemCodes),
  message: z.string(),
  hint: z.string(),
})
export type Problem = z.infer<typeof problem>

/** Everything that is wrong with a schema, or likely to be: errors keep it from being trained on. Pure and quick. */
export function validateSchema(schema: Schema): Problem[] {
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  for (const column of schema.columns) {
    const add = adder(problems, column.name)
    if (column.name === '') add('error', 'empty-name', 'a column has no name', 'Give it one.')
    else checkName(column.name, seen.get(column.name.toLowerCase()), add)
    seen.set(column.name.toLowerCase(), column.name)
    checkTags(column, add)
    if (roleOf(column) === 'feature') checkFeature(column, add)
  }
  checkDomains(schema, problems)
  checkWhole(schema, problems)
  return problems
}

/** Tables of data do not tell upper from lower case in their columns' names. */
function checkName(name: string, before: string | undefined, add: Add): void {
  if (before === name)
    add('error', 'duplicate-name', `there are two columns ${name}`, 'Rename or remove one of them.')
  else if (before !== undefined)
    add('error', 'duplicate-name', `columns ${before} and ${name} differ only in case`, 'Rename one of them.')
}

type Add = (severity: Problem['severity'], code: Problem['code'], message: string, hint: string) => void

function adder(problems: Problem[], column: string | null): Add {
  return (severity, code, message, hint) => problems.push({ column, severity, code, message, hint })
}

function checkTags(column: Column, add: Add): void {
  for (const [a, b] of collisionsOf(column.tags))
    add(
      'error',
      'tag-collision',
      `${column.name} cannot be both ${a} and ${b}`,
      'Remove one of the two tags.',
    )
  const tasks = ['regression', 'binary', 'multi_class'].filter((tag) => hasTag(column.tags, tag))
  if (tasks.length > 1)
    add(
      'error',
      'two-tasks',
      `${column.name} is tagged as ${tasks.join(' and ')}`,
      'A target has one task: keep one tag.',
    )
}

function checkFeature(column: Column, add: Add): void {
  const kind = inputKind(column)
  if (kind === 'continuous' && (column.dtype === 'string' || column.dtype === 'unknown'))
    add(
      'error',
      'not-number',
      `${column.name} is continuous but its type is ${column.dtype}`,
      'Set a number type, or tag it categorical.',
    )
  if (kind !== 'categorical') return
  const { domain } = column
  if (column.dtype.startsWith('float'))
    add(
      'error',
      'not-integer',
      `${column.name} is categorical but its type is ${column.dtype}`,
      'Ids are integers: set one.',
    )
  if (domain?.kind !== 'int' || domain.max === null)
    add(
      'error',
      'no-domain',
      `${column.name} is categorical but its domain has no maximum`,
      'Set the largest id.',
    )
  else if (domain.max < 1)
    add(
      'error',
      'empty-domain',
      `the domain of ${column.name} ends at ${domain.max}`,
      'Real values start at 1: set the largest.',
    )
  if (domain?.kind === 'int' && domain.min !== null && domain.min < 0)
    add(
      'error',
      'negative-ids',
      `the domain of ${column.name} starts at ${domain.min}`,
      'Ids start at 1; 0 is unknown.',
    )
  if (column.embedding && !(column.embedding.dimension >= 1 && Number.isInteger(column.embedding.dimension)))
    add(
      'warning',
      'odd-embedding',
      `the embedding size of ${column.name} is ${column.embedding.dimension}`,
      'Set a whole number of 1 or more; until then another rule decides the width.',
    )
}

/** Columns that share a domain share a table, so they must agree on its size. */
function checkDomains(schema: Schema, problems: Problem[]): void {
  const first = new Map<string, Column>()
  for (const column of schema.columns) {
    if (inputKind(column) !== 'categorical' || column.domain?.kind !== 'int') continue
    const before = first.get(tableName(column))
    if (!before) first.set(tableName(column), column)
    else if (before.domain?.max !== column.domain.max)
      adder(problems, column.name)(
        'error',
        'domain-disagrees',
        `${column.name} and ${before.name} share the domain ${tableName(column)} but end at ${column.domain.max} and ${before.domain?.max}`,
        'Give both the larger maximum, or name their domains differently.',
      )
  }
}

function checkWhole(schema: Schema, problems: Problem[]): void {
  const add = adder(problems, null)
  if (schema.columns.length === 0) {
    add('error', 'no-columns', 'the schema has no columns', 'Import data or a schema.')
    return
  }
  const roles = schema.columns.map(roleOf)
  if (!roles.includes('feature'))
    add('error', 'no-features', 'no column is a feature', 'Tag the inputs categorical or continuous.')
  const targets = schema.columns.filter((column) => roleOf(column) === 'target').map((column) => column.name)
  if (targets.length === 0)
    add('error', 'no-target', 'no column is a target', 'Tag the column to predict as target.')
  if (targets.length > 1)
    add(
      'warning',
      'several-targets',
      `the targets are ${targets.join(', ')}`,
      'Choose one of them in the model settings.',
    )
  for (const id of ['user_id', 'item_id', 'session_id']) {
    const columns = schema.columns
      .filter((column) => !column.ignored && hasTag(column.tags, id))
      .map((column) => column.name)
    if (columns.length > 1)
      add(
        'warning',
        'two-ids',
        `${columns.join(' and ')} are all tagged ${id}`,
        'Keep the tag on the one that names it.',
      )
  }
}
