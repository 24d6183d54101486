import { bitcast, split, transpose, unstack, type Tensor } from '../graph'
import { GraftError } from '../contract/errors'
import { largestId, type ListSpec, type ModelSpec } from './spec'

/** A stretch of the words of a row: a number or id, a list with room for its longest, or a vector. */
export interface RowField {
  /** What the model's features call it. */
  readonly name: string
  /** The column of the data that fills it; null for the target, which the run names. */
  readonly column: string | null
  /** Numbers are kept as the bits of float32. */
  readonly type: 'int32' | 'float32'
  /** Its first word in the row. */
  readonly offset: number
  /** Its words: 1, the items that a list has room for, or the width of a vector. */
  readonly length: number
  /** A list may be shorter than its stretch, which is then filled with −1 (ids) or 0 (weights); a vector may not. */
  readonly holds: 'one' | 'list' | 'vector'
  /** Which items of a list that is too long stay. */
  readonly keep: ListSpec['keep']
  /** Of ids: the largest that the column's tables have. */
  readonly largest: number | null
}

/** Which column occupies which words of a row: what fills the rows and what reads them agree by this alone. */
export interface RowLayout {
  /** In the order of their words: ids, numbers, the target, then lists and vectors. */
  readonly fields: readonly RowField[]
  /** The target's field. */
  readonly target: RowField
  /** Words of a row. */
  readonly width: number
}

/** The target's name among the features: no column's, for a file cannot name one so. */
export const targetFeature = '\0target'

/** What the word of an id holds where a list has no item. */
export const noItem = -1

/** The name among the features of the weights of a list: several lists may share a column of weights. */
export const weightsFeature = (column: string): string => `\0weights of ${column}`

type Unplaced = Omit<RowField, 'offset'>

/** The layout of the rows that a model is trained on. */
export function rowLayout(spec: ModelSpec): RowLayout {
  const ids: Unplaced[] = []
  const numbers: Unplaced[] = []
  const stretches: Unplaced[] = []
  for (const input of spec.inputs) {
    const { column } = input
    const one = { name: column, column, length: 1, holds: 'one', keep: 'first', largest: null } as const
    if (input.kind === 'continuous') numbers.push({ ...one, type: 'float32' })
    else if (input.kind === 'vector')
      stretches.push({ ...one, type: 'float32', length: input.width, holds: 'vector' })
    else {
      const id = { ...one, type: 'int32', largest: largestId(spec, input) } as const
      if (!input.list) {
        ids.push(id)
        continue
      }
      const { length, keep, weights } = input.list
      const list = { length, keep, holds: 'list' } as const
      stretches.push({ ...id, ...list })
      if (weights !== null)
        stretches.push({ ...one, ...list, name: weightsFeature(column), column: weights, type: 'float32' })
    }
  }
  const label: Unplaced = {
    name: targetFeature,
    column: null,
    type: 'float32',
    length: 1,
    holds: 'one',
    keep: 'first',
    largest: null,
  }
  let width = 0
  const fields = [...ids, ...numbers, label, ...stretches].map((field): RowField => {
    const placed = { ...field, offset: width }
    width += field.length
    return placed
  })
  const target = fields.find((field) => field.column === null)
  if (!target) throw new GraftError('internal', 'The rows have no target.')
  return { fields, target, width }
}

/** The fields of a batch by name: int32 or float32 [batch], lists and vectors [batch, length]. @param rows int32 [batch, width] */
export function unpackRows(rows: Tensor, { fields }: RowLayout): Map<string, Tensor> {
  const features = new Map<string, Tensor>()
  const typed = (field: RowField, words: Tensor): Tensor =>
    field.type === 'float32' ? bitcast(words, 'float32') : words
  const singles = fields.filter(({ holds }) => holds === 'one')
  const stretches = fields.filter(({ holds }) => holds !== 'one')
  const [narrow = rows, ...wide] = split(rows, [singles.length, ...stretches.map(({ length }) => length)], 1)
  const columns = unstack(transpose(narrow, [1, 0])) // each [batch]
  singles.forEach((field, i) => {
    const column = columns[i]
    if (column) features.set(field.name, typed(field, column))
  })
  stretches.forEach((field, i) => {
    const words = wide[i]
    if (words) features.set(field.name, typed(field, words))
  })
  return features
}
