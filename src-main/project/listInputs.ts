import { GraftError, type ProjectDocument } from '../contract'
import type { InputSpec, ListSpec } from '../model/spec'
import { inputKind, type Column } from '../schema'

/** What a list is read by where no encoding says it: of data that came encoded. */
const usual = { maxLength: 50, keep: 'last' } as const

/**
 * How a list column is read and pooled: room for its longest list, up to the length that its encoding allows.
 * @throws GraftError `unknown-column`, `invalid-setting` for weights that are none
 */
export function listSpecOf(document: ProjectDocument, column: Column): ListSpec {
  const { how, weights } = document.pooling[column.name] ?? { how: 'mean', weights: null }
  const { source } = document
  const encoding = source?.kind === 'tables' ? source.encoding[column.name] : undefined
  const { maxLength, keep } = encoding?.kind === 'list' ? encoding : usual
  const longest = column.valueCount?.max ?? 0
  const length = longest > 0 ? Math.min(longest, maxLength) : maxLength
  if (weights !== null) checkWeights(document, column.name, how, weights)
  return { length, keep, pooling: how, weights }
}

function checkWeights(
  document: ProjectDocument,
  name: string,
  how: ListSpec['pooling'],
  weights: string,
): void {
  const refuse = (message: string): GraftError =>
    new GraftError('invalid-setting', message, 'Pool the list without weights, or choose another column.', {
      column: name,
    })
  if (how === 'max') throw refuse(`Column ${name} is pooled by its largest numbers, which no weights change.`)
  const found = document.schema.columns.find((candidate) => candidate.name === weights)
  if (!found)
    throw new GraftError(
      'unknown-column',
      `Column ${name} is weighed by ${weights}, which the schema does not have.`,
      'Pool the list without weights, or choose another column.',
      { column: weights },
    )
  if (!found.isList || inputKind(found) === 'categorical' || /^(string|bool|unknown)$/.test(found.dtype))
    throw refuse(`Column ${name} is weighed by ${weights}, which holds no lists of numbers.`)
}

/** Lists that one column weighs are cut alike, or the weights would not go with the items. @throws GraftError `invalid-setting` */
export function checkSharedWeights(inputs: readonly InputSpec[]): void {
  const first = new Map<string, { column: string; list: ListSpec }>()
  for (const input of inputs) {
    const list = input.kind === 'categorical' ? input.list : undefined
    if (!list || list.weights === null) continue
    const before = first.get(list.weights)
    if (before && (before.list.length !== list.length || before.list.keep !== list.keep))
      throw new GraftError(
        'invalid-setting',
        `Columns ${before.column} and ${input.column} are weighed by ${list.weights} and cut to different lengths.`,
        'Give both the same maximum length, and keep the same end of both.',
        { column: input.column },
      )
    first.set(list.weights, { column: input.column, list })
  }
}

/** The columns that weigh lists: no inputs of their own. */
export function weightColumns({ pooling }: ProjectDocument, features: readonly Column[]): Set<string> {
  const lists = features.filter((column) => column.isList && inputKind(column) === 'categorical')
  return new Set(lists.flatMap(({ name }) => pooling[name]?.weights ?? []))
}

/** A column whose rows hold as many numbers each. @throws GraftError `invalid-schema` where they do not */
export function vectorInput({ name, isList, isRagged, valueCount }: Column): InputSpec {
  const width = isList && !isRagged && valueCount?.min === valueCount?.max ? (valueCount?.max ?? 0) : 0
  if (width > 0) return { kind: 'vector', column: name, width }
  throw new GraftError(
    'invalid-schema',
    `Column ${name} holds ${isList ? 'lists of no fixed length' : 'one number a row'}, and is tagged as a vector.`,
    'State its length in the schema (value_count), or set its role to ignored.',
    { column: name },
  )
}
